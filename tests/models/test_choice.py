"""Choosing a model at the first start, and keeping the choice."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest

from transcriber.models import choice
from transcriber.models.choice import ask_model, may_ask
from transcriber.models.preference import preference_path, remember_model, remembered_model
from transcriber.options import parse
from transcriber.settings import DEFAULT_MODEL


class Terminal(io.StringIO):
    """A stream that passes for a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("TRANSCRIBER_OFFLINE", raising=False)
    return tmp_path


def be_at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "_is_in_front", lambda: True)
    monkeypatch.setattr(sys, "stderr", Terminal())


def ask(monkeypatch: pytest.MonkeyPatch, answers: str, folder: Path) -> tuple[str, str]:
    shown = Terminal()
    monkeypatch.setattr(sys, "stdin", Terminal(answers))
    monkeypatch.setattr(sys, "stderr", shown)
    return ask_model(folder), shown.getvalue()


@pytest.mark.parametrize(
    ("answers", "model"),
    [
        ("\n", DEFAULT_MODEL),
        ("", DEFAULT_MODEL),
        ("1\n", "tiny"),
        ("base.en\n", "base.en"),
        ("turbo\n", "large-v3-turbo"),
        ("99\n0\nnonsense\n2\n", "base"),
    ],
)
def test_a_number_a_name_or_nothing(
    monkeypatch: pytest.MonkeyPatch, home: Path, answers: str, model: str
) -> None:
    chosen, shown = ask(monkeypatch, answers, home)
    assert chosen == model
    assert shown.count("Number or name [") == max(1, answers.count("\n"))


def test_the_sizes_are_told_and_what_is_there_already(
    monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    (home / "base.pt").touch()
    _, shown = ask(monkeypatch, "\n", home)
    lines = {line.split()[1]: line for line in shown.splitlines() if " MB" in line}
    assert list(lines) == ["tiny", "base", "small", "medium", "large-v3-turbo", "large-v3"]
    assert "483.6 MB" in lines["small"]
    assert "recommended" in lines["small"]
    assert [name for name, line in lines.items() if "already here" in line] == ["base"]


def test_the_choice_is_that_of_the_next_start(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    assert (parse(["a.wav"]).model, parse(["a.wav"]).model_is_open) == (DEFAULT_MODEL, True)
    remember_model("tiny")
    assert (parse(["a.wav"]).model, parse(["a.wav"]).model_is_open) == ("tiny", False)
    named = parse(["--model", "base", "a.wav"])
    assert (named.model, named.model_is_open) == ("base", False)


@pytest.mark.parametrize("content", [b"", b"no such model\n", b"\xff\xfe", b"x" * 10_000])
def test_a_damaged_choice_is_none(content: bytes) -> None:
    path = preference_path()
    assert path is not None
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    assert remembered_model() is None


def test_a_choice_that_cannot_be_kept_is_no_failure(home: Path) -> None:
    (home / "config").write_text("a file in the place of the folder")
    remember_model("tiny")
    assert remembered_model() is None


def test_no_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setenv("HOME", "/")
    remember_model("tiny")
    assert remembered_model() is None


def test_only_somebody_at_a_terminal_is_asked(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    be_at_a_terminal(monkeypatch)
    words = ["--model_dir", str(home), "a.wav"]
    assert may_ask(parse(words))
    for more in (["--offline"], ["--progress", "json"], ["--progress", "none"]):
        assert not may_ask(parse([*more, *words]))
    monkeypatch.setenv("TRANSCRIBER_OFFLINE", "1")
    assert not may_ask(parse(words))
    monkeypatch.delenv("TRANSCRIBER_OFFLINE")
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert not may_ask(parse(words))


def test_a_job_in_the_background_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = os.openpty()
    try:
        with open(theirs, closefd=False) as terminal:
            # It is the terminal of no process group, so not of this one.
            monkeypatch.setattr(sys, "stdin", terminal)
            assert terminal.isatty()
            assert not choice._is_in_front()
    finally:
        os.close(ours)
        os.close(theirs)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert not choice._is_in_front()


def test_a_model_that_is_there_is_taken_without_a_word(
    monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    be_at_a_terminal(monkeypatch)
    monkeypatch.setattr(choice, "locate", lambda name, folder: (name, folder))
    assert not may_ask(parse(["--model_dir", str(home), "a.wav"]))
