from __future__ import annotations

import argparse
import importlib
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from transcriber import __version__
from transcriber.engine import openai_whisper
from transcriber.errors import UsageError
from transcriber.options.command_line import parse
from transcriber.options.parser import with_underscores
from transcriber.paths import model_directory
from transcriber.settings import (
    CAPABILITIES,
    DEFAULT_MODEL,
    EVERY_FORMAT,
    OUTPUT_FORMATS,
    SUBTITLES,
    RunSettings,
)

whisper = openai_whisper.load()

from whisper.tokenizer import TO_LANGUAGE_CODE  # noqa: E402

DELIBERATE = {
    # The forerunner's default; openai-whisper's own, turbo, is a download of 1.6 GB.
    "model": DEFAULT_MODEL,
    # openai-whisper asks PyTorch whether there is a GPU; here a child process tries it.
    "device": "auto",
    # The same folder; openai-whisper finds it when it loads a model.
    "model_dir": model_directory(),
}
"""Defaults that are not openai-whisper's, with the reason."""

SAMPLES = {
    "model": ("base", "tiny.en"),
    "model_dir": ("/some/folder",),
    "device": ("cpu", "cuda", "cuda:1"),
    "output_dir": ("some/folder", "/", "."),
    "output_format": (*OUTPUT_FORMATS, "all"),
    "verbose": ("True", "False"),
    "task": ("translate", "transcribe"),
    "language": ("de", "German"),
    "temperature": ("0", "0.5", "1"),
    "best_of": ("3", "None"),
    "beam_size": ("1", "None"),
    "patience": ("2", "0.5"),
    "length_penalty": ("0", "0.6", "1"),
    "suppress_tokens": ("-1", "1,2,3", "50257", ""),
    "initial_prompt": ("Kubernetes, Zürich", "", "a-b_c"),
    "carry_initial_prompt": ("True", "False"),
    "condition_on_previous_text": ("True", "False"),
    "fp16": ("True", "False"),
    "temperature_increment_on_fallback": ("0.1", "0.5", "None"),
    "compression_ratio_threshold": ("2", "1.35", "None", "inf"),
    "logprob_threshold": ("-0.5", "-2", "0", "None", "-inf"),
    "no_speech_threshold": ("0.3", "1", "None", "inf"),
    "word_timestamps": ("True", "False"),
    "prepend_punctuations": ("([", ""),
    "append_punctuations": (".,", ""),
    "highlight_words": ("True", "False"),
    "max_line_width": ("42", "None"),
    "max_line_count": ("2", "None"),
    "max_words_per_line": ("7", "None"),
    "threads": ("0", "3"),
    "clip_timestamps": ("0", "1.5,2,4", "0,0", ""),
    "hallucination_silence_threshold": ("2", "0.5", "None"),
}
"""Values that both command lines take, for every option of openai-whisper."""


@pytest.fixture(scope="module")
def reference() -> argparse.ArgumentParser:
    """Return the parser that openai-whisper's command builds for itself."""

    class Captured(Exception):  # noqa: N818
        pass

    def capture(parser: argparse.ArgumentParser) -> None:
        raise Captured(parser)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(argparse.ArgumentParser, "parse_args", capture)
        with pytest.raises(Captured) as caught:
            importlib.import_module("whisper.transcribe").cli()
    parser = caught.value.args[0]
    assert isinstance(parser, argparse.ArgumentParser)
    return parser


def options_of(parser: argparse.ArgumentParser) -> dict[str, Sequence[str]]:
    """Return the options by the name of their value."""
    # argparse has no public list of a parser's options.
    return {
        action.dest: action.option_strings
        for action in parser._actions
        if action.option_strings and action.dest != "help"
    }


def ours(settings: RunSettings, name: str) -> Any:
    """Return what the settings make of the option that openai-whisper calls `name`."""
    renamed = {
        "model_dir": settings.model_directory,
        "output_dir": settings.output.directory,
        "output_format": settings.output.formats,
    }
    if name in renamed:
        return renamed[name]
    for part in (settings.decoding, settings.output, settings):
        if name in {field.name for field in fields(part)}:
            return getattr(part, name)
    raise AssertionError(f"no setting is named {name}")


