"""Run a function over tiles: in this process, in its threads, or on a Dask cluster."""

from __future__ import annotations

import os
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

import numpy as np

from gis_service.errors import GisError, InputError, SetupError

_I = TypeVar("_I")
_O = TypeVar("_O")

_RETRIES = 3
_CONNECT_S = 20
_CHUNK = 10_000
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


class LocalThreads:
    """Runs tiles in threads of this process: compiled loops and shapely let go of the interpreter.

    Nothing is copied or sent, as it would be for every tile to another process of the same machine.
    """

    def __init__(self, pool: ThreadPoolExecutor, workers: int) -> None:
        self._pool = pool
        self._workers = workers

    def map(self, function: Callable[[_I], _O], tiles: Iterable[_I]) -> list[_O]:
        """Return ``[function(tile) for tile in tiles]``."""
        return _in_order(lambda tile: self._pool.submit(function, tile), tiles, _WAITING * self._workers)


def in_chunks(executor: Executor | None, function: Callable[[slice], _O], count: int) -> list[_O]:
    """Return what ``function`` makes of each chunk of ``count`` rows, on the threads of this process if there are any.

    For work on whole arrays of geometries, which shapely does without the interpreter but which is too little, or too
    much to send, to go to another machine.
    """
    chunks = [slice(k, min(k + _CHUNK, count)) for k in range(0, max(count, 1), _CHUNK)]
    return (executor if isinstance(executor, LocalThreads) else InProcess()).map(function, chunks)


class DaskCluster:
    """Runs tiles on the workers of a Dask scheduler; a killed worker's tiles are run again elsewhere."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def map(self, function: Callable[[_I], _O], tiles: Iterable[_I]) -> list[_O]:
        """Return ``[function(tile) for tile in tiles]``."""
        ahead = _WAITING * max(len(self._client.nthreads()), 1)
        return _in_order(lambda tile: self._submit(function, tile), tiles, ahead)

    def _submit(self, function: Callable[[_I], _O], tile: _I) -> Any:
        with warnings.catch_warnings():
            # A tile travels with its task, not scattered: a dead worker would take scattered data with it.
            warnings.filterwarnings("ignore", message="Sending large graph")
            return self._client.submit(_sent, function, tile, retries=_RETRIES, pure=False)


def _sent(function: Callable[[_I], _O], tile: _I) -> _O:
    """Run a tile that came over a network."""
    return function(writable(tile))


def writable(value: Any) -> Any:
    """Copy read-only arrays of a task, as they come over a network: compiled loops would be made anew for them."""
    if isinstance(value, np.ndarray):
        return value if value.flags.writeable else value.copy()
    if isinstance(value, tuple):
        items = [writable(item) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    return value


def _in_order(submit: Callable[[_I], Any], tiles: Iterable[_I], ahead: int) -> list[Any]:
    """Hand tiles out, at most ``ahead`` waiting, and collect the answers in their order."""
    out: list[Any] = []
    waiting: deque[Any] = deque()
    try:
        for tile in tiles:
            waiting.append(submit(tile))
            if len(waiting) > ahead:
                out.append(waiting.popleft().result())
        while waiting:
            out.append(waiting.popleft().result())
    except GisError:
        raise
    except Exception as error:
        raise _worker_error(error) from error
    finally:
        for job in waiting:
            job.cancel()
    return out


def _worker_error(error: Exception) -> GisError:
    kind = type(error).__name__
    if kind == "KilledWorker":
        return SetupError(
            "Dask 工作进程在同一分块上反复终止（多半是内存不足）；请增加每个进程的内存。",
            "Dask workers died again and again on one tile, most likely for want of memory; give each worker more.",
        )
    text = str(error).splitlines()[0] if str(error) else ""
    return SetupError(
        f"一个分块计算失败（{kind}：{text}）；请以 --workers 1 重试并报告此错误。",
        f"A tile failed in its worker ({kind}: {text}); try --workers 1 and report this.",
        kind=kind,
    )


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def open_executor(workers: int | None = None, scheduler: str | None = None) -> Iterator[Executor]:
    """Open the executor that ``--workers`` or ``--scheduler`` asks for.

    Parameters
    ----------
    workers
        Threads of this process; by default as many as there are cores; 1 means that nothing runs side by side.
    scheduler
        Address of a Dask scheduler, like ``tcp://10.0.0.5:8786``; its workers need this program installed.

    """
    workers = cores() if workers is None else workers
    if workers < 1:
        raise InputError("--workers 至少为 1。", "--workers must be at least 1.", workers=workers)
    if scheduler is not None:
        with _dask(scheduler) as cluster:
            yield cluster
    elif workers == 1:
        yield InProcess()
    else:
        with ThreadPoolExecutor(workers, thread_name_prefix="density") as pool:
            yield LocalThreads(pool, workers)


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
