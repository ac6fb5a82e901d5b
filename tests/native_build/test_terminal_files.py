"""The manual and completion, as the build makes them, in the programs that use them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from native_build.terminal_files import whole_parser, write_terminal_files
from scripts.layout import NATIVE
from transcriber.commands.terminal_files import COMPLETIONS, MANUAL
from transcriber.environment import VARIABLES
from transcriber.exit_codes import exit_codes
from transcriber.languages import language_names
from transcriber.models.registry import official_models
from transcriber.options.parser import make_parser
from transcriber.subcommands import SUBCOMMANDS

MOST_BYTES = 20_100
"""Of all files, packed with what Python brings. zstd in an AppImage leaves a tenth less."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("terminal")
    write_terminal_files(made)
    return made


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return a folder to complete in."""
    (tmp_path / "talks").mkdir()
    for name in ("talk.mp3", "my talk.wav", "list.txt"):
        (tmp_path / name).touch()
    return tmp_path


def shell(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def every_option() -> list[str]:
    return [name for action in make_parser()._actions for name in action.option_strings]


def test_the_files_are_small(folder: Path) -> None:
    content = b"".join((folder / name).read_bytes() for name in (MANUAL, *COMPLETIONS.values()))
    assert {path.name for path in folder.iterdir()} == {MANUAL, *COMPLETIONS.values()}
    assert len(zlib.compress(content, 9)) <= MOST_BYTES


def test_they_are_of_no_machine_and_no_day(folder: Path, tmp_path: Path) -> None:
    places = [str(NATIVE.parent), str(Path.home() / ".cache")]
    again = subprocess.run(
        [sys.executable, "-m", "native_build.terminal_files", tmp_path],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(path or "." for path in sys.path),
            "PYTHONHASHSEED": "7",
            "HOME": "/home/another",
            "XDG_CACHE_HOME": "/elsewhere",
            "COLUMNS": "50",
            "SOURCE_DATE_EPOCH": "1",
        },
        check=False,
    )
    assert again.returncode == 0
    for path in folder.iterdir():
        text = path.read_text(encoding="utf-8")
        assert (tmp_path / path.name).read_text(encoding="utf-8") == text, path.name
        assert not any(place in text for place in places)
        assert not re.search(r"\b20\d\d-\d\d-\d\d", text)


def test_a_parser_of_everything_parses_as_ours_does() -> None:
    whole, ours = whole_parser(recordings=True), make_parser()
    names = {name for action in whole._actions for name in action.option_strings}
    assert names == {name for action in ours._actions for name in action.option_strings}


@pytest.mark.parametrize("name", COMPLETIONS)
def test_every_script_has_all_options_and_choices(folder: Path, name: str) -> None:
    script = (folder / COMPLETIONS[name]).read_text(encoding="utf-8")
    names = every_option()
    if name == "fish":
        names = [re.sub("^--?", lambda sign: f"-{'sl'[len(sign[0]) - 1]} ", one) for one in names]
    for word in (*names, *SUBCOMMANDS, *official_models(), *language_names(), "int8", "vtt"):
        assert re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", script), word


@pytest.mark.parametrize("name", COMPLETIONS)
def test_a_shell_reads_its_script(folder: Path, name: str) -> None:
    subprocess.run([shell(name), "-n", folder / COMPLETIONS[name]], check=True)


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("transcriber mod", {"models"}),
        ("transcriber --language=ger", {"--language=german"}),
        ("transcriber t", {"talk.mp3", "talks/"}),
        ("transcriber models fetch tin", {"tiny", "tiny.en"}),
        ("transcriber @li", {"@list.txt"}),
        ("transcriber h", {"help"}),
        ("transcriber help m", {"man", "models", "my talk.wav"}),
        ("transcriber --quiet m", {"my talk.wav"}),
        ("transcriber --hotwords doctor --model_d", {"--model_dir"}),
        ("transcriber --model tu", {"turbo"}),
        ("transcriber --model tal", {"talk.mp3", "talks/"}),
    ],
)
def test_fish_completes(folder: Path, place: Path, line: str, offered: set[str]) -> None:
    ask = "source $argv[1]; complete -C $argv[2]"
    done = subprocess.run(
        [shell("fish"), "--no-config", "-c", ask, folder / COMPLETIONS["fish"], line],
        cwd=place,
        env={**os.environ, "HOME": str(place)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert {row.partition("\t")[0] for row in done.stdout.splitlines()} == offered


def test_the_manual_has_everything(folder: Path) -> None:
    page = (folder / MANUAL).read_text(encoding="utf-8").replace("\\-", "-")
    page = re.sub(r"\\f[BIR]|\\[,/]", "", page)
    assert page.startswith('.TH TRANSCRIBER "1" "" "transcriber ')
    sections = re.findall(r"^\.SH (.+)$", page, flags=re.MULTILINE)
    assert sections[:3] == ["NAME", "SYNOPSIS", "DESCRIPTION"]
    assert {"EXIT STATUS", "ENVIRONMENT", "FILES", "EXAMPLES"} <= {*sections}
    for name in ({*every_option()} - {"--help", "-h"}) | {*VARIABLES, *map(str, exit_codes())}:
        assert re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", page), name
    for name in SUBCOMMANDS:
        assert f"transcriber {name}" in page


def test_the_manual_says_everything_once(folder: Path) -> None:
    page = (folder / MANUAL).read_text(encoding="utf-8").replace("\\-", "-")
    plain = re.sub(r"\\f[BIR]|\\[,/&]", "", page)
    assert "usage:" not in page
    assert plain.count("the official models and what is stored") == 1
    for line in (
        "-f, --output_format FORMAT,...",
        "-V, --version",
        "-o, --output_dir DIR",
        "--model_dir DIR",
        "NAME ...",
    ):
        assert f"\n{line}\n" in plain, line
    assert "--model-dir" not in plain


def test_the_manual_names_the_files_of_the_user_guide(folder: Path) -> None:
    page = (folder / MANUAL).read_text(encoding="utf-8").replace("\\-", "-")
    section = page.partition(".SH FILES\n")[2].partition(".SH")[0].replace(r"\(ti", "~")
    guide = (NATIVE.parent / "docs" / "user-guide.md").read_text(encoding="utf-8")
    names = re.findall(r"^\.B (.+)$", section, flags=re.MULTILINE)
    assert len(names) == 6
    assert [name for name in names if f"`{name}`" not in guide] == []
    assert ".SH SEE ALSO\n.BR ffmpeg (1)" in page


def test_man_has_nothing_to_complain_of(folder: Path) -> None:
    if shutil.which("groff"):
        words = ["groff", "-man", "-ww", "-z", "-Tutf8"]
    else:
        words = [shell("mandoc"), "-Tlint", "-Wwarning"]
    done = subprocess.run([*words, folder / MANUAL], capture_output=True, text=True, check=True)
    assert done.stdout + done.stderr == ""
