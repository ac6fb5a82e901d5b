"""Instructions are counted for the program alone, and nearly the same each time."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from benchmarks.measuring.callgrind import (
    ACTIONS,
    Valgrind,
    count_instructions,
    measure_instructions,
    provide_valgrind,
)
from buildkit.capture import capture
from buildkit.errors import InputError, SourceError, ToolError
from buildkit.places import build_cache
from buildkit.system_packages import unpack_packages
from buildkit.toolchain import provide_toolchain
from scripts.native_program import NATIVE_PROGRAM

LOOP = """\
int main(int count, char **words) {
    (void)words;
    for (int i = 0; i < 1000000 * (count - 1); ++i) __asm__ volatile("");
    return count > 3;
}
"""


@pytest.fixture(scope="module")
def valgrind() -> Valgrind:
    return provide_valgrind(build_cache())


@pytest.fixture(scope="module")
def loop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program that does a million turns for each of its words, and fails with three."""
    folder = tmp_path_factory.mktemp("loop")
    (folder / "loop.c").write_text(LOOP)
    cc = provide_toolchain(build_cache()).cc
    capture([cc, "-O1", "-o", folder / "loop", folder / "loop.c"])
    return folder / "loop"


@pytest.mark.slow
def test_instructions_are_those_of_the_program_whatever_is_around_it(
    valgrind: Valgrind, loop: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    commands = [[str(loop), *["word"] * number] for number in range(3)]
    before = [count_instructions(valgrind, command) for command in commands]
    assert 1_000_000 <= before[1] - before[0] <= 10_000_000
    assert abs((before[2] - before[1]) - (before[1] - before[0])) < 1000
    monkeypatch.setenv("A_LONG_VARIABLE", "x" * 50_000)
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = tmp_path / ("a folder with a long name " * 5)
    folder.mkdir()
    monkeypatch.chdir(folder)
    assert [count_instructions(valgrind, command) for command in commands] == before
    with pytest.raises(ToolError, match="valgrind cannot count the instructions of loop"):
        count_instructions(valgrind, [loop, "a", "b", "c"])


@pytest.mark.slow
def test_the_native_program_starts_in_as_many_instructions_each_time() -> None:
    first, second = (
        {one.name: one.value for one in measure_instructions(NATIVE_PROGRAM, build_cache(), runs=3)}
        for _ in range(2)
    )
    assert list(first) == [f"count/{action}/instructions" for action in ACTIONS]
    for name, value in first.items():
        assert second[name] == pytest.approx(value, rel=0.004)
    # Help builds the parser of all options; the version does not.
    assert first["count/--version/instructions"] * 1.5 < first["count/--help/instructions"]


def test_what_is_missing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match=r"there is no .*: run make native"):
        measure_instructions(tmp_path / "transcriber.bin", tmp_path)
    monkeypatch.setattr("benchmarks.measuring.callgrind.install", lambda packages: False)
    for name in ("true", "env"):
        (tmp_path / name).symlink_to(str(shutil.which(name)))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolError, match=r"no valgrind that runs here: .* no apt-get"):
        provide_valgrind(tmp_path / "cache")


@pytest.mark.slow
def test_valgrind_is_unpacked_where_it_cannot_be_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, loop: Path, valgrind: Valgrind
) -> None:
    try:
        unpack_packages(["valgrind"], tmp_path / "valgrind")
    except SourceError as error:
        pytest.skip(str(error))
    tools = tmp_path / "valgrind/usr/libexec/valgrind"
    monkeypatch.setattr("benchmarks.measuring.callgrind.shutil.which", lambda name: None)
    found = provide_valgrind(tmp_path)
    assert found == Valgrind(program=tmp_path / "valgrind/usr/bin/valgrind", tools=tools)
    assert count_instructions(found, [loop]) == pytest.approx(
        count_instructions(valgrind, [loop]), rel=0.01
    )
