"""A real browser (Debian's Chromium) against the real service over the demo county; every fault of a page is kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page, Request

from gis_service.db.server import Server
from tests.conftest import Database, serving, session_of


@pytest.fixture(scope="session")
def analysed(server: Server, analysed_demo: str, front_end: None) -> Iterator[Database]:
    """The demo county with a selection and a density run."""
    with Database(server, analysed_demo).active() as database:
        yield database


@pytest.fixture(scope="session")
def address(analysed: Database, app: FastAPI) -> Iterator[str]:
    """The service, on a free port."""
    with serving(app) as address:
        yield address


def at_rest(page: Page) -> None:
    """Wait until the map neither moves nor loads tiles: a click before that would meet another place, or nothing."""
    page.wait_for_function(
        """() => {
            const map = gis.maps.map;
            let busy = Boolean(map._animatingZoom || (map._panAnim && map._panAnim._inProgress));
            map.eachLayer((layer) => { busy = busy || Boolean(layer.isLoading && layer.isLoading()); });
            return !busy;
        }"""
    )


@dataclass
class Watched:
    """A page and all that went wrong in it or left it."""

    page: Page
    faults: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def clean(self) -> None:
        assert self.faults == []
        assert self.outside == []


@pytest.fixture
def watch(browser: Browser, request: pytest.FixtureRequest) -> Iterator[object]:
    """Open watched pages: ``watch(address, width, height)``; by an administrator, or ``role=None`` by nobody yet."""
    contexts = []

    def make(
        home: str = "",
        width: int = 1366,
        height: int = 768,
        offline: bool = False,
        role: str | None = "administrator",
        touch: bool = False,
        **place: str,
    ) -> Watched:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            offline=offline,
            locale="zh-CN",
            has_touch=touch,
            is_mobile=touch,
        )
        contexts.append(context)
        if home and role:
            opened = session_of(request.getfixturevalue("analysed"), role, **place)
            context.add_cookies([{"name": "gis_session", "value": opened.secret, "url": home}])
        page = context.new_page()
        watched = Watched(page)
        page.on("pageerror", lambda error: watched.faults.append(str(error)))

        def said(message: ConsoleMessage) -> None:
            if message.type == "error":
                watched.faults.append(message.text)

        def asked(dialog: Dialog) -> None:
            watched.faults.append(f"dialog {dialog.message}")
            dialog.dismiss()

        def requested(request: Request) -> None:
            if not request.url.startswith((home or "file:", "data:", "blob:", "file:")):
                watched.outside.append(request.url)

        page.on("console", said)
        page.on("dialog", asked)
        page.on("request", requested)
        return watched

    yield make
    for context in contexts:
        context.close()