def theirs(given: argparse.Namespace, name: str) -> Any:
    """Return what openai-whisper makes of the option `name` before it transcribes."""
    value = getattr(given, name)
    if name in ("model_dir", "output_dir"):
        return Path(value)
    if name == "output_format":
        return OUTPUT_FORMATS if value == "all" else (value,)
    if name == "clip_timestamps":
        return tuple(float(part) for part in value.split(",") if value)
    if name == "language":
        return TO_LANGUAGE_CODE.get(value.lower(), value) if value else None
    return value


def temperatures(given: argparse.Namespace) -> list[float]:
    """Return openai-whisper's temperatures, which it makes of two options."""
    if given.temperature_increment_on_fallback is None:
        return [given.temperature]
    increment = given.temperature_increment_on_fallback
    return list(np.arange(given.temperature, 1.0 + 1e-6, increment).tolist())


def test_there_is_a_sample_for_every_option(reference: argparse.ArgumentParser) -> None:
    assert set(SAMPLES) == set(options_of(reference))


@pytest.mark.parametrize("name", SAMPLES)
def test_defaults_are_those_of_openai_whisper(
    reference: argparse.ArgumentParser, name: str
) -> None:
    settings, given = parse(["a.wav"]), reference.parse_args(["a.wav"])
    if name in DELIBERATE:
        assert ours(settings, name) == DELIBERATE[name]
    elif name in ("temperature", "temperature_increment_on_fallback"):
        assert list(settings.decoding.temperatures) == temperatures(given)
    else:
        assert ours(settings, name) == theirs(given, name)


def test_the_decoding_defaults_are_those_of_the_settings() -> None:
    settings = parse(["a.wav"])
    fallback = settings.decoding.temperatures
    assert settings.decoding == type(settings.decoding)(temperatures=fallback)
    assert settings.output == type(settings.output)()


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in SAMPLES.items() for value in values]
)
def test_values_mean_what_they_mean_to_openai_whisper(
    reference: argparse.ArgumentParser, name: str, value: str
) -> None:
    for option in options_of(reference)[name]:
        single = f"{option}={value}" if option.startswith("--") else f"{option}{value}"
        forms = [[single]] + [[option, value]] * (not value.startswith("-"))
        for form in forms:
            arguments = [*form, "a.wav", *words_for(name)]
            settings, given = parse(arguments), reference.parse_args(arguments)
            if name in ("temperature", "temperature_increment_on_fallback"):
                assert list(settings.decoding.temperatures) == temperatures(given)
            else:
                assert ours(settings, name) == theirs(given, name)
                assert type(ours(settings, name)) is type(theirs(given, name))


def words_for(name: str) -> list[str]:
    """Return what an option about words needs beside it."""
    needs = ("highlight_words", "max_line_width", "max_line_count", "max_words_per_line")
    return ["--word_timestamps", "True"] * (name in needs)


@pytest.mark.parametrize("name", SAMPLES)
def test_dashes_are_underscores(name: str) -> None:
    value = SAMPLES[name][0]
    arguments = ["a.wav", *words_for(name)]
    dashed = name.replace("_", "-")
    assert parse([f"--{dashed}={value}", *arguments]) == parse([f"--{name}={value}", *arguments])


def test_only_names_of_options_are_changed() -> None:
    given = ["some-file", "--a-b", "c-d", "--e-f=g-h=i", "-o", "x-y", "--", "--k-l"]
    assert with_underscores(given) == [
        *["some-file", "--a_b", "c-d", "--e_f=g-h=i", "-o", "x-y", "--", "--k-l"]
    ]
    assert parse(["--initial-prompt=a-b", "--", "--a-b.wav"]).inputs == ("--a-b.wav",)


def test_an_abbreviation_never_means_another_option(reference: argparse.ArgumentParser) -> None:
    same = 0
    for name in SAMPLES:
        for length in range(1, len(name) + 1):
            arguments = [f"--{name[:length]}={SAMPLES[name][0]}", "a.wav", *words_for(name)]
            try:
                given = reference.parse_args(arguments)
            except SystemExit:
                continue
            full = [f"--{name}={SAMPLES[name][0]}", "a.wav", *words_for(name)]
            if given != reference.parse_args(full):
                continue
            try:
                assert parse(arguments) == parse(full)
                same += 1
            except UsageError as error:
                # This program has more options.
                assert "could match" in error.message
    assert same > 200


def test_abbreviations() -> None:
    settings = parse(["--lang", "de", "--beam=1", "--word-t", "True", "a.wav"])
    assert settings.decoding.language == "de"
    assert settings.decoding.beam_size == 1
    assert settings.decoding.word_timestamps is True


