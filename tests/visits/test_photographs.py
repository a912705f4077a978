"""Photographs after they came: taken by their header, looked through by the worker, shown only then."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image, JpegImagePlugin

from gis_service.attachments import check, picture, store
from gis_service.jobs import worker
from tests.cases.conftest import photograph
from tests.conftest import Database, signed_in
from tests.record.conftest import TOWN, UNIT

_IMG = {"accept": "image/avif,image/webp,image/*"}


@pytest.fixture
def who(town: Database) -> dict[str, str]:
    return signed_in(town, "township", place=TOWN)


def _send(client: TestClient, who: dict[str, str], content: bytes) -> Any:
    return client.post("/api/attachments?building_id=H1", content=content, headers=who | {"content-type": "image/jpeg"})


def _with_words(content: bytes) -> bytes:
    """Put a comment and XMP with a position behind the JPEG's first marker."""
    segments = b""
    for marker, said in (
        (b"\xff\xfe", b"comment: 24.5N 107.3E"),
        (b"\xff\xe1", b"http://ns.adobe.com/xap/1.0/\0<x>24.5N</x>"),
    ):
        segments += marker + (len(said) + 2).to_bytes(2, "big") + said
    return content[:2] + segments + content[2:]


def test_taken_by_its_header_and_decoded_by_the_worker_alone(
    town: Database, client: TestClient, who: dict[str, str], monkeypatch: pytest.MonkeyPatch
):
    sent = _with_words(photograph("red", (2400, 1200)))
    with monkeypatch.context() as patch:
        patch.setattr(JpegImagePlugin.JpegImageFile, "load", lambda _: pytest.fail("decoded while its sender waits"))
        row = _send(client, who, sent).json()
    address = f"/api/attachments/{row['sha256']}"
    assert (row["state"], row["width"], row["height"]) == ("waiting", 2400, 1200)
    refused = client.get(address, headers=who)
    assert (refused.status_code, refused.json()["error"]["message"]) == (409, "照片待校验，请稍后再看。")
    instead = client.get(address, headers=who | _IMG)
    assert (instead.headers["content-type"], "待校验" in instead.text) == ("image/svg+xml", True)
    assert instead.headers["cache-control"] == "no-store"
    assert (check.check_waiting(), check.check_waiting()) == (1, 0)
    assert town.ask("SELECT state, checked_at IS NOT NULL FROM gis.attachment") == [("checked", True)]
    for size, drawn in ((1600, (1600, 800)), (700, (700, 350)), (320, (320, 160)), (160, (160, 80))):
        shown = client.get(f"{address}?size={size}", headers=who | _IMG)
        assert b"24.5N" not in shown.content
        with Image.open(io.BytesIO(shown.content)) as image:
            assert (image.size, dict(image.getexif()), "comment" in image.info) == (drawn, {}, False)
    assert client.get(address, headers=signed_in(town, "township", place=UNIT) | _IMG).status_code == 404
    # What a restore without the drawn files brings back is drawn when it is asked for.
    for file in store.path_of(row["sha256"]).parent.glob("*.jpg"):
        file.unlink()
    assert client.get(address, headers=who).status_code == 200


def test_what_breaks_off_in_the_middle_is_told_as_unreadable(town: Database, client: TestClient, who: dict[str, str]):
    whole = photograph("blue", (1200, 900))
    row = _send(client, who, whole[: len(whole) // 2]).json()
    visit = {"visit_id": "6f0a4f6e-6c1e-4d57-9f0e-2f4c0f6f8a01", "building_id": "H1", "visited_at": "2022-09-08T09:30:00+08:00",
             "photographs": [row["sha256"]]}  # fmt: skip
    assert client.post("/api/visits", json=visit, headers=who).status_code == 201
    page = who | {"accept": "text/html"}
    assert "照片待校验 1 张" in client.get("/house/H1", headers=page).text
    assert check.check_waiting() == 1
    assert town.one("SELECT state FROM gis.attachment") == "unreadable"
    assert "照片不能读 1 张" in client.get("/house/H1", headers=page).text
    address = f"/api/attachments/{row['sha256']}"
    assert "不能读" in client.get(address, headers=who | _IMG).text
    assert client.get(address + "?lang=en", headers=who).json()["error"]["details"] == {"state": "unreadable"}
    # A step of a case takes it for no evidence.
    opened = client.post("/api/cases?lang=en", headers=who, json={
        "building_id": "H1", "kind": "structure", "reason": "裂缝", "evidence": [row["sha256"]],
    })  # fmt: skip
    assert (opened.status_code, "cannot be read" in opened.text) == (422, True), opened.text


def test_a_file_that_was_changed_or_is_missing(town: Database, client: TestClient, who: dict[str, str]):
    changed, missing = (_send(client, who, photograph(color)).json()["sha256"] for color in ("red", "green"))
    store.path_of(changed).write_bytes(photograph("black"))
    kept = store.path_of(missing).read_bytes()
    store.path_of(missing).unlink()
    assert check.check_waiting() == 1
    assert dict(town.ask("SELECT sha256, state FROM gis.attachment")) == {changed: "unreadable", missing: "waiting"}
    store.path_of(missing).write_bytes(kept)
    assert check.check_waiting() == 1


def test_many_pass_in_order(town: Database, client: TestClient, who: dict[str, str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(check, "_AT_ONCE", 2)
    for k in range(5):
        _send(client, who, photograph("red", (20 + k, 20)))
    assert check.check_waiting() == 5


def test_the_worker_hears_of_them(town: Database, client: TestClient, who: dict[str, str], tmp_path: Path):
    """As the worker listens: what is stored wakes it."""
    import psycopg2

    connection = psycopg2.connect(town.url("postgres"))
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("LISTEN gis_job")
        _send(client, who, photograph("red"))
        cursor.execute("SELECT 1")
    assert [n.channel for n in connection.notifies] == ["gis_job"]
    connection.close()
    assert "chores" in worker.Worker()._wake
    assert picture.glance(photograph("red", (30, 20))) == ("image/jpeg", 30, 20)
