"""Notices as a job: issued all or none, then printed; with owners where the asker may know them."""

from __future__ import annotations

from datetime import date
from typing import Any

from gis_service.accounts import audit_log
from gis_service.accounts.audit_log import Action
from gis_service.db.engine import transaction
from gis_service.jobs.task import Task
from gis_service.notices import issue, print


def notices(task: Task) -> dict[str, Any]:
    """Issue (``houses``) or print anew (``ids``), and write the file; the result names houses without owner's data."""
    given, who = task.parameters, task.identity
    ids = given.get("ids")
    with transaction(who) as connection:
        if ids is None:
            task.step("登记", "issuing", 0.05)
            until = given["until"] and date.fromisoformat(given["until"])
            wanted = issue.Ask(given["kind"], tuple(given["houses"]), given["number"], given["first"], until)
            ids = issue.issue(connection, who, wanted)
        papers = print.of_notices(connection, who, ids, owners=True)
        if given["format"] == "pdf":
            print.check_pdf(papers)
        if given.get("ids") is None:
            # Last: it holds the trail until the notices are stored, and what was read of owners stands there by then.
            about = {"kind": given["kind"], "notices": len(ids), "ids": ids}
            audit_log.append(connection, who, Action.NOTICED, f"{given['number']}{given['first']}号", **about)
    task.step("排版", "setting the pages", 0.3)
    task.file(f".{given['format']}").write_bytes(print.write(papers, given["format"]))
    for house in papers.blank[:50]:
        task.say(f"{house} 没有产权人信息，收件人留空。", f"{house}: no owner's data; a blank was printed.")
    return {"name": f"notices-{papers.kind}", "notices": len(ids), "ids": ids, "blank": papers.blank}
