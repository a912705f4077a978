"""Documents that leave the office: what one says (blocks), as docx and as PDF, from one table of styles."""
