"""The tables that typed filters are composed on, as GeoAlchemy2 models.

``sql/migrations`` makes the tables; a test holds these models against the real catalogue. The SRID is the
deployment's and stands in the column's type in the database, so the models leave it open (-1). Indexes are the
migrations' business too: ``spatial_index=False`` keeps GeoAlchemy2 from adding its own.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from geoalchemy2 import Geometry
from sqlalchemy import ARRAY, BigInteger, Integer, SmallInteger, Text
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """All models lie in the schema ``gis``."""

    __table_args__: Any = {"schema": "gis"}  # noqa: RUF012 - as SQLAlchemy declares it
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text,
        datetime: TIMESTAMP(timezone=True),
        list[str]: ARRAY(Text),
        dict[str, Any]: JSONB,
        list[Any]: JSONB,
    }


def _geometry(kind: str) -> Geometry:
    return Geometry(kind, srid=-1, spatial_index=False)


class AdminArea(Base):
    """A county, township, village or grid cell; or a reporting unit that is no division and may have no area."""

    __tablename__ = "admin_area"
    fid: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    code: Mapped[str]
    name: Mapped[str]
    level: Mapped[str]
    parent_code: Mapped[str | None]
    schematic: Mapped[bool]
    source: Mapped[str | None]
    geom: Mapped[Any | None] = mapped_column(_geometry("MULTIPOLYGON"))


class KeyZone(Base):
    """A school, hospital, market, resettlement or industrial area; its geometry is its grounds."""

    __tablename__ = "key_zone"
    fid: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    zone_id: Mapped[str]
    kind: Mapped[str]
    name: Mapped[str | None]
    township_code: Mapped[str | None]
    simulated: Mapped[bool]
    geom: Mapped[Any] = mapped_column(_geometry("GEOMETRY"))


class Building(Base):
    """One footprint with the fields of the survey form; unknown storeys are null."""

    __tablename__ = "building"
    fid: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    building_id: Mapped[str]
    name: Mapped[str | None]
    address: Mapped[str | None]
    township_code: Mapped[str | None]
    village_code: Mapped[str | None]
    floors: Mapped[int | None] = mapped_column(SmallInteger)
    height_m: Mapped[float | None]
    structure: Mapped[str]
    fire_class: Mapped[str | None]
    use_class: Mapped[str]
    business_uses: Mapped[list[str]]
    departments: Mapped[list[str]]
    people: Mapped[int | None] = mapped_column(Integer)
    alterations: Mapped[list[str]]
    hazard_tier: Mapped[str]
    appraisal_grade: Mapped[str]
    built_period: Mapped[str | None]
    simulated: Mapped[bool]
    geom: Mapped[Any] = mapped_column(_geometry("MULTIPOLYGON"))


class Road(Base):
    """A road's centre line."""

    __tablename__ = "road"
    fid: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    road_id: Mapped[str]
    name: Mapped[str | None]
    class_: Mapped[str | None] = mapped_column("class")
    width_m: Mapped[float | None]
    simulated: Mapped[bool]
    geom: Mapped[Any] = mapped_column(_geometry("MULTILINESTRING"))


class Hydrant(Base):
    """A hydrant or another water point that an engine can draw from."""

    __tablename__ = "hydrant"
    fid: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    hydrant_id: Mapped[str]
    kind: Mapped[str]
    name: Mapped[str | None]
    simulated: Mapped[bool]
    geom: Mapped[Any] = mapped_column(_geometry("POINT"))


class DrawnArea(Base):
    """An area that a planner drew; its version grows with every edit."""

    __tablename__ = "drawn_area"
    area_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    name: Mapped[str]
    note: Mapped[str | None]
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    geom: Mapped[Any] = mapped_column(_geometry("MULTIPOLYGON"))


class Run(Base):
    """One computation: what was asked, of which data, by which code."""

    __tablename__ = "run"
    run_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    kind: Mapped[str]
    parameters: Mapped[dict[str, Any]]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    data_version: Mapped[int] = mapped_column(BigInteger)
    code_version: Mapped[str]


class Selection(Base):
    """One building that a run selected, with its score and every reason."""

    __tablename__ = "selection"
    run_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    building_id: Mapped[str] = mapped_column(primary_key=True)
    score: Mapped[float]
    reasons: Mapped[list[Any]]
