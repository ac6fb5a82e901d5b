from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

import pytest

from transcriber.commands.running import run_subcommand
from transcriber.environment import VARIABLES
from transcriber.errors import UsageError
from transcriber.exit_codes import exit_codes
from transcriber.options.command_line import parse
from transcriber.options.help_text import COMMON, full_help, short_help
from transcriber.options.parser import GROUPS, make_parser
from transcriber.subcommands import SUBCOMMANDS


@pytest.fixture(autouse=True)
def usual_width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def section(text: str, title: str) -> list[str]:
    return text.partition(f"\n{title}:\n")[2].partition("\n\n")[0].splitlines()


def test_every_option_is_in_exactly_one_group() -> None:
    parser = make_parser()
    groups = [group for group in parser._action_groups if group._group_actions]
    assert [group.title for group in groups] == ["what to transcribe", *GROUPS]
    counted = Counter(id(action) for group in groups for action in group._group_actions)
    assert counted == Counter(map(id, parser._actions))


def test_the_help_fits_a_screen() -> None:
    lines = short_help(make_parser()).splitlines()
    assert len(lines) <= 30
    assert max(map(len, lines)) < 80
    assert "transcriber --help-all" in lines[-1]
    assert sum("usage" in line for line in lines) == 1


def test_the_help_has_the_common_options_and_all_subcommands() -> None:
    text = short_help(make_parser())
    for name in (*COMMON, *SUBCOMMANDS):
        assert f" {name} " in text
    assert all(f"\n  {name} " in text for name in SUBCOMMANDS)


@pytest.mark.parametrize("columns", ["80", "120"])
def test_everything_is_in_the_full_help(monkeypatch: pytest.MonkeyPatch, columns: str) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    text = full_help(make_parser())
    assert text.startswith("usage: transcriber [OPTION ...] RECORDING ...\n\n")
    assert max(map(len, text.splitlines())) < int(columns)
    for title, add in GROUPS.items():
        group = argparse.ArgumentParser(add_help=False).add_argument_group(title)
        add(group)
        lines = section(text, title)
        for action in group._group_actions:
            for name in action.option_strings:
                assert any(f" {name} " in f"{line.replace(',', ' ')} " for line in lines), name


def test_the_tables_are_in_the_full_help() -> None:
    text = full_help(make_parser())
    codes = " ".join(section(text, "exit codes"))
    assert all(f" {code}" in codes for code in exit_codes())
    variables = " ".join(section(text, "environment variables"))
    assert all(f" {name}" in variables for name in VARIABLES)
    assert len(section(text, "sub-commands")) >= len(SUBCOMMANDS)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--help"], short_help),
        (["-h", "a.wav"], short_help),
        (["a.wav", "--help"], short_help),
        (["--help-all"], full_help),
        (["a.wav", "--help_all"], full_help),
    ],
)
def test_what_asks_for_help(
    words: list[str], expected: object, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        parse(words)
    assert caught.value.code == 0
    assert callable(expected)
    assert capsys.readouterr() == (expected(make_parser()), "")


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_every_subcommand_has_a_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        run_subcommand(name, ["--help"])
    assert caught.value.code == 0
    text = capsys.readouterr().out
    assert text.startswith(f"usage: transcriber {name}")
    assert SUBCOMMANDS[name] in text


@pytest.mark.parametrize("name", ["help", "help_all", "version", "no_defaults"])
def test_help_has_no_default(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "whisper-transcriber" / "defaults"
    path.parent.mkdir()
    path.write_text(f"{name} = True\n")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    with pytest.raises(UsageError, match="no option that may have a default"):
        parse(["a.wav"])
