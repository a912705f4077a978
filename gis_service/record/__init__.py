"""A house as it was surveyed, placed and judged: rounds, judgements, tables by day, its page, its use for business."""
