"""Where the cells of a table stand: which columns each takes, and which are the lower parts of one above."""

from __future__ import annotations

from dataclasses import dataclass

from gis_service.paper.blocks import Cell, Table


@dataclass(frozen=True)
class Place:
    """A cell at its column; ``below`` says that it only continues the one above."""

    cell: Cell
    column: int
    below: bool


def placed(table: Table) -> list[list[Place]]:
    """Return the rows of a table, each with every cell that lies in it, from left to right.

    Raises
    ------
    ValueError
        Cells do not fill the columns exactly: a fault of who wrote the table.

    """
    width = len(table.widths_mm)
    open_: dict[int, tuple[Cell, int]] = {}
    rows = []
    for number, row in enumerate(table.rows, 1):
        given = [cell if isinstance(cell, Cell) else Cell(cell) for cell in row]
        places: list[Place] = []
        column = 0
        while column < width:
            if column in open_:
                cell, left = open_.pop(column)
                places.append(Place(cell, column, below=True))
            elif given:
                cell = given.pop(0)
                left = cell.down
                places.append(Place(cell, column, below=False))
            else:
                raise ValueError(f"row {number} of the table ends before column {column + 1} of {width}")
            if left > 1:
                open_[column] = (cell, left - 1)
            column += cell.across
        if given or column != width:
            raise ValueError(f"row {number} of the table is wider than its {width} columns")
        rows.append(places)
    if open_:
        raise ValueError("a cell of the table reaches below its last row")
    return rows