FLAGS = ("word_timestamps", "highlight_words", "carry_initial_prompt", "multilingual", "vad_filter")


@pytest.mark.parametrize("name", FLAGS)
@pytest.mark.parametrize(
    "following",
    [
        ["a.wav"],
        ["--task", "translate", "a.wav"],
        ["-o", "out", "a.wav"],
        ["--", "a.wav"],
        ["@list.txt", "a.wav"],
        ["-", "a.wav"],
        ["sub/talk", "a.wav"],
        ["*", "a.wav"],
    ],
    ids=" ".join,
)
def test_true_need_not_be_said(name: str, following: list[str]) -> None:
    words = ["--word_timestamps=True"]
    said = parse([*words, f"--{name}=True", *following])
    assert parse([*words, f"--{name}", *following]) == said
    assert parse([*words, f"--{name.replace('_', '-')}", *following]) == said
    # The recordings are all there, and none is taken for a value.
    assert said.inputs[-1] == "a.wav"


def test_true_need_not_be_said_at_the_end_or_of_an_abbreviation() -> None:
    assert parse(["a.wav", "--word_timestamps"]).decoding.word_timestamps is True
    assert parse(["--word-t", "a.wav"]).decoding.word_timestamps is True
    assert parse(["a.wav", "--word_timestamps", "--highlight_words"]).output.highlight_words is True
    # What comes later counts, as ever.
    found = parse(["--word_timestamps", "a.wav", "--word_timestamps", "False"])
    assert found.decoding.word_timestamps is False
    assert parse(["--", "--word_timestamps"]).inputs == ("--word_timestamps",)


def test_a_recording_without_an_ending_is_known_by_being_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="expected True or False, not 'interview'"):
        parse(["--word_timestamps", "interview"])
    Path("interview").touch()
    found = parse(["--word_timestamps", "interview"])
    assert (found.inputs, found.decoding.word_timestamps) == (("interview",), True)


@pytest.mark.parametrize(
    ("given", "formats"),
    [
        ("srt,txt", ("srt", "txt")),
        ("txt,srt,txt", ("txt", "srt")),
        ("SRT, Json", ("srt", "json")),
        ("vtt", ("vtt",)),
        ("srt,all", OUTPUT_FORMATS),
        ("docx,all,srt,HTML", (*OUTPUT_FORMATS, "docx", "html")),
        (",".join(EVERY_FORMAT), EVERY_FORMAT),
    ],
)
def test_several_formats(given: str, formats: tuple[str, ...]) -> None:
    assert parse(["-f", given, "a.wav"]).output.formats == formats
    assert parse([f"--output-format={given}", "a.wav"]).output.formats == formats


@pytest.mark.parametrize("given", ["srt,doc", "srt,", ",", "", "srt;txt", "srt txt"])
def test_a_format_that_is_none(given: str) -> None:
    with pytest.raises(
        UsageError, match="expected all, or some of txt, vtt, srt, tsv, json, ass, lrc"
    ):
        parse(["-f", given, "a.wav"])
    with pytest.raises(UsageError, match="prints one format"):
        parse(["-o", "-", "-f", "srt,txt", "a.wav"])


def test_standard_output_gets_the_text_where_no_format_is_named() -> None:
    assert parse(["-o", "-", "a.wav"]).output.formats == ("txt",)
    assert parse(["a.wav"]).output.formats == OUTPUT_FORMATS


def test_quiet() -> None:
    found = parse(["--quiet", "a.wav"])
    assert (found.quiet, found.verbose) == (True, False)
    # Who wants the segments nevertheless says so.
    assert parse(["--quiet", "--verbose", "a.wav"]).verbose is True
    assert parse(["a.wav"]).quiet is False


@pytest.mark.parametrize("preset", SUBTITLES)
def test_subtitles_imply_the_times_of_words(preset: str) -> None:
    found = parse(["--subtitles", preset, "a.wav"])
    assert (found.output.subtitles, found.decoding.word_timestamps) == (preset, True)
    assert found.notes == ()
    assert parse(["--subtitles", preset, "--max_line_width", "37", "a.wav"]).notes == ()
    assert parse(["--subtitles", preset, "--max_line_count", "1", "a.wav"]).notes == ()


