"""Take the README's pictures: the main pages of the demo as each role sees them, in headless Chromium.

    .venv/bin/python scripts/pictures.py [FOLDER]      the demo must be served: make run

Passwords are those of the demo accounts that ``make run`` prints; simulated data says so on every picture.
"""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from gis_service.settings import ROOT, get_settings
from scripts.chromium import find

HOME = f"http://{get_settings().host}:{get_settings().port}"
TOWN = "#map=16/24.5105/107.3720"
# Picture, account, path, width, height, what to click before.
PICTURES = [
    ("county", "demo-auditor", "/", 1366, 768, None),
    ("planner", "demo-planner", f"/map/planner{TOWN}", 1366, 768, None),
    ("planner-list", "demo-planner", f"/map/planner{TOWN}", 1366, 768, "#tab-list"),
    ("fire", "demo-fire", "/map/fire", 1366, 768, None),
    ("demo-cluster", "demo-fire", "/map/fire/1", 1366, 768, None),
    ("township", "demo-township", "/", 1366, 768, None),
    ("township-phone", "demo-township", "/", 375, 812, None),
    ("sign-in", None, "/sign-in", 1366, 768, None),
]


def main() -> None:
    """Take all pictures."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    lines = (get_settings().data_dir / "demo-accounts.txt").read_text(encoding="utf-8").splitlines()
    passwords = {part[0]: part[1] for part in (line.split() for line in lines) if len(part) >= 2}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=["--no-sandbox", "--disable-gpu"])
        for name, account, path, width, height, click in PICTURES:
            _take(browser, folder / f"{name}.png", account, passwords, path, (width, height), click)
            print(folder / f"{name}.png")


def _take(
    browser: Browser, file: Path, account: str | None, passwords: dict[str, str], path: str, size: tuple[int, int],
    click: str | None,
) -> None:  # fmt: skip
    page = browser.new_page(viewport={"width": size[0], "height": size[1]}, locale="zh-CN")
    if account is not None:
        page.goto(f"{HOME}/sign-in")
        page.fill("input[name=name]", account)
        page.fill("input[name=password]", passwords[account])
        page.click("button[type=submit]")
        page.wait_for_load_state("networkidle")
    page.goto(HOME + path, wait_until="networkidle")
    if click:
        page.click(click)
    page.wait_for_timeout(1500)
    page.screenshot(path=file)
    page.context.close()


if __name__ == "__main__":
    main()
