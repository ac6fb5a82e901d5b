"""The documentation as a site: what makes it is pinned, and finds no link that leads nowhere."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from documents import CHECKOUT, OUTSIDE

REQUIREMENTS = CHECKOUT / "requirements" / "docs.txt"
SETTINGS = CHECKOUT / "mkdocs.yml"


def test_every_requirement_is_pinned_by_version_and_digest() -> None:
    text = re.sub(r"\\\n", "", re.sub(r"(?m)^#.*\n", "", REQUIREMENTS.read_text()))
    lines = [line for line in text.splitlines() if line.strip()]
    assert lines
    for line in lines:
        assert re.fullmatch(r"[\w-]+==[\w.]+(\s+--hash=sha256:[0-9a-f]{64})+\s*", line), line


def test_every_document_is_a_page_of_the_site() -> None:
    text = SETTINGS.read_text()
    named = set(re.findall(r"(?m)^ *- (?:\w+: )?(\S+\.md)$", text))
    pages = {path.name for path in (CHECKOUT / "docs").glob("*.md")}
    assert named == {*pages, *OUTSIDE}


def test_links_are_checked_strictly() -> None:
    text = SETTINGS.read_text()
    assert "\nstrict: true\n" in text
    checks = re.findall(r"(?m)^    (\w+): (\w+)$", text)
    assert {name for name, _ in checks} >= {"not_found", "anchors", "unrecognized_links"}
    assert {level for _, level in checks} == {"warn"}


@pytest.mark.slow
def test_the_site_can_be_made() -> None:
    done = subprocess.run(
        ["make", "docs", f"PYTHON={sys.executable}"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (CHECKOUT / "build/docs/site/index.html").is_file()