def test_what_has_no_effect_with_subtitles_is_told() -> None:
    words = ["--subtitles", "standard", "a.wav"]
    for more, told in (
        (["--highlight_words"], "--highlight_words has no effect with --subtitles"),
        (["--max_words_per_line", "3"], "--max_words_per_line has no effect with --subtitles"),
        (["-f", "txt,json"], "--subtitles cuts srt, vtt and ass, and none of them is written"),
    ):
        assert parse([*more, *words]).notes == (told,)
    for effective in (["-f", "ass"], ["-f", "ass,txt", "--highlight_words"]):
        assert parse([*effective, *words]).notes == ()


@pytest.mark.parametrize("value", ["true", "TRUE", "True", "false", "False"])
def test_yes_and_no_in_any_case(value: str) -> None:
    assert parse(["--verbose", value, "a.wav"]).verbose is (value.lower() == "true")


def test_every_language_of_openai_whisper_is_taken(reference: argparse.ArgumentParser) -> None:
    choices = next(a.choices for a in reference._actions if a.dest == "language")
    assert choices is not None
    assert len(list(choices)) > 200
    for choice in choices:
        code = TO_LANGUAGE_CODE.get(choice.lower(), choice)
        assert parse(["--language", choice, "a.wav"]).decoding.language == code


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("DE", "de"),
        ("german", "de"),
        ("GERMAN", "de"),
        ("Mandarin", "zh"),
        ("haitian creole", "ht"),
        ("None", None),
    ],
)
def test_languages_in_any_case(given: str, code: str | None) -> None:
    assert parse(["--language", given, "a.wav"]).decoding.language == code


BAD = [
    [],
    ["--no_such_option", "a.wav"],
    ["-x", "a.wav"],
    ["--output_format", "doc", "a.wav"],
    ["--task", "summarise", "a.wav"],
    ["--progress", "loud", "a.wav"],
    ["--language"],
    ["--language", "Klingon", "a.wav"],
    ["--language", "", "a.wav"],
    ["--verbose", "yes", "a.wav"],
    ["--verbose", "None", "a.wav"],
    ["--verbose", "", "a.wav"],
    ["--temperature", "hot", "a.wav"],
    ["--temperature=-0.1", "a.wav"],
    ["--temperature", "nan", "a.wav"],
    ["--temperature", "inf", "a.wav"],
    ["--temperature", "None", "a.wav"],
    ["--temperature_increment_on_fallback", "0", "a.wav"],
    ["--temperature_increment_on_fallback=-0.2", "a.wav"],
    ["--temperature_increment_on_fallback", "inf", "a.wav"],
    ["--temperature_increment_on_fallback", "nan", "a.wav"],
    ["--best_of", "0", "a.wav"],
    ["--best_of", "2.5", "a.wav"],
    ["--best_of", "none", "a.wav"],
    ["--beam_size", "0", "a.wav"],
    ["--beam_size=-1", "a.wav"],
    ["--beam_size", "five", "a.wav"],
    ["--patience", "inf", "a.wav"],
    ["--patience=-1", "a.wav"],
    ["--patience", "0.05", "a.wav"],
    ["--patience", "2", "--beam_size", "None", "a.wav"],
    ["--length_penalty", "1.5", "a.wav"],
    ["--length_penalty=-0.5", "a.wav"],
    ["--suppress_tokens", "a,b", "a.wav"],
    ["--suppress_tokens", "1,,2", "a.wav"],
    ["--suppress_tokens", "1,2,", "a.wav"],
    ["--suppress_tokens", ",", "a.wav"],
    ["--suppress_tokens", "1 2", "a.wav"],
    ["--suppress_tokens", "1.5", "a.wav"],
    ["--fp16", "16", "a.wav"],
    ["--compression_ratio_threshold", "high", "a.wav"],
    ["--compression_ratio_threshold", "nan", "a.wav"],
    ["--logprob_threshold", "", "a.wav"],
    ["--no_speech_threshold", "none", "a.wav"],
    ["--threads=-1", "a.wav"],
    ["--threads", "two", "a.wav"],
    ["--threads", "1025", "a.wav"],
    ["--clip_timestamps", "a", "a.wav"],
    ["--clip_timestamps", "1,,2", "a.wav"],
    ["--clip_timestamps", "1,", "a.wav"],
    ["--clip_timestamps", "2,1", "a.wav"],
    ["--clip_timestamps", "1,2,1.5", "a.wav"],
    ["--clip_timestamps=-1", "a.wav"],
    ["--clip_timestamps", "nan", "a.wav"],
    ["--clip_timestamps", "0,nan", "a.wav"],
    ["--clip_timestamps", "0,inf", "a.wav"],
    ["--clip_timestamps", "0:30", "a.wav"],
    ["--word_timestamps", "maybe", "a.wav"],
    ["--max_line_width", "-1", "--word_timestamps", "True", "a.wav"],
    ["--max_line_count", "-2", "--word_timestamps", "True", "a.wav"],
    ["--highlight_words", "True", "a.wav"],
    ["--max_line_width", "42", "a.wav"],
    ["--max_line_count", "2", "a.wav"],
    ["--max_words_per_line", "3", "a.wav"],
    ["--hallucination_silence_threshold=-1", "a.wav"],
    ["--seed=-1", "a.wav"],
    ["--seed", str(2**63), "a.wav"],
    ["--seed", "None", "a.wav"],
    ["--audio_timeout=-1", "a.wav"],
    ["--audio_timeout", "nan", "a.wav"],
    ["--audio_timeout", "1e10", "a.wav"],
    ["--audio_memory", "1.5", "a.wav"],
    ["--audio_memory", str(10**400), "a.wav"],
    *([f"--batch_size={text}", "a.wav"] for text in ("0", "65", "x", "-1", "1.5", "", "None")),
    ["--condition_on_previous_text", "True", "--batch_size", "4", "a.wav"],
    ["--vad_filter", "None", "a.wav"],
    ["--vad_threshold", "1.1", "a.wav"],
    ["--vad_threshold=-0.1", "a.wav"],
    ["--vad_threshold", "nan", "a.wav"],
    ["--vad_min_silence_ms=-1", "a.wav"],
    ["--vad_min_silence_ms", "0.5", "a.wav"],
    ["--vad_speech_pad_ms=-1", "a.wav"],
    ["--vad_speech_pad_ms", "None", "a.wav"],
    ["--multilingual", "None", "a.wav"],
    ["--hotwords"],
    ["--output_dir", "-", "--output_format", "all", "a.wav"],
    ["--skip_existing=True", "a.wav"],
    ["--temperature", "one\ntwo", "a.wav"],
]


