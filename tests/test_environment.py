"""The table of environment variables against what the sources read."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from conftest import REPOSITORY

from transcriber.doctor.machine import RELEVANT_VARIABLES
from transcriber.environment import VARIABLES, variable_lines

SOURCES = sorted((REPOSITORY / "transcriber").rglob("*.py"))

NO_VARIABLES = {
    # Set for ffmpeg, whatever they were.
    "AV_LOG_FORCE_COLOR",
    "AV_LOG_FORCE_NOCOLOR",
    # Set for what tells of sources.
    "LC_ALL",
    # Names of sysconf, of a failure, of a format, of a line in a file, of constants.
    "CS_GNU_LIBC_VERSION",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "PRETTY_NAME",
    "S16_LE",
    "SAMPLE_RATE",
    "SC_PAGE_SIZE",
    "SC_PHYS_PAGES",
    "TYPE_CHECKING",
    # A type of text, as the X server has it.
    "UTF8_STRING",
}
"""What is written as variables are and is none that is read."""

BY_LIBRARIES = {"http_proxy", "https_proxy", "no_proxy", "TMPDIR"}
"""What the standard library reads for the program: urllib and tempfile."""

SPELLED = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+")


def texts(tree: ast.AST) -> Iterator[str]:
    """Yield the texts that are whole words, those of lists among them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def looked_up(tree: ast.AST) -> Iterator[str]:
    """Yield what is read of something that is called an environment, or handed to `named`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args:
            what, key = ast.unparse(node.func), node.args[0]
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
            what, key = f"{ast.unparse(node.value)}.get", node.slice
        else:
            continue
        reads = re.search(r"environ\w*\.get$|getenv$|\.named$|_configured$", what)
        if reads and isinstance(key, ast.Constant) and isinstance(key.value, str):
            yield key.value


def read_by(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {*filter(SPELLED.fullmatch, texts(tree)), *looked_up(tree)} - NO_VARIABLES


def test_every_variable_that_the_sources_read_is_in_the_table() -> None:
    table = REPOSITORY / "transcriber/environment.py"
    found = {name: path for path in SOURCES if path != table for name in read_by(path)}
    assert {name: path for name, path in found.items() if name not in VARIABLES} == {}


def test_the_table_has_nothing_else() -> None:
    table = REPOSITORY / "transcriber/environment.py"
    found = {name for path in SOURCES if path != table for name in read_by(path)}
    assert set(VARIABLES) - found == BY_LIBRARIES


def test_no_variable_of_ours_is_only_mentioned() -> None:
    ours = re.compile(r"TRANSCRIBER_[A-Z_]+")
    found = {name for path in SOURCES for name in ours.findall(path.read_text(encoding="utf-8"))}
    assert found == {name for name in VARIABLES if name.startswith("TRANSCRIBER_")}


def test_a_meaning_is_one_short_line() -> None:
    for name, meaning in variable_lines():
        assert len(meaning) <= 64, name
    assert [*VARIABLES] == [name for names, _ in variable_lines() for name in names.split(", ")]


def test_the_doctor_shows_those_of_this_program() -> None:
    ours = [name for name in VARIABLES if name.startswith(("TRANSCRIBER_", "OMP_", "CUDA_"))]
    assert all(map(RELEVANT_VARIABLES.fullmatch, ours))
