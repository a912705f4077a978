"""Read a sign-off, name who signs, sign, keep the scanned page."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pikepdf
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from gis_service.attachments import picture, store
from gis_service.db.queries import statement
from gis_service.db.refusal import Facts, facts_of, is_denied
from gis_service.errors import ConflictError, ForbiddenError, GisError, InputError, NotFoundError, TooLargeError
from gis_service.signatures import content, state
from gis_service.signatures.state import STEP, TOP, Unit

_PDF = b"%PDF-"


@dataclass(frozen=True)
class New:
    """A signature to be entered.

    Parameters
    ----------
    village_code
        None for the head of the unit.
    sha256
        The hash that was shown to who signs; another one now is refused.
    by_paper
        Signed on paper, entered by the county; it counts when its scanned page is there.

    """

    round_id: int
    unit_code: str
    village_code: str | None
    step: str
    sha256: str | None = None
    by_paper: bool = False


def units(connection: Connection, round_id: int, unit: str | None = None) -> list[Unit]:
    """Return how the sign-off of a round stands, of what the asker sees.

    Raises
    ------
    NotFoundError
        There is no such round, or no house of it is the asker's.

    """
    found = found_units(connection, round_id, unit)
    if not found:
        raise NotFoundError("这一轮次在这里没有可确认的房屋。", "There is no house of this round here to sign for.")
    return found


def found_units(connection: Connection, round_id: int, unit: str | None) -> list[Unit]:
    """Return the same, and nothing where there is nothing."""
    asked = {"round_id": round_id, "unit": unit}
    contents = rows_of(connection, "contents", **asked, village=None, whole=False)
    signatures = rows_of(connection, "signatures", **asked)
    for signature in signatures:
        if signature["step"] == TOP:
            signature["text"] = text_of(connection, signature["content"])
    return state.units(contents, signatures, rows_of(connection, "signers", unit=unit))


def sign(connection: Connection, new: New) -> dict[str, Any]:
    """Enter a signature and return it; the caller commits, and writes it into the trail with its digest.

    Raises
    ------
    NotFoundError
        There is nothing of the asker's to sign there.
    ConflictError
        What was shown has changed, what is beneath is not signed, or it is signed already.
    ForbiddenError
        Another one signs there, or nobody was named.

    """
    if (new.village_code is None) != (new.step == TOP) or new.step not in STEP:
        raise InputError(
            "签字环节与范围不符：村里由排查小组、支部书记、挂村领导签字，乡镇主要领导签全部村。",
            "The step does not fit the place: a village is signed by team, secretary, leader, the unit by its head.",
        )
    if new.village_code is None:
        (unit,) = units(connection, new.round_id, new.unit_code)
        lacking = [village for village in unit.villages if village.signed is None]
        if lacking:
            raise _sentence({"code": "villages", "villages": [v.village_code for v in lacking]}, new)
        villages = [
            {"village_code": v.village_code, "sha256": v.sha256, "signature": v.signed["digest"]}
            for v in unit.villages
            if v.signed is not None
        ]
        written, houses = content.of_unit(villages), unit.houses
        sha256 = content.digest(written)
    else:
        asked = {"round_id": new.round_id, "unit": new.unit_code, "village": new.village_code, "whole": True}
        rows = rows_of(connection, "contents", **asked)
        if not rows:
            raise NotFoundError(
                "这个村在这一轮次没有可确认的房屋。", "There is no house of this village and round to sign for."
            )
        written, houses, sha256 = rows[0]["content"], rows[0]["houses"], rows[0]["sha256"]
    if new.sha256 is not None and new.sha256 != sha256:
        raise ConflictError(
            "名册在您打开之后有变更；请重新打开页面，核对后再签。",
            "The list has changed since it was shown; open the page anew, check, and sign.",
        )
    try:
        with connection.begin_nested():
            place = {"unit_code": new.unit_code, "village_code": new.village_code}
            _do(connection, "keep_content", sha256=sha256, content=written, **place)
            values = {"round_id": new.round_id, "step": new.step, "by_paper": new.by_paper, **place}
            number = _do(connection, "enter", content=sha256, houses=houses, **values).scalar_one()
    except DBAPIError as error:
        if is_denied(error):
            raise ForbiddenError("您的账号不能在这里签字。", "Your account may not sign here.") from error
        facts = facts_of(error)
        if facts is None:
            raise
        raise _sentence(facts, new) from error
    return one(connection, int(number))


def sign_all(connection: Connection, news: Sequence[New]) -> list[dict[str, Any]]:
    """Enter several signatures, each over its own place, and return them; all or none.

    Raises
    ------
    NotFoundError, ConflictError, ForbiddenError
        As ``sign`` does of the first that cannot be entered, with its place.

    """
    made = []
    for new in news:
        try:
            made.append(sign(connection, new))
        except GisError as error:
            place = new.village_code or new.unit_code
            raise type(error)(f"{place}：{error.zh}", f"{place}: {error.en}", **error.details) from error
    return made


def _sentence(facts: Facts, new: New) -> GisError:
    zh, en = STEP[new.step]
    code = facts["code"]
    if code == "order":
        under = STEP[facts["below"]]
        return ConflictError(
            f"“{zh}”要在“{under[0]}”之后签：下面这一环还没有有效签字；请先请其签字。",
            f"The {en} signs after the {under[1]}, who has not signed what stands now; let them sign first.",
        )
    if code == "villages":
        some = "、".join(facts["villages"][:5]) + ("等" if len(facts["villages"]) > 5 else "")
        return ConflictError(
            f"还有 {len(facts['villages'])} 个村（{some}）没有挂村领导的有效签字；请先完成各村。",
            f"{len(facts['villages'])} villages ({', '.join(facts['villages'][:5])}) are not signed by their leader; they come first.",
        )
    if code == "not_yours":
        return ForbiddenError(
            f"这一环由{facts['title']}{facts['name']}签字，您的账号不能签。",
            f"{facts['name']} ({facts['title']}) signs this step; your account may not.",
        )
    refusals: dict[str, GisError] = {
        "round": NotFoundError("没有这个轮次。", "There is no such round."),
        "early": ConflictError(
            f"这一轮次从 {facts.get('day')} 开始，还不能签字。", f"The round begins on {facts.get('day')}; nothing is signed before."
        ),
        "content": ConflictError("所签内容不属于这个村或乡镇。", "What is signed is not of this place."),
        "nobody": ForbiddenError(
            f"还没有指定谁签“{zh}”这一环；请县级专班先指定签字人。", f"Nobody is named to sign as {en}; the county's office names them first."
        ),
        "paper": ForbiddenError(
            "凭纸质签字页代录只能由县级专班办理。", "Only the county's office enters what was signed on paper."
        ),
        "own": ForbiddenError(
            "您已在本村签过另一环；层层把关须由不同的人签字。", "You signed another step of this village; each step has its own person."
        ),
        "signed": ConflictError(f"“{zh}”对现在的名册已经签过字。", f"The {en} has signed what stands now."),
    }  # fmt: skip
    return refusals[code]


def one(connection: Connection, signature_id: int) -> dict[str, Any]:
    """Return a signature with its places and its scanned pages.

    Raises
    ------
    NotFoundError
        There is none of that number, or it is not the asker's to see.

    """
    rows = rows_of(connection, "one", signature_id=signature_id)
    if not rows:
        raise NotFoundError("没有这个签字。", "There is no such signature.")
    return rows[0] | {"pages": rows_of(connection, "pages", signature_id=signature_id)}


def changes(connection: Connection, signature: dict[str, Any]) -> dict[str, list[str]]:
    """Return what changed since a signature of a village: houses, each with its columns; nothing where it still stands."""
    asked = {"round_id": signature["round_id"], "unit": signature["unit_code"], "village": signature["village_code"]}
    rows = rows_of(connection, "contents", **asked, whole=True) if signature["village_code"] else []
    now = str(rows[0]["content"]) if rows else "[]"
    if not signature["village_code"] or (rows and rows[0]["sha256"] == signature["content"]):
        return {}
    return content.differences(text_of(connection, signature["content"]), now)


def text_of(connection: Connection, sha256: str) -> str:
    """Return the text that was signed."""
    return str(_do(connection, "text_of", sha256=sha256).scalar_one())


def name_signer(
    connection: Connection,
    unit_code: str,
    village_code: str | None,
    step: str,
    name: str,
    title: str,
    account: str | None,
) -> None:
    """Say who signs a step from now on; the caller commits.

    Raises
    ------
    InputError
        There is no such place, or the step is not one of it.
    ForbiddenError
        The asker is not of the county's office.

    """
    place = rows_of(connection, "place", unit=unit_code, village=village_code)
    if not place or (village_code is not None and place[0]["village_code"] is None):
        raise InputError("没有这个乡镇或村；请核对代码。", "There is no such unit or village; check its code.")
    if step not in STEP or (village_code is None) != (step == TOP):
        raise InputError(
            "村的签字环节为 team、secretary、leader，乡镇的为 township。",
            "Steps of a village are team, secretary, leader; that of a unit is township.",
        )
    values = {"unit_code": unit_code, "village_code": village_code, "step": step}
    try:
        with connection.begin_nested():
            _do(connection, "set_signer", **values, name=name, title=title, account=account)
    except DBAPIError as error:
        if is_denied(error):
            raise ForbiddenError(
                "签字人由县级专班指定，您的账号不能指定。", "The county's office names who signs; your account may not."
            ) from error
        raise


def add_page(connection: Connection, signature_id: int, sent: Path | bytes) -> dict[str, Any]:
    """Keep the scanned page of a signature (JPEG, PNG, WebP or PDF) and return the signature; the caller commits.

    Raises
    ------
    NotFoundError
        There is no such signature, or it is not the asker's.
    InputError, TooLargeError
        It is no page that can be read.

    """
    one(connection, signature_id)
    data = sent if isinstance(sent, bytes) else sent.read_bytes()
    if data.startswith(_PDF):
        media = "application/pdf"
        _check_pdf(data)
    else:
        media = picture.look(data)[0]
    sha256 = store.keep_file(data)
    _do(connection, "add_page", signature_id=signature_id, sha256=sha256, media=media, bytes=len(data))
    return one(connection, signature_id)


def _check_pdf(data: bytes) -> None:
    if len(data) > picture.BYTES_MAX:
        raise TooLargeError(
            f"扫描件超过 {picture.BYTES_MAX // 1_000_000} MB；请降低分辨率后再上传。",
            f"The scan is over {picture.BYTES_MAX // 1_000_000} MB; scan it smaller.",
            max_bytes=picture.BYTES_MAX,
        )
    try:
        with pikepdf.open(io.BytesIO(data)) as document:
            pages = len(document.pages)
    except pikepdf.PdfError as error:
        raise InputError(
            "扫描件打不开：请用完整、未加密的 PDF。", "The scan cannot be opened: send a whole PDF without a password."
        ) from error
    if not pages:
        raise InputError("扫描件没有页面。", "The scan has no page.")


def _do(connection: Connection, question: str, /, **values: Any) -> Any:
    return connection.execute(text(statement(f"signatures.{question}")), values)


def rows_of(connection: Connection, question: str, /, **values: Any) -> list[dict[str, Any]]:
    """Return the rows of a named question of this room."""
    return [dict(row) for row in _do(connection, question, **values).mappings()]


def rounds(connection: Connection) -> Sequence[dict[str, Any]]:
    """Return the rounds of which there is something to sign, the newest first."""
    return rows_of(connection, "rounds")


def names(connection: Connection, codes: list[str]) -> dict[str, str]:
    """Return what places are called, by code."""
    return {row["code"]: row["name"] for row in rows_of(connection, "areas", codes=codes)}


def placeless(connection: Connection, unit: str) -> int:
    """Return how many houses of a unit lie in no village, and so can be signed by nobody."""
    return int(_do(connection, "placeless", unit=unit).scalar_one())


def unit_of_village(connection: Connection, village: str) -> str | None:
    """Return the reporting unit of most of the asker's houses of a village."""
    found = _do(connection, "unit_of_village", village=village).scalar()
    return None if found is None else str(found)
