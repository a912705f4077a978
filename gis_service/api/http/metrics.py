"""Figures of the running service for Prometheus: requests by route, time, pooled connections."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any

from fastapi import Depends, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from gis_service.api.http.authorisation import allow
from gis_service.api.http.routing import Router
from gis_service.db.engine import get_engine
from gis_service.identity import Right

router = Router(tags=["Health"])

# Not the library's global registry: applications made one after another in a process would meet in it.
_REGISTRY = CollectorRegistry()
# The route's template and never the path: ids of houses are no labels, and labels are bounded.
_REQUESTS = Counter("gis_requests", "Requests", ["route", "method", "status"], registry=_REGISTRY)
_SECONDS = Histogram(
    "gis_request_seconds", "Seconds a request took", ["route"], registry=_REGISTRY,
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)  # fmt: skip
_IN_PROGRESS = Gauge(
    "gis_requests_in_progress", "Requests being answered", registry=_REGISTRY, multiprocess_mode="livesum"
)
_REFUSED = Counter("gis_refused", "Requests and connections refused at the door", ["why"], registry=_REGISTRY)
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


class _Pool(Collector):
    """Connections to the database, of the process that is asked, when the figures are read."""

    def collect(self) -> Iterable[GaugeMetricFamily]:
        pool: Any = get_engine("service").pool
        yield GaugeMetricFamily("gis_connections_used", "Pooled connections in use", pool.checkedout())
        yield GaugeMetricFamily("gis_connections_idle", "Pooled connections at rest", pool.checkedin())


_REGISTRY.register(_Pool())


def in_progress() -> AbstractContextManager[Any]:
    """Return a context that counts the request in it as being answered."""
    return _IN_PROGRESS.track_inprogress()


def count(route: str, method: str, status: int, seconds: float) -> None:
    """Count one answered request; ``route`` is the template."""
    _REQUESTS.labels(route, method if method in _METHODS else "other", str(status)).inc()
    _SECONDS.labels(route).observe(seconds)


def refused(why: str) -> None:
    """Count what was refused at the door: a full lane, a slow head, a slow reader, too many connections."""
    _REFUSED.labels(why).inc()


@router.get(
    "/metrics", summary="Figures for Prometheus", response_class=Response,
    responses={200: {"content": {"text/plain": {}}}}, dependencies=[Depends(allow(Right.METRICS))],
)  # fmt: skip
def read() -> Response:
    """Return the figures in Prometheus's text format."""
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        whole = CollectorRegistry()
        MultiProcessCollector(whole)  # type: ignore[no-untyped-call]
        whole.register(_Pool())
        return Response(generate_latest(whole), media_type=CONTENT_TYPE_LATEST)
    return Response(generate_latest(_REGISTRY), media_type=CONTENT_TYPE_LATEST)
