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

MOST_BYTES = 14_000
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
    for name in ("talk.mp3", "my talk.wav"):
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


def complete_in_bash(folder: Path, place: Path, words: list[str]) -> list[str]:
    """Return what bash would offer for the last of `words`."""
    ask = (
        'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); '
        'read -r -a found < <(complete -p transcriber); function="${found[-2]}"; '
        '"$function" 2>&-; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", ask, "bash", folder / COMPLETIONS["bash"], *words],
        cwd=place,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split("\n")[:-1]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["mod"], {"models"}),
        (["t"], {"talk.mp3", "talks"}),
        ([r"my\ t"], {"my talk.wav"}),
        (["talk.mp3", "--quiet", "t"], {"talk.mp3", "talks"}),
        (["--output_f"], {"--output_format"}),
        (["--language", "d"], {"da", "de"}),
        (["--language", "de", "ta"], {"talk.mp3", "talks"}),
        (["--device", "c"], {"cpu", "cuda"}),
        (["--model", "tin"], {"tiny", "tiny.en"}),
        (["-f", "s"], {"srt"}),
        (["--word_timestamps", ""], {"True", "False"}),
        (["--output_dir", "t"], {"talks"}),
        (["models", "f"], {"fetch"}),
        (["models", "fetch", "tin"], {"tiny", "tiny.en"}),
        (["models", "list", "--j"], {"--json"}),
        (["doctor", "--backend", "s"], {"system"}),
        (["verify", "t"], {"talk.mp3", "talks"}),
        (["completion", ""], {*COMPLETIONS}),
    ],
    ids=str,
)
def test_bash_completes(folder: Path, place: Path, words: list[str], offered: set[str]) -> None:
    assert {*complete_in_bash(folder, place, ["transcriber", *words])} == offered


def test_bash_offers_subcommands_and_recordings_first(folder: Path, place: Path) -> None:
    offered = complete_in_bash(folder, place, ["transcriber", ""])
    assert {*offered} == {*SUBCOMMANDS, "talk.mp3", "talks", "my talk.wav"}
    assert {*complete_in_bash(folder, place, ["transcriber", "-"])} >= {*every_option()}


@pytest.mark.parametrize("name", COMPLETIONS)
def test_a_shell_reads_its_script(folder: Path, name: str) -> None:
    subprocess.run([shell(name), "-n", folder / COMPLETIONS[name]], check=True)


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("transcriber mod", {"models"}),
        ("transcriber --language=d", {"--language=da", "--language=de"}),
        ("transcriber t", {"talk.mp3", "talks/"}),
        ("transcriber models fetch tin", {"tiny", "tiny.en"}),
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


def test_man_has_nothing_to_complain_of(folder: Path) -> None:
    if shutil.which("groff"):
        words = ["groff", "-man", "-ww", "-z", "-Tutf8"]
    else:
        words = [shell("mandoc"), "-Tlint", "-Wwarning"]
    done = subprocess.run([*words, folder / MANUAL], capture_output=True, text=True, check=True)
    assert done.stdout + done.stderr == ""