@pytest.mark.parametrize("arguments", BAD, ids=" ".join)
def test_a_mistake_is_one_line(arguments: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UsageError) as caught:
        parse(arguments)
    text = str(caught.value)
    assert caught.value.exit_code == 2
    assert len(text.splitlines()) == 1
    assert caught.value.remedy
    # Whoever made the mistake sees in which option.
    named = (arguments or ["RECORDING"])[0].partition("=")[0]
    assert named in text or named.strip("-").split("_")[0] in text
    assert capfd.readouterr() == ("", "")


def test_a_mistake_says_what_is_expected() -> None:
    for arguments, expected in [
        (["--best_of", "0"], "expected a whole number of at least 1 or None, not '0'"),
        (["--beam_size", "0"], "of at least 1 and at most 51863, or None, not '0'"),
        (["--length_penalty", "2"], "expected a number of at least 0 and at most 1, not '2'"),
        (["--logprob_threshold", "x"], "expected a number or None, not 'x'"),
        (["--audio_memory=-1"], "a whole number of at least 0 and at most 1000000000, not '-1'"),
        (["--verbose", "no"], "expected True or False, not 'no'"),
        (["--max_line_width", "42"], "add --word_timestamps True"),
        (["--nothing", "x"], "see transcriber --help"),
    ]:
        with pytest.raises(UsageError) as caught:
            parse([*arguments, "a.wav"])
        assert expected in str(caught.value)


