"""Two browsers for the tests of the page, and node, which drives them, from package registries."""

from __future__ import annotations

import os
import platform
import re
import shutil
from collections.abc import Callable

from buildkit.commands import last_line, run, run_quietly, say
from buildkit.errors import BuildError, SourceError, ToolError
from buildkit.files import make_directory
from buildkit.places import CHECKOUT
from buildkit.system_packages import unpack_packages
from scripts.environment import (
    INSTALL,
    check,
    digest,
    only_one,
    provide_environment,
    read_stamp,
    write_stamp,
)
from scripts.layout import BROWSERS, FIREFOX, NODE

REQUIREMENTS = CHECKOUT / "requirements" / "node.txt"
PAGE_TESTS = CHECKOUT / "tests" / "page"
PACKAGES = (PAGE_TESTS / "package.json", PAGE_TESTS / "package-lock.json")
"""What npm installs: Chromium, what drives browsers, and what judges accessibility."""

LAUNCHING = PAGE_TESTS / "scenarios" / "launching.mjs"
"""Starts a browser and tells its version."""

STAMP = "set-up.json"
"""Written last into each folder: what the finished browser was made from."""

_RETRIES = ("--fetch-retry-mintimeout=2000", "--fetch-retry-maxtimeout=10000")
"""npm waits a minute and more where it reaches nothing."""

_START = 120.0
"""Seconds for the first start of a browser, which Chromium's unpacking is a part of."""

_INSTALLATION = 600.0
"""Seconds for npm; the packages are some eighty megabytes."""


def provide_browsers() -> None:
    """See to it that the tests of the page have node, Chromium and Firefox where they can be had.

    What is lacking is said, and its tests are skipped: all the rest does without.

    Raises
    ------
    BuildError
        When ``.venv`` cannot be made.
    """
    provide_environment()
    with only_one():
        # Firefox is driven by what comes with Chromium.
        if _had("node and Chromium", _provide_chromium):
            _had("Firefox", _provide_firefox)


def _had(what: str, provide: Callable[[], None]) -> bool:
    try:
        provide()
    except BuildError as error:
        say(f"no {what} for the tests of the page, which are skipped: {error}")
        return False
    return True


def _provide_chromium() -> None:
    wanted = {"packages": digest([REQUIREMENTS, *PACKAGES]), "place": str(BROWSERS)}
    if read_stamp(BROWSERS / STAMP) == wanted:
        return
    say("getting node and Chromium for the tests of the page")
    shutil.rmtree(BROWSERS, ignore_errors=True)
    make_directory(BROWSERS)
    wheels = ("--quiet", "--only-binary", ":all:", "--target", BROWSERS)
    check(run([*INSTALL, *wheels, "-r", REQUIREMENTS]), "requirements/node.txt")
    for path in PACKAGES:
        shutil.copy(path, BROWSERS)
    npm = NODE.parents[1] / "lib/node_modules/npm/bin/npm-cli.js"
    words = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", *_RETRIES)
    code, output = run_quietly([NODE, npm, *words], directory=BROWSERS, limit=_INSTALLATION)
    if code:
        raise SourceError(f"npm could not install tests/page/package.json: {_reason(output)}")
    _start("chromium")
    write_stamp(BROWSERS / STAMP, wanted)


def _provide_firefox() -> None:
    # Not pinned: Debian keeps the last version only. apt checks it by Debian's keys.
    wanted = {"system": platform.freedesktop_os_release().get("VERSION_ID", "")}
    if read_stamp(FIREFOX / STAMP) == wanted:
        return
    unpack_packages(["firefox-esr"], FIREFOX)
    _start("firefox")
    write_stamp(FIREFOX / STAMP, wanted)


def _start(browser: str) -> None:
    code, output = run_quietly(
        [NODE, LAUNCHING],
        limit=_START,
        environment={**os.environ, "PAGE_BROWSER": browser, "PAGE_TOOLS": str(BROWSERS)},
    )
    if code:
        raise ToolError(f"{browser} does not start: {_reason(output)}")
    say(f"the tests of the page have {last_line(output)}")


def _reason(output: str) -> str:
    """Return the line that says what went wrong, of a trace of node's or a report of npm's."""
    found = re.search(r"(?m)^(?:npm error )?([A-Z]\w*Error\b.*|Error: .*)$", output)
    return found[1] if found else last_line(output)
