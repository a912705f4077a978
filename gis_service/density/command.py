"""``gis-service density``: footprints in, a GeoPackage of gaps, alleys and dense clusters out; no database."""

from __future__ import annotations

import gc
import importlib
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import geopandas as gpd
import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError

from gis_service.density.compute.heap import return_large_arrays
from gis_service.density.params import Params
from gis_service.errors import GisError, InputError
from gis_service.files import check_output
from gis_service.say import steps
from gis_service.settings import default, get_settings

if TYPE_CHECKING:
    from gis_service.density.run import Density

_STAGES = 9
_WORK_SRID = "auto"


def _get_ready() -> None:
    """Load what the run needs."""
    importlib.import_module("gis_service.density.run")
    importlib.import_module("gis_service.density.compute.compiled").get_ready()


@contextmanager
def _uncollected() -> Iterator[None]:
    """Look for no circles of garbage: a run makes none, and its many objects (and modules) are long to look through."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        # Nor when the process ends.
        gc.freeze()
        if collecting:
            gc.enable()


def _lang() -> str:
    return get_settings().lang


def _read(path: Path, layer: str | None, what: tuple[str, str]) -> gpd.GeoDataFrame:
    """Read a layer of any vector file; refuse what is no such file in one sentence."""
    zh, en = what
    try:
        if path.suffix.lower() in {".parquet", ".geoparquet"}:
            return gpd.read_parquet(path)
        names = [str(name) for name, _kind in pyogrio.list_layers(path)]
        if layer is not None and layer not in names:
            raise InputError(
                f"{zh}文件 {path.name} 中没有图层 {layer}，只有：{'、'.join(names)}。",
                f"The {en} file {path.name} has no layer {layer}; it has: {', '.join(names)}.",
            )
        table = pyogrio.read_dataframe(path, layer=layer or names[0])
    except (DataSourceError, DataLayerError, ValueError, OSError, IndexError) as error:
        raise InputError(
            f"{zh}文件 {path.name} 无法读取，不是 GDAL 认识的矢量文件。",
            f"The {en} file {path.name} cannot be read: it is no vector file that GDAL knows.",
        ) from error
    if not isinstance(table, gpd.GeoDataFrame):
        raise InputError(f"{zh}文件 {path.name} 没有几何。", f"The {en} file {path.name} has no geometry.")
    return table


@contextmanager
def _executor(workers: int | None, scheduler: str | None) -> Iterator[Any]:
    opened = importlib.import_module("gis_service.density.compute.executor").open_executor(workers, scheduler)
    with opened as executor:
        yield executor


def _work_srid(_context: click.Context, _option: click.Parameter, value: str) -> str | int:
    if value == _WORK_SRID:
        return value
    if not value.isdigit():
        raise click.BadParameter("auto 或 EPSG 编号 (auto, or an EPSG number)")
    return int(value)


_FILE = click.Path(exists=True, dir_okay=True, path_type=Path)
_METRES = click.FloatRange(0.1, 20)


@click.command()
@click.argument("buildings", type=_FILE)
@click.option("--layer", help="房屋图层。Layer of BUILDINGS.")
@click.option("--roads", type=_FILE, help="道路文件；不给则从外缘空地起算。Roads; without: open ground at the edge.")
@click.option("--roads-layer", help="道路图层。Layer of the roads.")
@click.option("--hydrants", type=_FILE, help="消火栓与水源；给出则算覆盖。Hydrants and water; with: their cover.")
@click.option(
    "--work-srid", default=_WORK_SRID, show_default=True, callback=_work_srid,
    help="计算坐标系 EPSG 编号。EPSG number of the metric CRS.",
)  # fmt: skip
@click.option("--max-width-m", type=_METRES, default=default("max_width_m"), show_default=True, help="间距上限（米）。")
@click.option("--link-gap-m", type=_METRES, default=default("link_gap_m"), show_default=True, help="连片间距（米）。")
@click.option(
    "--min-buildings", type=click.IntRange(2), default=int(default("min_buildings")), show_default=True,
    help="连片最少栋数。Least buildings of a cluster.",
)  # fmt: skip
@click.option(
    "--engine-width-m", type=_METRES, default=default("engine_width_m"), show_default=True,
    help="消防车净宽（米），小型车 3.0。Clear width of an engine.",
)  # fmt: skip
@click.option("--workers", type=click.IntRange(1), help="本机线程数，默认为核数。Threads here; default: one a core.")
@click.option("--scheduler", help="Dask 调度器地址。Address of a Dask scheduler.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="输出 .gpkg。")
def density(
    buildings: Path,
    layer: str | None,
    roads: Path | None,
    roads_layer: str | None,
    hydrants: Path | None,
    work_srid: str | int,
    max_width_m: float,
    link_gap_m: float,
    min_buildings: int,
    engine_width_m: float,
    workers: int | None,
    scheduler: str | None,
    out: Path,
) -> None:
    """间隙、巷道、连片区。Gaps, alleys and dense clusters of any building footprints.

    BUILDINGS 为 GDAL 可读、带坐标系的房屋面文件；无需数据库。
    """
    if workers is not None and scheduler is not None:
        raise click.UsageError("--workers 与 --scheduler 只能选一个 (choose one of --workers and --scheduler)")
    if out.suffix.lower() != ".gpkg":
        raise click.BadParameter("须为 .gpkg (must end in .gpkg)", param_hint="--out")
    check_output(out, buildings, *([roads] if roads is not None else []))
    params = Params(
        max_width_m=max_width_m,
        link_gap_m=link_gap_m,
        min_buildings=min_buildings,
        engine_width_m=engine_width_m,
    )
    with _uncollected():
        result = _run(buildings, layer, roads, roads_layer, hydrants, work_srid, params, workers, scheduler, out)
    for sentence in result.prepared.repairs.sentences(_lang()):
        click.echo(f"{'Note: ' if _lang() == 'en' else '注意：'}{sentence}", err=True)
    figures = len(result.buildings), len(result.gaps), len(result.alleys), len(result.clusters)
    zh = "{} 栋房屋，{} 对相邻，{} 条巷道，{} 个连片区 → {}"
    en = "{} buildings, {} pairs, {} alleys, {} dense clusters → {}"
    click.echo((en if _lang() == "en" else zh).format(*figures, out))


def _run(
    buildings: Path,
    layer: str | None,
    roads: Path | None,
    roads_layer: str | None,
    hydrants: Path | None,
    work_srid: str | int,
    params: Params,
    workers: int | None,
    scheduler: str | None,
    out: Path,
) -> Density:
    return_large_arrays()
    # What the run needs loads while the files are read and cleaned.
    threading.Thread(target=_get_ready, name="get ready").start()
    # In a list, to be handed over: the run lets go of the outlines as they came in once it has cleaned them.
    houses = [_read(buildings, layer, ("房屋", "buildings"))]
    streets = None if roads is None else _read(roads, roads_layer, ("道路", "roads"))
    water = None if hydrants is None else _read(hydrants, None, ("消火栓", "hydrants"))
    from gis_service.density.geopackage import drafting
    from gis_service.density.record import file_sha256
    from gis_service.density.run import density as run

    with drafting(out) as draft, steps(_STAGES) as step, _executor(workers, scheduler) as executor:
        result = run(
            houses.pop(), streets, water, params, executor, work_srid=work_srid, input_sha256=file_sha256(buildings),
            on_progress=step, on_layer=draft.add,
        )  # fmt: skip
        draft.finish(result)
    return result


if __name__ == "__main__":
    try:
        density(standalone_mode=False)
    except GisError as refusal:
        click.echo(refusal.message(_lang()), err=True)
        sys.exit(1)
    except click.UsageError as wrong:
        wrong.show()
        sys.exit(2)
