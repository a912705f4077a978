"""Write checked rows to the database in one transaction: new ones, changed ones by their id, and the record of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from psycopg2 import sql
from psycopg2.extras import Json, execute_values

from gis_service.db.copy import copy_rows
from gis_service.db.day import forget_day
from gis_service.db.engine import get_engine
from gis_service.db.queries import query
from gis_service.ingest import judgements, places
from gis_service.ingest.fields import Field, Kind
from gis_service.ingest.rejects import Reject


@dataclass
class Rows:
    """Checked rows of one kind: values by field, geometry in the work CRS."""

    kind: Kind
    values: dict[str, list[Any]]
    geometry: NDArray[np.object_]
    # Where each row stood, as the file counts, from 1.
    numbers: list[int] = field(default_factory=list)


@dataclass
class Loaded:
    """What a load did, in rows."""

    loaded: int = 0
    unchanged: int = 0
    updated: int = 0
    notes: list[tuple[str, str]] = field(default_factory=list)
    import_id: int | None = None
    # Rows that are new or other than before, by ``fid``; None is all of the table. Of these the new ones.
    written: list[int] | None = None
    new: list[int] | None = None


def load(
    rows: Rows,
    record: dict[str, Any],
    rejects: list[Reject],
    read_rows: int,
    notes: list[tuple[str, str]],
    *,
    dry: bool,
) -> Loaded:
    """Stage the rows, compare them with what is there, write what differs, and record the import.

    With ``dry`` everything is done and then undone.
    """
    kind = rows.kind
    fields = [f for f in kind.fields if f.name in rows.values and not f.person and not f.judged]
    persons = [f for f in kind.fields if f.name in rows.values and f.person]
    if kind.table == "building":
        values, fields = places.with_sources(rows.values, fields)
        rows = Rows(kind, values, rows.geometry, rows.numbers)
    connection: Any = get_engine("owner").raw_connection()
    try:
        with connection.cursor() as cursor:
            _lock(cursor, kind)
            cursor.execute(query("ingest.next_import"))
            import_id = int(cursor.fetchone()[0])
            filled = not persons and _is_empty(cursor, kind)
            if filled:
                result = _fill(cursor, rows, fields, import_id)
            else:
                _stage(cursor, rows, fields, persons)
                result = _merge(cursor, kind, fields)
                _judge(cursor, rows, import_id, result)
            if persons:
                _merge_persons(cursor, persons)
            result.notes += _follow_the_ground(cursor, kind, result.written)
            record = {**record, "import_id": import_id, "fields": sorted(rows.values)}
            result.import_id = _record(cursor, kind, record, rejects, read_rows, result, notes)
            if kind.table == "building":
                judgements.trace(cursor, import_id, result.written, None if result.new is None else set(result.new))
            if filled:
                cursor.execute(query("ingest.unstage"))
        if dry:
            connection.rollback()
        else:
            connection.commit()
            forget_day()
            _analyse(connection, kind)
    except BaseException:
        connection.rollback()
        raise
    finally:
        connection.close()
    return result


def _lock(cursor: Any, kind: Kind) -> None:
    """Let loads of one table wait for one another; readers go on.

    Houses and outlines are held against each other, so a load of the one holds the other too: the outlines first,
    always, or two loads would wait for one another for ever.
    """
    alone, unchanged = sql.SQL("SHARE ROW EXCLUSIVE"), sql.SQL("SHARE")
    held = [(kind.table, alone)]
    if kind.table == "building":
        held.insert(0, ("admin_area", unchanged))
    if kind.table == "admin_area":
        held.append(("building", alone))
    for table, mode in held:
        cursor.execute(query("ingest.lock").format(table=sql.Identifier(table), mode=mode))


def _stage(cursor: Any, rows: Rows, fields: list[Field], persons: list[Field]) -> None:
    kind = rows.kind
    names = [kind.key.name, *(f.name for f in fields), "geom"]
    cursor.execute(
        query("ingest.stage").format(
            table=sql.Identifier(kind.table), columns=sql.SQL(", ").join(map(sql.Identifier, names))
        )
    )
    for person in persons:
        cursor.execute(query("ingest.stage_person").format(column=sql.Identifier(person.name)))
    _copy(cursor, sql.Identifier("staged"), rows, [*fields, *persons])
    cursor.execute(query("ingest.stage_index").format(key=sql.Identifier(kind.key.name)))


def _is_empty(cursor: Any, kind: Kind) -> bool:
    cursor.execute(query("ingest.is_empty").format(table=sql.Identifier(kind.table)))
    return bool(cursor.fetchone()[0])


def _judge(cursor: Any, rows: Rows, import_id: int, result: Loaded) -> None:
    """Add what the file says of judgements; a house of which only that is new counts as updated."""
    if rows.kind.table != "building":
        return
    judgements.stage(cursor, rows.values[rows.kind.key.name], rows.values, rows.numbers)
    cursor.execute(query("record.real_day"))
    houses, notes = judgements.add(cursor, import_id)
    result.notes += notes
    if result.written is not None:
        more = sorted(set(houses) - set(result.written))
        result.written += more
        result.updated += len(more)
        result.unchanged -= len(more)


def _fill(cursor: Any, rows: Rows, fields: list[Field], import_id: int) -> Loaded:
    """Copy straight into an empty table and index it after: the first load of a county is its largest."""
    kind = rows.kind
    table = sql.Identifier("gis", kind.table)
    # Neighbours in space become neighbours on disk and in the index.
    along = np.argsort(gpd.GeoSeries(rows.geometry).hilbert_distance().to_numpy(), kind="stable")
    sorted_values = {name: [column[i] for i in along.tolist()] for name, column in rows.values.items()}
    cursor.execute(query("ingest.secondary_indexes").format(table_name=sql.Literal(f"gis.{kind.table}")))
    waiting = cursor.fetchall()
    for name, _ in waiting:
        cursor.execute(query("ingest.drop_index").format(index=sql.Identifier(*name.split("."))))
    _copy(cursor, table, Rows(kind, sorted_values, rows.geometry[along]), fields)
    result = Loaded(loaded=len(rows.geometry))
    # What follows joins all of it, and a plan made for an empty table takes a minute or for ever.
    cursor.execute(query("ingest.analyse").format(table=sql.Identifier(kind.table)))
    # Before the indexes: the judgements write each house's tier.
    _judge(cursor, rows, import_id, result)
    for _, definition in waiting:
        cursor.execute(definition)
    cursor.execute(query("ingest.stage_all").format(table=table))
    return result


def _copy(cursor: Any, table: sql.Identifier, rows: Rows, fields: list[Field]) -> None:
    columns = {f.name: _copy_column(rows.values[f.name], f) for f in (rows.kind.key, *fields)}
    copy_rows(cursor, table, columns, rows.geometry)


def _copy_column(values: list[Any], field_: Field) -> pa.Array:
    """Return a column as COPY takes it; null where nothing is known, ``{}`` where it is known that there is none."""
    if field_.array:
        # Words of a closed list: no quotes or commas can stand in them.
        if field_.empty is None:
            return pa.array([None if value is None else "{" + ",".join(value) + "}" for value in values], pa.string())
        return pa.array(["{" + ",".join(value or ()) + "}" for value in values], pa.string())
    if field_.empty is not None:
        values = [field_.empty if value is None else value for value in values]
        if field_.empty == "false":
            return pa.array([str(value).lower() for value in values], pa.string())
    return pa.array(values)


def _merge(cursor: Any, kind: Kind, fields: list[Field]) -> Loaded:
    names = [f.name for f in fields] + ["geom"]
    parts = {
        "table": sql.Identifier(kind.table),
        "table_name": sql.Literal(kind.table),
        "key": sql.Identifier(kind.key.name),
        "columns": sql.SQL(", ").join(map(sql.Identifier, names)),
        "staged": sql.SQL(", ").join(sql.SQL("s.{}").format(sql.Identifier(n)) for n in names),
        "stored": sql.SQL(", ").join(sql.SQL("t.{}").format(sql.Identifier(n)) for n in names),
        "objects_before": _json_object("t", names),
        "objects_after": _json_object("s", names),
        "assignments": sql.SQL(", ").join(sql.SQL("{0} = s.{0}").format(sql.Identifier(n)) for n in names),
    }
    if kind.table == "building":
        places.keep_found(cursor, names)
    cursor.execute(query("ingest.count_staged"))
    staged = int(cursor.fetchone()[0])
    cursor.execute(query("ingest.record_changes").format(**parts))
    cursor.execute(query("ingest.update_changed").format(**parts))
    updated = [int(fid) for (fid,) in cursor.fetchall()]
    cursor.execute(query("ingest.insert_new").format(**parts))
    loaded = [int(fid) for (fid,) in cursor.fetchall()]
    unchanged = staged - len(loaded) - len(updated)
    return Loaded(len(loaded), unchanged, len(updated), written=[*loaded, *updated], new=loaded)


def _json_object(alias: str, names: list[str]) -> sql.Composed:
    pairs = [
        sql.SQL("{}, {}.{}").format(sql.Literal(name), sql.Identifier(alias), sql.Identifier(name)) for name in names
    ]
    return sql.SQL("jsonb_build_object({})").format(sql.SQL(", ").join(pairs))


def _merge_persons(cursor: Any, persons: list[Field]) -> None:
    names = [f.name for f in persons]
    cursor.execute(
        query("ingest.merge_persons").format(
            columns=sql.SQL(", ").join(map(sql.Identifier, names)),
            staged=sql.SQL(", ").join(sql.SQL("s.{}").format(sql.Identifier(n)) for n in names),
            assignments=sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(sql.Identifier(n)) for n in names),
        )
    )


def _follow_the_ground(cursor: Any, kind: Kind, written: list[int] | None) -> list[tuple[str, str]]:
    """Find places anew where houses or outlines changed, and say which given ones contradict the ground."""
    if kind.table == "admin_area":
        return [] if written == [] else places.find_places(cursor, None) + places.misplaced(cursor, None)
    if kind.table != "building":
        return []
    found = places.find_places(cursor, written)
    cursor.execute(query("ingest.houses_of_file"))
    return found + places.misplaced(cursor, cursor.fetchone()[0] or [])


def _record(
    cursor: Any, kind: Kind, record: dict[str, Any], rejects: list[Reject], read_rows: int, result: Loaded,
    notes: list[tuple[str, str]],
) -> int:  # fmt: skip
    cursor.execute(
        query("ingest.record_import"),
        {
            **record,
            "kind": kind.name,
            "read_rows": read_rows,
            "loaded": result.loaded,
            "unchanged": result.unchanged,
            "updated": result.updated,
            "rejected": len(rejects),
            "notes": Json([zh for zh, _ in [*notes, *result.notes]]),
        },
    )
    import_id = int(cursor.fetchone()[0])
    cursor.execute(query("ingest.claim_changes"), {"import_id": import_id})
    if rejects:
        execute_values(
            cursor,
            query("ingest.record_rejects").as_string(cursor),
            [(import_id, r.row, r.key, r.code, r.reason[0], r.remedy[0]) for r in rejects],
        )
    return import_id


def _analyse(connection: Any, kind: Kind) -> None:
    """Tell the planner what is in the table now, so that the first query uses the spatial index."""
    with connection.cursor() as cursor:
        cursor.execute(query("ingest.analyse").format(table=sql.Identifier(kind.table)))
    connection.commit()
