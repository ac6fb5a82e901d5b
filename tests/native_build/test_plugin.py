"""The line numbers that the bytecode keeps; the rest of the plugin runs with Nuitka only."""

from __future__ import annotations

import ast
import subprocess
import sys
import textwrap
import traceback
from collections.abc import Callable, Collection
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import pytest

from native_build.freeze import PLUGIN

SOURCE = """\
import contextlib

def outer(value):

    def inner():
        if value:
            try:
                return [1 / one for one in (1, value - value)]
            finally:
                pass
        return None

    return inner()
"""


@pytest.fixture(scope="module")
def with_first_lines() -> Callable[[CodeType], CodeType]:
    return function_of_the_plugin("with_first_lines", "_NO_COLUMNS")


def function_of_the_plugin(name: str, needed: str) -> Callable[..., Any]:
    """Return a function of the plugin's file, which only Nuitka can import."""
    tree = ast.parse(PLUGIN.read_text())
    kept: list[ast.stmt] = [
        node
        for node in tree.body
        if (isinstance(node, ast.FunctionDef) and node.name == name)
        or (isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == needed)
    ]
    names: dict[str, Any] = {"CodeType": CodeType, "Collection": Collection}
    exec(compile(ast.Module(kept, []), str(PLUGIN), "exec", dont_inherit=True), names)  # noqa: S102
    function = names[name]
    assert isinstance(function, FunctionType)
    return function


def test_a_traceback_names_the_functions_and_where_they_begin(
    with_first_lines: Callable[[CodeType], CodeType],
) -> None:
    names: dict[str, Any] = {}
    exec(with_first_lines(compile(SOURCE, "frozen", "exec")), names)  # noqa: S102
    with pytest.raises(ZeroDivisionError) as caught:
        names["outer"](7)
    frames = [
        (frame.name, frame.lineno) for frame in traceback.extract_tb(caught.value.__traceback__)
    ]
    assert frames[1:] == [("outer", 3), ("inner", 5), ("<listcomp>", 8)]


def test_every_instruction_of_the_standard_library_has_a_line(
    with_first_lines: Callable[[CodeType], CodeType],
) -> None:
    for path in map(Path, (textwrap.__file__, traceback.__file__, subprocess.__file__)):
        whole = compile(path.read_text(), path.name, "exec")
        for code in all_codes(with_first_lines(whole)):
            assert len([*code.co_positions()]) == len(code.co_code) // 2
            assert {line for _, _, line in code.co_lines()} == {code.co_firstlineno}
        assert sum(len(code.co_linetable) for code in all_codes(with_first_lines(whole))) < sum(
            len(code.co_linetable) for code in all_codes(whole)
        )


def all_codes(code: CodeType) -> list[CodeType]:
    inner = [one for one in code.co_consts if isinstance(one, CodeType)]
    return [code, *(each for one in inner for each in all_codes(one))]


def test_which_modules_become_c() -> None:
    is_within = function_of_the_plugin("is_within", "Collection")
    assert is_within("transcriber", {"transcriber"})
    assert is_within("transcriber.cuda.fetch", {"transcriber.cuda"})
    assert not is_within("transcriber.cudart", {"transcriber.cuda"})
    assert not is_within("transcriber", {"transcriber.cuda"})
    assert not is_within("torch.transcriber", {"transcriber"})


MARSHALLED = """
print(marshal.dumps(compile("a = '{', '\\xe9', 'b', ' '", "frozen", "exec")).hex())
"""


def test_what_the_process_did_before_is_not_in_the_bytecode() -> None:
    tree = ast.parse(PLUGIN.read_text())
    (function,) = (
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name == "intern_characters"
    )
    call = f"{ast.unparse(function)}\nintern_characters()"
    assert "\nintern_characters()\n" in PLUGIN.read_text()

    def marshalled(before: str, then: str) -> str:
        program = f"import marshal, sys\n{before}\n{then}\n{MARSHALLED}"
        return subprocess.run(
            [sys.executable, "-I", "-c", program], check=True, capture_output=True, text=True
        ).stdout

    interned = "sys.intern('{')"
    assert marshalled("", "") != marshalled(interned, "")
    assert marshalled("", call) == marshalled(interned, call)


def test_it_is_python_of_the_release_whose_format_this_is() -> None:
    assert sys.version_info[:2] == (3, 11)
