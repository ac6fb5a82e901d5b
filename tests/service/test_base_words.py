"""The options that a service is started with."""

from __future__ import annotations

from pathlib import Path

import pytest

from transcriber.errors import UsageError
from transcriber.service.base_words import base_words
from transcriber.service.job_options import shown_options


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([], []),
        (["--language", "de"], ["--language=de"]),
        (["--language=de"], ["--language=de"]),
        (["--lang=de"], ["--language=de"]),
        (["--lang", "de"], ["--language=de"]),
        (["--offline", "--model", "base"], ["--offline", "--model=base"]),
        (["--offl"], ["--offline"]),
        (["--word_timestamps"], ["--word_timestamps=True"]),
        (["--word_timestamps", "--beam_size", "2"], ["--word_timestamps=True", "--beam_size=2"]),
        (["--hotwords", "--model"], ["--hotwords=--model"]),
        (["--hotwords="], ["--hotwords="]),
        (["--device", "cpu", "--threads", "2"], ["--device=cpu", "--threads=2"]),
    ],
)
def test_each_option_is_a_word(given: list[str], words: list[str]) -> None:
    assert [*base_words(given)[0]] == words


def test_they_mean_what_they_mean_on_the_command_line() -> None:
    _, settings = base_words(["--model", "tiny", "--offline", "--device", "cpu"])
    assert (settings.model, settings.offline, settings.device) == ("tiny", True, "cpu")


@pytest.mark.parametrize(
    "given",
    [
        ["a.wav"],
        ["-"],
        ["--language", "de", "a.wav"],
        ["--", "a.wav"],
        ["--output_dir", "x"],
        ["-o", "x"],
        ["-f", "srt"],
        ["--output_format=srt"],
        ["--skip_existing"],
        ["--verbose"],
        ["--quiet"],
        ["--progress", "none"],
        ["--nothing"],
        ["--m", "base"],
        ["--model"],
        ["--language", "Klingon"],
        ["--beam_size", "x"],
        ["--patience", "0.01"],
    ],
)
def test_what_makes_no_sense_for_a_service_is_refused(given: list[str]) -> None:
    with pytest.raises(UsageError):
        base_words(given)


def test_options_are_shown_by_their_names() -> None:
    words, _ = base_words(["--no_defaults", "--offline", "--model", "base", "--fp16", "False"])
    assert shown_options(words) == {"model": "base"}


def test_wrong_defaults_of_the_user_are_told_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    folder = tmp_path / "whisper-transcriber"
    folder.mkdir()
    (folder / "defaults").write_text("nothing = 1\n")
    with pytest.raises(UsageError, match="line 1"):
        base_words([])
