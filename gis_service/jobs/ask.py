"""Ask for a job, look at it, cancel it: in the asker's name, who sees their own and what is shared with their eyes."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from gis_service import __version__
from gis_service.db.day import today
from gis_service.db.queries import statement
from gis_service.errors import ConflictError, InputError, NotFoundError, TooManyError
from gis_service.identity import Identity, Right
from gis_service.jobs.kinds import KINDS
from gis_service.relief import elevation
from gis_service.settings import get_settings

WAITING_MAX = 20
"""Jobs of one account that may wait or run."""
STATE_ZH = {
    "waiting": "等待", "running": "进行中", "done": "完成", "failed": "失败", "cancelled": "已取消", "lost": "中断",
}  # fmt: skip


@dataclass(frozen=True)
class Job:
    """A job as it stands; ``done`` is the share that is done, 0 to 1."""

    job_id: int
    kind: str
    parameters: dict[str, Any]
    account: str | None
    state: str
    asked_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    cancel: bool
    done: float
    stage_zh: str
    stage_en: str
    result: dict[str, Any] | None
    file: str | None
    error_zh: str | None
    error_en: str | None

    @property
    def over(self) -> bool:
        """Whether it has ended, however."""
        return self.finished_at is not None

    def title(self, lang: str = "zh") -> str:
        """Return what kind of work it is."""
        kind = KINDS.get(self.kind)
        return self.kind if kind is None else kind.en if lang == "en" else kind.zh

    def said(self, lang: str = "zh") -> str:
        """Return in words how it stands, or what went wrong."""
        english = lang == "en"
        if self.error_zh is not None:
            return str(self.error_en if english else self.error_zh)
        stage = self.stage_en if english else self.stage_zh
        state = self.state if english else STATE_ZH[self.state]
        if self.state == "running" and self.cancel:
            return "being cancelled" if english else "正在取消"
        return stage if self.state == "running" and stage else state


def folder() -> Path:
    """Return the folder of what jobs make, which its owner alone enters."""
    place = get_settings().data_dir / "jobs"
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    return place


def ask(connection: Connection, identity: Identity, kind: str, parameters: dict[str, Any]) -> Job:
    """Ask for a job, or share the one that was asked for with the same eyes of the same data.

    Raises
    ------
    InputError
        There is no such kind.
    TooManyError
        The account has many waiting.

    """
    known = KINDS.get(kind)
    if known is None:
        raise InputError("没有这种任务。", "There is no such kind of job.")
    if known.person:
        parameters = {**parameters, "person": identity.may(Right.PERSON)}
    key = _key(connection, identity, kind, parameters) if known.shared else None
    if key is not None:
        # Two who ask at once: the second waits here, and then finds the first one's job.
        connection.execute(text(statement("jobs.alone")), {"key": key})
        shared = connection.execute(text(statement("jobs.shared")), {"key": key}).mappings().one_or_none()
        if shared is not None and (shared["file"] is None or (folder() / shared["file"]).exists()):
            return Job(**shared)
    waiting = connection.execute(text(statement("jobs.waiting")), {"account": identity.account}).scalar_one()
    if waiting >= WAITING_MAX:
        raise TooManyError(
            f"您已有 {waiting} 个任务在等待，请等其中一些完成或取消。",
            f"You have {waiting} jobs waiting; let some end, or cancel them.",
            retry_after_s=30,
        )
    values = {"kind": kind, "parameters": json.dumps(parameters), "key": key, "lane": known.lane}
    job_id = connection.execute(text(statement("jobs.ask")), values).scalar_one()
    return one(connection, int(job_id))


def _key(connection: Connection, identity: Identity, kind: str, parameters: dict[str, Any]) -> str:
    """Return the digest of all that the file hangs on: who may see what, the data, the day, the ground, the settings."""
    moment = tuple(connection.execute(text(statement("jobs.moment"))).one())
    around = (today(), elevation.version(), get_settings().shown, __version__)
    told = json.dumps([kind, parameters, identity.scope, moment, around], sort_keys=True, default=str)
    return hashlib.sha256(told.encode()).hexdigest()


def one(connection: Connection, job_id: int) -> Job:
    """Return a job.

    Raises
    ------
    NotFoundError
        There is none of that number that the asker sees.

    """
    row = connection.execute(text(statement("jobs.one")), {"job_id": job_id}).mappings().one_or_none()
    if row is None:
        raise NotFoundError("没有这个任务。", "There is no such job.")
    return Job(**row)


def listed(connection: Connection, account: str | None = None, limit: int = 100) -> list[Job]:
    """Return jobs, the newest first: of one account, or all that the asker sees."""
    values = {"account": account, "limit": limit}
    return [Job(**row) for row in connection.execute(text(statement("jobs.list")), values).mappings()]


def lines(connection: Connection, job_id: int) -> list[tuple[datetime, str, str]]:
    """Return what a job said: when, in Chinese, in English."""
    return [tuple(row) for row in connection.execute(text(statement("jobs.lines")), {"job_id": job_id})]


def cancel(connection: Connection, job_id: int) -> Job:
    """Cancel a job: one that waits is not begun, one that runs is stopped.

    Raises
    ------
    NotFoundError, ConflictError
        There is none; it has ended, or it is another's.

    """
    job = one(connection, job_id)
    if job.over or not connection.execute(text(statement("jobs.cancel")), {"job_id": job_id}).rowcount:
        raise ConflictError(
            "这个任务已经结束，或不是您的任务，不能取消。", "This job has ended, or is not yours to cancel."
        )
    return one(connection, job_id)
