"""The files of the page: small, whole, and safe under its policy."""

from __future__ import annotations

import gzip
import re
import shutil
from pathlib import Path

import pytest

from page.page_source import PAGE, files, modules

LIMIT = 70_000
"""Bytes of all files, packed, in one gzip stream: what the smallest edition can afford."""

NAMESPACE = "http://www.w3.org/2000/svg"
"""The only address: a name by which browsers know SVG; nothing is fetched from it."""

FORBIDDEN = (
    "innerHTML",
    "outerHTML",
    "insertAdjacentHTML",
    "document.write",
    "eval(",
    "new Function",
    "DOMParser",
    'setAttribute("style"',
    "srcdoc",
    "createContextualFragment",
)
"""What makes markup or code out of text."""


def html() -> str:
    """Return the page's only markup."""
    return (PAGE / "index.html").read_text("utf-8")


def test_the_page_is_small(tmp_path: Path) -> None:
    packing = pytest.importorskip(
        "native_build.page_pack", reason="the tools are older: make setup"
    )
    for path in files():
        place = tmp_path / path.relative_to(PAGE)
        place.parent.mkdir(exist_ok=True)
        shutil.copy(path, place)
    packing.pack_page(tmp_path)
    packed = b"".join((tmp_path / path.relative_to(PAGE)).read_bytes() for path in files())

    assert len(gzip.compress(packed, 9)) <= LIMIT


def test_markup_holds_no_script_style_or_handler() -> None:
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", html(), re.I)
    assert all(" src=" in tag for tag in re.findall(r"<script[^>]*>", html()))


@pytest.mark.parametrize("name", sorted(modules()))
def test_modules_make_no_markup_and_no_code_of_text(name: str) -> None:
    source = modules()[name]

    assert not [word for word in FORBIDDEN if word in source]


def test_no_file_names_a_host() -> None:
    for path in files():
        addresses = re.findall(
            r"(?:https?|wss?|ftp):/{2}[^\s\"'`)]+|[\"'(]//\w[^\"')]*", path.read_text("utf-8")
        )

        assert set(addresses) <= {NAMESPACE}, path


def test_every_file_that_is_referred_to_exists() -> None:
    for target in re.findall(r'(?:href|src)="([^"#]+)"', html()):
        assert (PAGE / target).is_file(), target
    for name, source in modules().items():
        for target in re.findall(r'(?:(?:from|import)\s*\(?|new URL\()"(\.?/?[\w-]+\.js)"', source):
            assert (PAGE / "js" / target).is_file(), f"{name}: {target}"


def test_all_modules_are_loaded_at_once() -> None:
    # Found one by one, they would come one round trip after the other.
    named = re.findall(r'(?:modulepreload" href|module" src)="js/([^"]+)"', html())

    # A worker begins with its own, when a search does; most visits are not to the Live view.
    later = ["search-worker.js", *(name for name in modules() if name.startswith("live-"))]
    assert sorted([*named, *later]) == sorted(modules())


def test_every_symbol_is_drawn_and_used() -> None:
    drawn = set(re.findall(r'<symbol id="([^"]+)"', (PAGE / "icons.svg").read_text("utf-8")))
    source = "\n".join(modules().values())
    used = {
        name
        for pattern in (
            r'\bicon(?:Button)?\("([\w-]+)"',
            r'symbol: "([\w-]+)"',
            r'toggle\("\w+", "([\w-]+)"',
            r'icons\.svg#\$\{[^}]*\? "([\w-]+)"',
            r'\["\w+", "([\w-]+)"\][,\]]',
            r'(?:ok|note|problem): "([\w-]+)"',
        )
        for name in re.findall(pattern, source)
    }

    assert drawn == used


def test_style_sheets_use_the_classes_of_the_modules() -> None:
    style = re.sub(r"/\*.*?\*/", "", (PAGE / "style.css").read_text("utf-8"), flags=re.S)
    selectors = " ".join(re.findall(r"[^{}]+(?=\{)", style))
    source = "\n".join([*modules().values(), html()])
    words = set(re.findall(r"[\w-]+", source))

    # Made of a part and a name: page-files, state-done, level-ok.
    made = ("page-", "state-", "level-")
    unused = {
        name
        for name in re.findall(r"\.([a-zA-Z][\w-]*)", selectors)
        if name not in words and not name.startswith(made)
    }

    assert not unused
