"""The page in real browsers, against a stand-in for the service."""

from __future__ import annotations

from pathlib import Path

import pytest

from page.tools import HERE, no_browser, node

pytestmark = pytest.mark.slow

SHARED = {"browser", "launching"}
"""What scenarios import."""

SCENARIOS = sorted(path for path in (HERE / "scenarios").glob("*.mjs") if path.stem not in SHARED)

BROWSERS = [
    pytest.param(name, marks=pytest.mark.skipif(bool(no_browser(name)), reason=no_browser(name)))
    for name in ("chromium", "firefox")
]


@pytest.mark.parametrize("browser", BROWSERS)
@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_scenario(path: Path, browser: str) -> None:
    done = node(path, timeout=300, browser=browser)
    # What a scenario measured: shown by pytest -rP.
    print(done.stdout)

    assert done.returncode == 0, done.stdout + done.stderr