def test_a_terminal_gets_no_document(monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["-o", "-", "-f", "docx", "a.wav"]
    assert parse(words).output.formats == ("docx",)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert parse(["-o", "-", "-f", "html", "a.wav"]).output.formats == ("html",)
    assert parse(["-f", "docx", "a.wav"]).output.formats == ("docx",)
    with pytest.raises(UsageError, match="no terminal shows"):
        parse(words)


@pytest.mark.parametrize("file_format", EVERY_FORMAT)
def test_printing_the_transcript(file_format: str) -> None:
    settings = parse(["--output_dir", "-", "--output_format", file_format, "a.wav"])
    assert settings.output.directory is None
    assert settings.output.formats == (file_format,)
    # Nothing else may be on standard output then.
    assert settings.verbose is False


def test_options_without_effect_are_told() -> None:
    words = ["--word_timestamps", "True", "a.wav"]
    assert parse(["a.wav"]).notes == ()
    assert parse(["--max_line_count", "2", *words]).notes == (
        "--max_line_count has no effect without --max_line_width",
    )
    assert parse(["--max_words_per_line", "2", "--max_line_width", "9", *words]).notes == (
        "--max_words_per_line has no effect with --max_line_width",
    )
    assert parse(["--hallucination_silence_threshold", "0", "a.wav"]).notes == (
        "--hallucination_silence_threshold has no effect without --word_timestamps True",
    )
    for effective in (
        ["--max_line_count", "2", "--max_line_width", "40"],
        ["--max_words_per_line", "2"],
        ["--hallucination_silence_threshold", "2"],
        ["--hallucination_silence_threshold", "None"],
    ):
        assert parse([*effective, *words]).notes == ()


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("ATEN_CPU_CAPABILITY", "AVX2", "it may be default, avx2, avx_vnni, avx512, avx512_vnni, "),
        ("ATEN_CPU_CAPABILITY", "", "it may be default"),
        ("OMP_NUM_THREADS", "-3", "it is no number of threads"),
        ("OMP_NUM_THREADS", "0", "it is no number of threads"),
    ],
)
def test_variables_without_effect_are_told(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, told: str
) -> None:
    monkeypatch.setenv(variable, value)
    (note,) = parse(["a.wav"]).notes
    assert note.startswith(f"{variable}={value} has no effect: {told}")


def test_variables_with_effect_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "4,2")
    for name in CAPABILITIES:
        monkeypatch.setenv("ATEN_CPU_CAPABILITY", name)
        assert parse(["a.wav"]).notes == ()


def test_there_are_fewer_beams_than_tokens() -> None:
    assert parse(["--beam_size", "51863", "a.wav"]).decoding.beam_size == 51863
    with pytest.raises(UsageError, match="at most 51863"):
        parse(["--beam_size", "51864", "a.wav"])


def test_options_beyond_openai_whisper() -> None:
    settings = parse(["a.wav", "b.wav"])
    assert settings.inputs == ("a.wav", "b.wav")
    assert settings.progress == "auto"
    assert (settings.offline, settings.mirrors, settings.ffmpeg) == (False, (), None)
    assert (settings.audio_timeout, settings.audio_memory) == (0, 0)
    assert (settings.decoding.seed, settings.output.skip_existing) == (0, False)
    settings = parse(
        [
            *["-", "--skip-existing", "--progress", "json", "--offline", "--seed", "7"],
            *["--model-mirror", "https://a.example", "--model_mirror=/srv/models"],
            *["--ffmpeg", "/opt/ffmpeg", "--audio-timeout", "1.5", "--audio_memory", "512"],
        ]
    )
    assert settings.inputs == ("-",)
    assert settings.output.skip_existing is True
    assert (settings.progress, settings.offline, settings.decoding.seed) == ("json", True, 7)
    assert settings.mirrors == ("https://a.example", "/srv/models")
    assert (settings.ffmpeg, settings.audio_timeout, settings.audio_memory) == (
        *("/opt/ffmpeg", 1.5, 512),
    )


@pytest.mark.parametrize(
    ("given", "windows"), [("auto", None), ("1", 1), ("2", 2), ("08", 8), ("64", 64)]
)
def test_windows_at_once(given: str, windows: int | None) -> None:
    settings = parse(["--batch_size", given, "a.wav"])
    assert settings.decoding.batch_size == windows
    assert settings.decoding.condition_on_previous_text is True


def test_a_batch_size_that_makes_no_sense_says_what_is_expected() -> None:
    with pytest.raises(UsageError, match="auto, or a whole number of at least 1 and at most 64"):
        parse(["--batch_size", "65", "a.wav"])


@pytest.mark.parametrize(
    ("given", "conditioned", "windows"),
    [
        ([], True, None),
        (["--batch_size", "4"], True, 4),
        (["--condition_on_previous_text", "False"], False, None),
        (["--condition_on_previous_text", "False", "--batch_size", "4"], False, 4),
        # What was said before is known only where one window is decoded after the other.
        (["--condition_on_previous_text", "True"], True, 1),
        (["--condition_on_previous_text", "True", "--batch_size", "1"], True, 1),
        (["--condition_on_previous_text", "True", "--batch_size", "auto"], True, 1),
    ],
)
def test_the_text_before_a_window_decides_on_the_windows_at_once(
    given: list[str], conditioned: bool, windows: int | None
) -> None:
    decoding = parse([*given, "a.wav"]).decoding
    assert decoding.condition_on_previous_text is conditioned
    assert decoding.batch_size == windows


