"""The modules that need no browser, run by node."""

from __future__ import annotations

from pathlib import Path

import pytest

from page.tools import HERE, no_node, node

pytestmark = pytest.mark.skipif(bool(no_node()), reason=no_node())


@pytest.mark.parametrize(
    "path", sorted((HERE / "modules").glob("*.mjs")), ids=lambda path: path.stem
)
def test_modules_do_what_they_say(path: Path) -> None:
    # Before node 22, only this flag makes modules of .js files without a package.json.
    done = node("--experimental-detect-module", "--test", path, timeout=60)

    assert done.returncode == 0, done.stdout + done.stderr
