"""The packed page: the same program and the same texts in fewer bytes."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from pygments.lexers import JavascriptLexer
from pygments.token import Comment, Error, Operator, Punctuation

pytest.importorskip("rjsmin", reason="the tools are older than the page's packing: make setup")
pytest.importorskip("rcssmin", reason="the tools are older than the page's packing: make setup")

from native_build.page_pack import pack_page, packed

PAGE = Path(__file__).resolve().parents[2] / "transcriber" / "page"
MODULES = sorted((PAGE / "js").glob("*.js"))


def words(text: str) -> list[str]:
    """Return what a module consists of, as another program reads JavaScript."""
    found = list(JavascriptLexer().get_tokens(text))
    assert not [value for kind, value in found if kind in Error], text[:300]
    joined: list[str] = []
    for kind, value in found:
        if kind in Comment or not value.strip():
            continue
        # Signs that follow each other are one token or several, by what is between them.
        joined += value if kind in Punctuation or kind in Operator else [value]
    return joined


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A packed page."""
    folder = tmp_path_factory.mktemp("packed") / "page"
    shutil.copytree(PAGE, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    pack_page(folder)
    return folder


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_module_says_the_same(path: Path) -> None:
    # Texts, patterns and templates among them.
    assert words(packed(path)) == words(path.read_text("utf-8"))


def test_what_is_packed_is_smaller_and_the_same_each_time(copy: Path) -> None:
    for path in sorted(copy.rglob("*")):
        source = PAGE / path.relative_to(copy)
        if path.is_file():
            assert path.stat().st_size <= source.stat().st_size
    before = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    pack_page(copy)
    assert {path: path.read_bytes() for path in before} == before
    whole = sum(path.stat().st_size for path in MODULES)
    assert sum(len(packed(path)) for path in MODULES) < 0.7 * whole


def test_texts_are_the_same(copy: Path) -> None:
    for path in sorted((PAGE / "locales").glob("*.json")):
        assert json.loads((copy / "locales" / path.name).read_text("utf-8")) == json.loads(
            path.read_text("utf-8")
        )


@pytest.mark.skipif(not shutil.which("node"), reason="there is no node in PATH")
def test_packed_modules_are_javascript(copy: Path, tmp_path: Path) -> None:
    names = [path.name for path in MODULES]
    # One process for all; its loader reads each as a module and runs none.
    check = tmp_path / "check.mjs"
    check.write_text(
        "import { readFileSync } from 'node:fs'; import vm from 'node:vm';\n"
        f"for (const name of {json.dumps(names)})\n"
        f"  new vm.SourceTextModule(readFileSync('{copy}/js/' + name, 'utf8'));\n"
    )
    done = subprocess.run(
        ["node", "--experimental-vm-modules", check],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