def test_the_text_before_and_many_windows_at_once_contradict_each_other() -> None:
    with pytest.raises(UsageError) as caught:
        parse(["--condition_on_previous_text", "True", "--batch_size", "4", "a.wav"])
    assert "one window after the other" in caught.value.message
    assert "--batch_size 1" in caught.value.remedy


def test_faster_whispers_options() -> None:
    decoding = parse(["a.wav"]).decoding
    assert (decoding.batch_size, decoding.vad_filter) == (None, None)
    assert (decoding.vad_threshold, decoding.vad_min_silence_ms) == (0.5, 300)
    assert (decoding.vad_speech_pad_ms, decoding.hotwords) == (200, None)
    assert decoding.multilingual is False
    decoding = parse(
        [
            *["a.wav", "--vad_filter", "False", "--vad-threshold", "0.25"],
            *["--vad_min_silence_ms=0", "--vad-speech-pad-ms", "1000"],
            *["--hotwords", "Kubernetes, Zürich", "--multilingual", "True"],
        ]
    ).decoding
    assert decoding.vad_filter is False
    assert (decoding.vad_threshold, decoding.vad_min_silence_ms) == (0.25, 0)
    assert (decoding.vad_speech_pad_ms, decoding.hotwords) == (1000, "Kubernetes, Zürich")
    assert decoding.multilingual is True
    assert parse(["--vad_filter", "True", "a.wav"]).decoding.vad_filter is True


def test_the_pytorch_to_decode_with() -> None:
    settings = parse(["a.wav"])
    assert (settings.backend, settings.python) == ("auto", None)
    settings = parse(["--backend", "system", "--python", "/opt/conda", "a.wav"])
    assert (settings.backend, settings.python) == ("system", "/opt/conda")
    assert settings.notes == ()
    assert parse(["--backend", "own", "--python", "x", "a.wav"]).notes == (
        "--python has no effect with --backend own",
    )


@pytest.mark.parametrize(
    ("driver", "device", "idle"),
    [(True, "auto", False), (False, "auto", True), (True, "cpu", True)],
)
def test_a_python_that_nothing_uses_is_told(
    driver: bool, device: str, idle: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = SimpleNamespace(present=driver)
    monkeypatch.setattr("transcriber.machine.nvidia.find_driver", lambda: found)
    (*notes,) = parse(["--python", "/opt/conda", "--device", device, "a.wav"]).notes
    told = "--python has no effect without an NVIDIA GPU: --backend system uses that Python"
    assert notes == [told] * idle


@pytest.mark.parametrize("given", [["--backend", "cuda"], ["--python", ""], ["--python="]])
def test_a_pytorch_that_makes_no_sense(given: list[str]) -> None:
    with pytest.raises(UsageError, match=r"--backend|--python is empty"):
        parse([*given, "a.wav"])


def test_a_second_call_starts_afresh() -> None:
    assert parse(["--model_mirror", "https://a.example", "a.wav"]).mirrors
    assert parse(["a.wav"]).mirrors == ()


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parse(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"transcriber {__version__}\n"


@pytest.mark.parametrize(
    "words",
    [
        ["a.wav", "--threads", "1", "b.wav"],
        ["a.wav", "-f", "txt", "--word_timestamps", "b.wav"],
        ["--threads=1", "a.wav", "--quiet", "b.wav", "-o", "out"],
        ["--quiet", "--", "a.wav", "b.wav"],
    ],
    ids=" ".join,
)
def test_recordings_may_stand_between_options(words: list[str]) -> None:
    assert parse(words).inputs == ("a.wav", "b.wav")


def test_what_is_no_option_is_refused_between_recordings() -> None:
    with pytest.raises(UsageError, match="unrecognized arguments: --loud"):
        parse(["a.wav", "--loud", "b.wav"])
    with pytest.raises(UsageError, match="required: RECORDING"):
        parse(["--quiet"])
    assert parse(["--quiet", "a.wav", "--", "--loud"]).inputs == ("a.wav", "--loud")
