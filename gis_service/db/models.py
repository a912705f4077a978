"""The tables that typed filters are composed on, as GeoAlchemy2 models.

``sql/migrations`` makes the tables; a test holds these models against the real catalogue. The SRID is the
deployment's and stands in the column's type in the database, so the models leave it open (-1). Indexes are the
migrations' business too: ``spatial_index=False`` keeps GeoAlchemy2 from adding its own.
"""

from __future__ import annotations

from datetime import date, datetime
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
    township_source: Mapped[str | None]
    village_source: Mapped[str | None]
    unit_code: Mapped[str | None]
    unit_source: Mapped[str | None]
    declared_areas: Mapped[list[str] | None]
    land: Mapped[str | None]
    built_year: Mapped[int | None] = mapped_column(SmallInteger)
    area_m2: Mapped[float | None]
    design: Mapped[str | None]
    builder: Mapped[str | None]
    permits: Mapped[list[str] | None]
    licences: Mapped[list[str] | None]
    violations: Mapped[list[str] | None]
    geohazards: Mapped[list[str] | None]
    fire_hazards: Mapped[list[str] | None]
    ownership: Mapped[str | None]
    altered_on: Mapped[date | None]
    removed_on: Mapped[date | None]
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


class WaterArea(Base):
    """A river, a lake or another water with its outline: the ground of maps."""

    __tablename__ = "water_area"
    fid: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    water_id: Mapped[str]
    kind: Mapped[str]
    name: Mapped[str | None]
    simulated: Mapped[bool]
    geom: Mapped[Any] = mapped_column(_geometry("MULTIPOLYGON"))


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
    changed_by: Mapped[str | None]
    geom: Mapped[Any] = mapped_column(_geometry("MULTIPOLYGON"))


class Run(Base):
    """One computation: what was asked, of which data, by which code, and by whom; the server writes the last."""

    __tablename__ = "run"
    run_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    kind: Mapped[str]
    parameters: Mapped[dict[str, Any]]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    data_version: Mapped[int] = mapped_column(BigInteger)
    code_version: Mapped[str]
    account: Mapped[str | None]
    role: Mapped[str | None]
    place: Mapped[str | None]
    department: Mapped[str | None]
    name: Mapped[str | None]
    published_at: Mapped[datetime | None]
    published_by: Mapped[str | None]
    withdrawn_at: Mapped[datetime | None]


class Selection(Base):
    """One building that a run selected, with its score and every reason."""

    __tablename__ = "selection"
    run_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    building_id: Mapped[str] = mapped_column(primary_key=True)
    score: Mapped[float]
    reasons: Mapped[list[Any]]


class Gap(Base):
    """One pair of buildings of a density run, with its class and its centreline (or shortest line)."""

    __tablename__ = "gap"
    fid: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    run_id: Mapped[int] = mapped_column(BigInteger)
    building_a: Mapped[str]
    building_b: Mapped[str]
    class_: Mapped[str] = mapped_column("class")
    min_width_m: Mapped[float]
    mean_width_m: Mapped[float | None]
    length_m: Mapped[float]
    sky_view: Mapped[float | None]
    digest: Mapped[int | None] = mapped_column(BigInteger)
    geom: Mapped[Any] = mapped_column(_geometry("MULTILINESTRING"))


class Alley(Base):
    """Gaps joined into a corridor."""

    __tablename__ = "alley"
    fid: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    run_id: Mapped[int] = mapped_column(BigInteger)
    alley_id: Mapped[int]
    cluster_id: Mapped[int | None]
    class_: Mapped[str] = mapped_column("class")
    length_m: Mapped[float]
    min_width_m: Mapped[float]
    mean_width_m: Mapped[float]
    sky_view: Mapped[float | None]
    buildings: Mapped[int]
    dead_end: Mapped[bool]
    profile: Mapped[list[Any]]
    digest: Mapped[int | None] = mapped_column(BigInteger)
    township_codes: Mapped[list[str]]
    village_codes: Mapped[list[str]]
    departments: Mapped[list[str]]
    geom: Mapped[Any] = mapped_column(_geometry("MULTILINESTRING"))


class Cluster(Base):
    """A dense cluster, with its figures, its score's parts and the places in which it has houses."""

    __tablename__ = "cluster"
    fid: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    run_id: Mapped[int] = mapped_column(BigInteger)
    cluster_id: Mapped[int]
    name: Mapped[str | None]
    township_codes: Mapped[list[str]]
    village_codes: Mapped[list[str]]
    buildings: Mapped[int]
    footprint_m2: Mapped[float]
    coverage: Mapped[float]
    alley_m: Mapped[float]
    sky_line_m: Mapped[float]
    handshake_m: Mapped[float]
    narrowest_m: Mapped[float | None]
    max_hose_m: Mapped[float | None]
    unreached: Mapped[int | None]
    max_depth: Mapped[int | None]
    burn_largest: Mapped[int | None]
    score: Mapped[float]
    score_parts: Mapped[dict[str, Any]]
    hydrant_share: Mapped[float | None]
    two_hydrants_share: Mapped[float | None]
    nearest_hydrant_m: Mapped[float | None]
    farthest_hydrant_m: Mapped[float | None]
    access_basis: Mapped[str | None]
    digest: Mapped[int | None] = mapped_column(BigInteger)
    departments: Mapped[list[str]]
    geom: Mapped[Any] = mapped_column(_geometry("MULTIPOLYGON"))


class BuildingDensity(Base):
    """What a density run found of one building."""

    __tablename__ = "building_density"
    fid: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    run_id: Mapped[int] = mapped_column(BigInteger)
    building_id: Mapped[str]
    cluster_id: Mapped[int | None]
    burn_cluster_id: Mapped[int | None]
    hose_m: Mapped[float | None]
    unreached: Mapped[bool | None]
    depth: Mapped[int | None]
    nearest_gap_m: Mapped[float | None]
    digest: Mapped[int | None] = mapped_column(BigInteger)
    geom: Mapped[Any] = mapped_column(_geometry("MULTIPOLYGON"))
