"""What a county head and a township ask for in numbers: by township, by department, by village; the rows add up."""
