"""Fields of templates, ours and a county's own docx, and what of a docx is refused."""

from __future__ import annotations

import io
import zipfile

import docx as python_docx
import pytest
from docx.enum.style import WD_STYLE_TYPE
from hypothesis import given, settings
from hypothesis import strategies as st

from gis_service.errors import InputError
from gis_service.notices.fields import check_docx, fill_docx, filled
from gis_service.notices.texts import FIELDS, PAPERS, template
from gis_service.paper import docx
from gis_service.paper.blocks import Document
from tests.conftest import signed_in
from tests.notices.conftest import done
from tests.notices.test_notices import ASK, text_of
from tests.record.conftest import TOWN


def saved(document):
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def made(*runs):
    """A docx whose one paragraph has these runs, as an editor cuts them."""
    document = python_docx.Document()
    paragraph = document.add_paragraph()
    for run in runs:
        paragraph.add_run(run)
    return saved(document)


@pytest.mark.parametrize("kind", PAPERS)
def test_ours_name_known_fields_and_go_round(kind):
    content = docx.write(Document("模板", template(kind), "2022-01-01", numbered=False))
    assert check_docx(content) <= set(FIELDS)
    values = {name: f"〔{name}〕" for name in FIELDS}
    said = text_of(fill_docx(content, [values, values], title="x", author="y", made_on="2022-01-01"))
    assert "{{" not in said
    assert said.count("〔文号〕") == 2


@settings(deadline=None)
@given(st.text(st.sampled_from("ab{}文号 "), max_size=12), st.data())
def test_a_field_is_found_however_an_editor_cuts_it(around, data):
    whole = f"前{{{{文号}}}}{around.replace('{', '').replace('}', '')}{{{{ 期限 }}}}后"
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=6)))
    runs = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    values = dict.fromkeys(FIELDS, "") | {"文号": "1号{{x}}", "期限": "明天<b>"}
    out = python_docx.Document(io.BytesIO(fill_docx(made(*runs), [values], title="", author="", made_on="2022-01-01")))
    expected = f"前1号{{{{x}}}}{around.replace('{', '').replace('}', '')}明天<b>后"
    assert "".join(p.text for p in out.paragraphs) == expected


def test_unknown_field_is_named_with_its_place():
    document = python_docx.Document()
    document.add_paragraph("一")
    document.add_paragraph("致{{业主}}：")
    with pytest.raises(InputError) as refused:
        check_docx(saved(document))
    assert "第 2 段" in refused.value.zh
    assert "{{业主}}" in refused.value.zh
    assert "收件人" in refused.value.zh
    with pytest.raises(InputError):
        filled("{{x}}", dict.fromkeys(FIELDS, ""))


def _with(content, name, data):
    out = io.BytesIO(content)
    with zipfile.ZipFile(out, "a") as package:
        package.writestr(name, data)
    return out.getvalue()


def _linked():
    document = python_docx.Document()
    document.part.relate_to(
        "http://example.org/x.png",
        "http://schemas.openxmlformats.org/officeDocument/2006/relationships/image",
        is_external=True,
    )
    return saved(document)


def _headed():
    document = python_docx.Document()
    document.sections[0].footer.paragraphs[0].text = "{{文号}}"
    return saved(document)


@pytest.mark.parametrize(
    "content",
    [b"", b"no docx", b"PK\x03\x04", _with(made("x"), "word/vbaProject.bin", b"x"), _with(made("x"), "word/big.xml", b"0" * 21_000_000),
     _with(made("x"), "word/embeddings/oleObject1.bin", b"x"), _linked(), _headed(), b"PK" + b"x" * 2_000_001],
    ids=["nothing", "text", "cut", "macros", "bomb", "embedded", "linked", "in the footer", "large"],
)  # fmt: skip
def test_what_no_template_is(content):
    with pytest.raises(InputError) as refused:
        check_docx(content)
    assert refused.value.zh.count("。") == 1


def test_a_county_words_them_itself(noticed, client):
    county, town = signed_in(noticed, "planner"), signed_in(noticed, "township", place=TOWN)
    own = python_docx.Document()
    own.styles.add_style("本县", WD_STYLE_TYPE.PARAGRAPH).font.name = "楷体"
    own.add_paragraph("本县自己的通知 {{文号}}，请 {{收件人}} 于 {{期限}} 前办理。", style="本县")
    own.add_table(1, 1).cell(0, 0).text = "房屋 {{房屋编号}}"
    send = {"Content-Type": "application/octet-stream"}
    assert client.post("/api/templates/appraise", headers=town | send, content=saved(own)).status_code == 403
    bad = client.post("/api/templates/appraise", headers=county | send, content=made("{{不知道}}"))
    assert bad.status_code == 422
    assert "不知道" in bad.json()["error"]["message"]
    kept = client.post("/api/templates/appraise", headers=county | send, content=saved(own))
    assert kept.json() == {"kind": "appraise", "fields": ["房屋编号", "收件人", "文号", "期限"]}
    refused = done(client, town, client.post("/api/notices", headers=town, json=ASK | {"format": "pdf"}))
    assert "只能生成 docx" in refused["said"]
    assert noticed.one("SELECT count(*) FROM gis.notice") == 0, "not issued where it cannot be printed"
    job = done(client, town, client.post("/api/notices", headers=town, json=ASK))
    content = client.get(job["file"], headers=town).content
    said = text_of(content)
    assert said.count("本县自己的通知") == 2
    assert "房屋 H1" in said
    assert "房屋 H2" in said
    assert {p.style.name for p in python_docx.Document(io.BytesIO(content)).paragraphs if p.text} == {"本县"}
    assert "本县自己的通知" in text_of(client.get("/api/templates/appraise", headers=town).content)
    assert client.post("/api/templates/appraise/reset", headers=county, json={}).status_code == 201
    assert "房屋安全鉴定通知书" in text_of(client.get("/api/templates/appraise", headers=town).content)
