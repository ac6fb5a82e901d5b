"""The page in a real Chromium, against a stand-in for the service."""

from __future__ import annotations

from pathlib import Path

import pytest

from page.tools import HERE, no_browser, node

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(no_browser()), reason=no_browser()),
]

SCENARIOS = sorted(set((HERE / "scenarios").glob("*.mjs")) - {HERE / "scenarios" / "browser.mjs"})


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_scenario(path: Path) -> None:
    done = node(path, timeout=180)

    assert done.returncode == 0, done.stdout + done.stderr
