"""Logs: one JSON line an event, with the request's id; secrets never reach the line.

They go to ``data_dir/logs/service.jsonl``, kept within bounds, or to stderr with ``GIS_LOG=stderr`` where something
else collects them.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import logging.handlers
import os
import re
import sys
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import structlog

from gis_service.settings import get_settings

FILE_BYTES_MAX = 10 * 1024 * 1024
FILES_KEPT = 5
_TEXT_MAX = 2_000
_TRACE_MAX = 16_000
_SECRET = re.compile("password|secret|token|authorization|cookie|identity_number|telephone|csrf", re.IGNORECASE)


def mask(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Take out what must not be kept, whoever put it there, and cut what is endless."""
    for name, value in event.items():
        if _SECRET.search(name):
            event[name] = "***"
        elif name == "exception":
            event[name] = value[-_TRACE_MAX:]  # what went wrong stands at a trace's end
        elif isinstance(value, str) and len(value) > _TEXT_MAX:
            event[name] = value[:_TEXT_MAX] + "…"
    return event


def log_file() -> Path:
    """Return where the service's log lies."""
    return get_settings().data_dir / "logs" / "service.jsonl"


class _File(logging.handlers.RotatingFileHandler):
    """A log within bounds, written by several processes; one of them turns it over, and the others follow.

    The library would make the text of every line twice to foresee the size of the file.
    """

    def shouldRollover(self, record: logging.LogRecord) -> bool:  # noqa: N802 - the library's name
        if self.stream is None:
            return False
        try:
            there = os.stat(self.baseFilename)
        except FileNotFoundError:
            there = None
        if there is None or there.st_ino != os.fstat(self.stream.fileno()).st_ino:
            self.stream.close()  # another process has turned it over
            self.stream = self._open()
            return False
        return there.st_size >= self.maxBytes

    def doRollover(self) -> None:  # noqa: N802 - the library's name
        with open(f"{self.baseFilename}.lock", "w") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            with contextlib.suppress(OSError):
                if os.stat(self.baseFilename).st_size >= self.maxBytes:
                    super().doRollover()
                    os.chmod(self.baseFilename, 0o600)


def _handler() -> logging.Handler:
    if get_settings().log == "stderr":
        return logging.StreamHandler(sys.stderr)
    file = log_file()
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handler = _File(file, maxBytes=FILE_BYTES_MAX, backupCount=FILES_KEPT, encoding="utf-8")
    os.chmod(file, 0o600)
    return handler


def set_up() -> None:
    """Send every log line of this process, ours and libraries', through the same processors."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        mask,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = _handler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                # ASCII only: no character of somebody's text can end a line or turn a terminal's direction.
                structlog.processors.JSONRenderer(ensure_ascii=True, default=str),
            ],
        )
    )
    root = logging.getLogger()
    for old in [h for h in root.handlers if getattr(h, "ours", False)]:
        root.removeHandler(old)
        old.close()
    handler.ours = True  # type: ignore[attr-defined]
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    for noisy in ("uvicorn.access", "fontTools", "weasyprint", "distributed", "httpx"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
