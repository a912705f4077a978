"""How many stops or minutes each gets: whole shares, as even as weights and what is held already allow."""

from __future__ import annotations

from collections.abc import Sequence


def shares(total: int, weights: Sequence[float], held: Sequence[int] | None = None) -> list[int]:
    """Return whole shares of ``total`` in proportion to ``weights``, none below what is ``held`` already.

    Equal weights get shares that differ by at most one; of equal claims the earlier one is met.
    """
    held = held or [0] * len(weights)
    open_ = [k for k, weight in enumerate(weights) if weight > 0]
    out = list(held)
    while open_:
        left = total - sum(out[k] for k in range(len(weights)) if k not in open_)
        whole = sum(weights[k] for k in open_)
        exact = {k: left * weights[k] / whole for k in open_}
        # Who holds more than a fair share keeps it; the others share what is left.
        above = [k for k in open_ if held[k] > exact[k] + 1e-9 and held[k] > int(exact[k])]
        if not above:
            floors = {k: int(exact[k] + 1e-9) for k in open_}
            rest = left - sum(floors.values())
            first = sorted(open_, key=lambda k: (-round(exact[k] - floors[k], 9), -(held[k] > floors[k]), k))
            for k in open_:
                out[k] = floors[k] + (1 if k in first[: max(rest, 0)] else 0)
            return _above_held(out, held)
        open_ = [k for k in open_ if k not in above]
    return out


def _above_held(out: list[int], held: Sequence[int]) -> list[int]:
    """Move single stops so that none is below what it holds: rounding may have left one there."""
    for k, least in enumerate(held):
        while out[k] < least:
            giver = max((j for j in range(len(out)) if out[j] > held[j]), key=lambda j: (out[j], -j), default=None)
            if giver is None:
                break
            out[giver] -= 1
            out[k] += 1
    return out


def even(total: int, parts: int) -> list[int]:
    """Return ``total`` in ``parts`` that differ by at most one, the larger ones first."""
    return [total // parts + (1 if k < total % parts else 0) for k in range(parts)]


def within(quota: list[int], rates: Sequence[float], held: Sequence[int], most: Sequence[int]) -> list[int]:
    """Take from each what is more than it can hold (``most``), and share it among the others."""
    full = [k for k, q in enumerate(quota) if q > max(most[k], held[k])]
    if not full or sum(max(m, h) for m, h in zip(most, held, strict=True)) < sum(quota):
        return quota
    capped = [max(most[k], h) if k in full else h for k, h in enumerate(held)]
    open_ = [0.0 if k in full else rate for k, rate in enumerate(rates)]
    again = shares(sum(quota), open_, capped)
    return again if again == quota else within(again, open_, capped, most)
