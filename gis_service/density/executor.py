"""Run a function over tiles: in this process, in local processes, or on a Dask cluster."""

from __future__ import annotations

import multiprocessing
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from gis_service.errors import GisError, InputError, SetupError

_I = TypeVar("_I")
_O = TypeVar("_O")

_RETRIES = 3
_CONNECT_S = 20
_WAITING = 4
"""Tiles handed out ahead, for each worker: enough to keep it busy, few enough to keep memory low."""


class Executor(Protocol):
    """Whatever runs a function over tiles; the answers come in the order of the tiles."""

    def map(self, function: Callable[[_I], _O], tiles: Iterable[_I]) -> list[_O]:
        """Return ``[function(tile) for tile in tiles]``."""
        ...


class InProcess:
    """Runs tiles one after the other, here."""

    def map(self, function: Callable[[_I], _O], tiles: Iterable[_I]) -> list[_O]:
        """Return ``[function(tile) for tile in tiles]``."""
        return [function(tile) for tile in tiles]


class LocalProcesses:
    """Runs tiles in processes of this machine."""

    def __init__(self, pool: ProcessPoolExecutor, workers: int) -> None:
        self._pool = pool
        self._workers = workers

    def map(self, function: Callable[[_I], _O], tiles: Iterable[_I]) -> list[_O]:
        """Return ``[function(tile) for tile in tiles]``."""
        out: list[_O] = []
        waiting: list[Any] = []
        try:
            for tile in tiles:
                waiting.append(self._pool.submit(function, tile))
                if len(waiting) > _WAITING * self._workers:
                    out.append(waiting.pop(0).result())
            out += [job.result() for job in waiting]
        except BrokenProcessPool as error:
            raise SetupError(
                "一个计算进程意外终止（多半是内存不足）；请减少 --workers 后重试。",
                "A worker process died, most likely for want of memory; try again with fewer --workers.",
            ) from error
        except GisError:
            raise
        except Exception as error:
            raise _worker_error(error) from error
        finally:
            for job in waiting:
                job.cancel()
        return out


class DaskCluster:
    """Runs tiles on the workers of a Dask scheduler; a killed worker's tiles are run again elsewhere."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def map(self, function: Callable[[_I], _O], tiles: Iterable[_I]) -> list[_O]:
        """Return ``[function(tile) for tile in tiles]``."""
        from distributed import KilledWorker

        out: list[_O] = []
        waiting: list[Any] = []
        try:
            for tile in tiles:
                waiting.append(self._submit(function, tile))
                if len(waiting) > _WAITING * max(len(self._client.nthreads()), 1):
                    out.append(waiting.pop(0).result())
            out += [job.result() for job in waiting]
        except KilledWorker as error:
            raise SetupError(
                "Dask 工作进程在同一分块上反复终止（多半是内存不足）；请增加每个进程的内存。",
                "Dask workers died again and again on one tile, most likely for want of memory; give each worker more.",
            ) from error
        except GisError:
            raise
        except Exception as error:
            raise _worker_error(error) from error
        finally:
            for job in waiting:
                job.cancel()
        return out

    def _submit(self, function: Callable[[_I], _O], tile: _I) -> Any:
        with warnings.catch_warnings():
            # A tile travels with its task, not scattered: a dead worker would take scattered data with it.
            warnings.filterwarnings("ignore", message="Sending large graph")
            return self._client.submit(function, tile, retries=_RETRIES, pure=False)


def _worker_error(error: Exception) -> GisError:
    text = str(error).splitlines()[0] if str(error) else ""
    kind = type(error).__name__
    return SetupError(
        f"一个分块计算失败（{kind}：{text}）；请以 --workers 1 重试并报告此错误。",
        f"A tile failed in its worker ({kind}: {text}); try --workers 1 and report this.",
        kind=kind,
    )


@contextmanager
def open_executor(workers: int = 1, scheduler: str | None = None) -> Iterator[Executor]:
    """Open the executor that ``--workers`` or ``--scheduler`` asks for.

    Parameters
    ----------
    workers
        Processes of this machine; 1 means this process.
    scheduler
        Address of a Dask scheduler, like ``tcp://10.0.0.5:8786``; its workers need this program installed.

    """
    if workers < 1:
        raise InputError("--workers 至少为 1。", "--workers must be at least 1.", workers=workers)
    if scheduler is not None:
        with _dask(scheduler) as cluster:
            yield cluster
    elif workers == 1:
        yield InProcess()
    else:
        # Spawned, not forked: GDAL, PROJ and thread pools of the parent do not survive a fork.
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["gis_service.density.access"])
        with ProcessPoolExecutor(workers, mp_context=context) as pool:
            yield LocalProcesses(pool, workers)


@contextmanager
def _dask(address: str) -> Iterator[DaskCluster]:
    from distributed import Client

    connect: Any = Client
    try:
        client = connect(address, timeout=_CONNECT_S, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise SetupError(
            f"连接不到 Dask 调度器 {address}；请先启动：dask scheduler，再在各机器上启动 dask worker。",
            f"No Dask scheduler answers at {address}; start one with: dask scheduler,"
            " and a dask worker on each machine.",
            scheduler=address,
        ) from error
    with client:
        if not client.scheduler_info(n_workers=-1)["workers"]:
            raise SetupError(
                f"Dask 调度器 {address} 没有工作进程；请在各机器上启动：dask worker {address}",
                f"The Dask scheduler {address} has no workers; start on each machine: dask worker {address}",
                scheduler=address,
            )
        yield DaskCluster(client)
