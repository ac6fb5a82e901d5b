"""Choosing a model at the first start, and keeping the choice."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest

from transcriber.choosing import model as choice
from transcriber.choosing.model import ask_model, may_ask, offer_stored, stored_instead
from transcriber.download.progress import SilentReport
from transcriber.errors import OfflineError, UsageError
from transcriber.models.obtain import obtain
from transcriber.models.preference import preference_path, remember_model, remembered_model
from transcriber.models.registry import official_models
from transcriber.options.command_line import parse
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
    assert shown.count("Number or name [") == answers.count("\n")


@pytest.mark.parametrize("answers", ["", "nonsense\n"])
def test_an_end_of_the_input_chooses_none(
    monkeypatch: pytest.MonkeyPatch, home: Path, answers: str
) -> None:
    with pytest.raises(UsageError, match="no model was chosen: name one with --model"):
        ask(monkeypatch, answers, home)


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


def store(folder: Path, *names: str) -> None:
    """Put files there that are as long as models, and take no room."""
    for name in names:
        model = official_models()[name]
        with (folder / model.file_name).open("wb") as stream:
            stream.truncate(model.size)


@pytest.mark.parametrize(
    ("here", "words", "instead"),
    [
        ([], [], None),
        (["base"], [], "base"),
        (["tiny", "base"], [], "base"),
        (["base", "medium"], [], "base"),
        (["medium", "large-v3"], [], "medium"),
        (["large-v3-turbo"], [], "large-v3-turbo"),
        # What is there needs no other.
        (["small", "base"], [], None),
        # They know English only, and what is said is not known yet.
        (["base.en"], [], None),
        (["base.en"], ["--language", "de"], None),
        (["base.en"], ["--language", "en"], "base.en"),
        (["base.en", "tiny"], [], "tiny"),
        (["base.en", "large-v3-turbo"], ["--language", "en", "--task", "translate"], None),
        (["large-v3-turbo", "large-v3"], ["--task", "translate"], "large-v3"),
    ],
)
def test_what_is_here_instead(
    home: Path, here: list[str], words: list[str], instead: str | None
) -> None:
    store(home, *here)
    assert stored_instead(parse([*words, "--model_dir", str(home), "a.wav"])) == instead


def test_a_damaged_one_is_not_offered(home: Path) -> None:
    (home / "base.pt").write_bytes(b"cut off")
    assert stored_instead(parse(["--model_dir", str(home), "a.wav"])) is None


@pytest.mark.parametrize(
    ("here", "default", "number"),
    [(["base"], "base", 2), (["tiny"], "tiny", 1), (["base.en"], "base.en", 2)],
)
def test_what_is_here_is_the_default_of_the_menu(
    monkeypatch: pytest.MonkeyPatch, home: Path, here: list[str], default: str, number: int
) -> None:
    store(home, *here)
    shown = Terminal()
    monkeypatch.setattr(sys, "stdin", Terminal("\n"))
    monkeypatch.setattr(sys, "stderr", shown)
    assert ask_model(home, default=default) == default
    assert f"small is not here; {default} is" in shown.getvalue()
    assert f"Number or name [{number}]: " in shown.getvalue()
    # The recommended one can still be chosen by its number or its name.
    monkeypatch.setattr(sys, "stdin", Terminal("small\n"))
    assert ask_model(home, default=default) == "small"


def test_where_nobody_is_asked_it_is_said(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store(home, "base")
    words = ["--model_dir", str(home), "a.wav"]
    told = offer_stored(parse(words))
    assert told.startswith("the model small is not here")
    assert told.endswith("base is here: --model base uses it")
    # Whoever names a model wants that one, and without the network an error says it.
    assert offer_stored(parse(["--model", "small", *words])) == ""
    assert offer_stored(parse(["--offline", *words])) == ""
    (home / "base.pt").unlink()
    assert offer_stored(parse(words)) == ""
    monkeypatch.setattr(choice, "locate", lambda name, folder: (name, folder))
    store(home, "base")
    assert offer_stored(parse(words)) == ""


@pytest.mark.parametrize("here", [[], ["base"], ["base.en", "medium"]])
def test_without_the_network_the_error_names_what_is_here(home: Path, here: list[str]) -> None:
    store(home, *here)
    with pytest.raises(OfflineError) as caught:
        obtain("small", directory=home, offline=True, sources=(), report=SilentReport())
    assert ("take one that is there" in caught.value.remedy) is bool(here)
    assert all(f"--model {name}" in caught.value.remedy for name in here)


def test_a_quiet_run_asks_nobody(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    be_at_a_terminal(monkeypatch)
    words = ["--model_dir", str(home), "a.wav"]
    assert may_ask(parse(words))
    assert not may_ask(parse(["--quiet", *words]))
