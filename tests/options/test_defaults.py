"""The user's own defaults: what lines mean, and what is said where one means nothing."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from conftest import Run

from transcriber.errors import UsageError
from transcriber.options.command_line import parse
from transcriber.options.defaults import (
    default_of,
    defaults_path,
    network_defaults,
    own_defaults,
    words_for,
)
from transcriber.settings import RunSettings


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file of the defaults, which is not there yet."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    path = tmp_path / "whisper-transcriber" / "defaults"
    assert defaults_path() == path
    path.parent.mkdir()
    return path


def settings(path: Path, content: str, *words: str) -> RunSettings:
    path.write_text(content, encoding="utf-8")
    return parse([*words, "a.wav"])


def test_without_a_file_nothing_changes() -> None:
    assert parse(["a.wav"]) == parse(["--no_defaults", "a.wav"])


@pytest.mark.parametrize(
    "line",
    [
        "language = de",
        "language=German",
        "  language   =   de  ",
        "--language = de",
        "\ufefflanguage = de",
        "# a remark\n\nlanguage = fr\nlanguage = de\n",
        "language = de\r\n",
    ],
    ids=ascii,
)
def test_forms_of_a_line(file: Path, line: str) -> None:
    assert settings(file, line).decoding.language == "de"


def test_options_of_every_kind(file: Path) -> None:
    found = settings(
        file,
        "word-timestamps\nskip_existing\noffline = False\nquiet = true\nbeam_size = None\n"
        "temperature = 0.5\noutput_format = srt,txt\ninitial_prompt = a = b, # c\nseed = 7\n"
        "model_dir = ~/models\nmodel = tiny\nclip_timestamps = 1,2\nbatch_size = 4\nthreads = 2\n",
    )
    assert found.decoding.word_timestamps is True
    assert (found.output.skip_existing, found.offline, found.quiet) == (True, False, True)
    assert (found.decoding.beam_size, found.decoding.temperatures[0]) == (None, 0.5)
    assert found.output.formats == ("srt", "txt")
    assert found.decoding.initial_prompt == "a = b, # c"
    assert found.decoding.seed == 7
    assert found.model_directory == Path("~/models").expanduser()
    assert (found.model, found.model_is_open) == ("tiny", False)
    assert found.decoding.clip_timestamps == (1.0, 2.0)
    assert (found.decoding.batch_size, found.threads) == (4, 2)


def test_the_command_line_goes_before(file: Path) -> None:
    content = "language = de\nbeam_size = 1\nmodel_mirror = https://a.example\nverbose = False\n"
    found = settings(
        file, content, "--language", "fr", "--beam_size", "3", "--model_mirror", "/srv"
    )
    assert (found.decoding.language, found.decoding.beam_size) == ("fr", 3)
    assert found.mirrors == ("/srv",)
    assert found.verbose is False
    assert settings(file, content, "--verbose").verbose is True
    assert settings(file, content).mirrors == ("https://a.example",)


def test_without_defaults(file: Path) -> None:
    assert settings(file, "language = de", "--no_defaults").decoding.language is None
    assert settings(file, "not a line", "--no_defaults").decoding.language is None


BAD = {
    "modell = base": "'modell'",
    "lang = de": "'lang'",
    "audio = a.wav": "'audio'",
    "help": "'help'",
    "version = 1": "'version'",
    "no_defaults = True": "'no_defaults'",
    "= 3": "''",
    "[decoding]": "'[decoding]'",
    "language de": "'language de'",
    "beam_size": "has no value",
    "beam_size = 0": "at least 1",
    "beam_size = 5 # five": "not '5 # five'",
    "language = Klingon": "Klingon",
    "device = tpu": "tpu",
    "model =": "--model is empty",
    "python =": "--python is empty",
    "task = summarise": "summarise",
    "output_format = srt,doc": "'srt,doc'",
    "word_timestamps = maybe": "'maybe'",
    "skip_existing = 1": "'1'",
}


@pytest.mark.parametrize("line", BAD)
def test_a_bad_line_is_told_with_its_place(file: Path, line: str) -> None:
    with pytest.raises(UsageError) as caught:
        settings(file, f"# first\nseed = 1\n{line}\nthreads = 1\n")
    assert caught.value.message.startswith(f"{file}, line 3: ")
    assert BAD[line] in caught.value.message
    assert "--no_defaults" in caught.value.remedy
    assert len(str(caught.value).splitlines()) == 1


def test_what_only_fails_together_is_told_with_the_file(file: Path) -> None:
    with pytest.raises(UsageError) as caught:
        settings(file, "max_line_width = 42\n")
    assert str(file) in caught.value.remedy
    assert "--no_defaults" in caught.value.remedy


def test_a_file_that_cannot_be_read_is_told(file: Path) -> None:
    file.mkdir()
    with pytest.raises(UsageError, match=r"cannot read .*defaults: Is a directory"):
        parse(["a.wav"])
    assert parse(["a.wav", "--no-defaults"]).inputs == ("a.wav",)
    assert words_for(frozenset({"model_dir"})) == []


def test_no_home_is_no_failure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setenv("HOME", "/")
    assert defaults_path() is None
    assert parse(["a.wav"]).inputs == ("a.wav",)
    # A file in the place of a folder.
    (tmp_path / "config").touch()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    assert parse(["a.wav"]).inputs == ("a.wav",)


def test_bytes_that_are_no_text_are_kept(file: Path) -> None:
    file.write_bytes(b"initial_prompt = caf\xe9\n")
    assert parse(["a.wav"]).decoding.initial_prompt == "caf\udce9"


def test_the_doctor_names_it(file: Path) -> None:
    assert own_defaults() == f"{file} is not there"
    file.write_text("# nothing\n")
    assert own_defaults() == f"{file} sets nothing"
    file.write_text("language = de\nmodel_dir = /srv\n")
    assert own_defaults() == f"{file}: language, model_dir"
    file.write_text("language\n")
    with pytest.raises(UsageError, match="line 1"):
        own_defaults()


def test_the_subcommands_share_the_folder_of_the_models(
    file: Path, run: Run, tmp_path: Path
) -> None:
    store = tmp_path / "store"
    store.mkdir()
    (store / "tiny.pt").write_bytes(b"cut off")
    file.write_text(f"model_dir = {store}\nthreads = 1\n")
    asked: list[subprocess.CompletedProcess[str]] = [
        run("models", "verify"),
        run("models", "verify", "--model_dir", tmp_path / "empty"),
    ]
    assert [str(store) in done.stdout + done.stderr for done in asked] == [True, False]
    assert run("models", "--help").returncode == 0
    assert words_for(frozenset({"model_dir", "device"})) == [f"--model_dir={store}"]


def test_one_default(file: Path) -> None:
    assert default_of("model") is None
    file.write_text("model = base\n--model = tiny\n")
    assert (default_of("model"), default_of("language")) == ("tiny", None)
    # What makes no sense as a whole is told to those who transcribe.
    file.write_text("model = base\nlanguage\n")
    assert default_of("model") is None


def test_words_of_options_that_are_switches(file: Path) -> None:
    file.write_text(
        "offline\nmodel_mirror = https://a.b/c\nmodel-mirror=https://d.e\nskip_existing\n"
    )
    names = frozenset({"offline", "model_mirror"})
    mirrors = ("https://a.b/c", "https://d.e")
    assert words_for(names) == ["--offline", *(f"--model_mirror={mirror}" for mirror in mirrors)]
    assert network_defaults() == (True, mirrors)
    file.write_text("offline = false\n")
    assert words_for(names) == []
    assert network_defaults() == (False, ())


@pytest.mark.parametrize("line", ["offline", "offline = True", "model_mirror = http://127.0.0.1:9"])
def test_models_fetch_keeps_to_them(run: Run, file: Path, tmp_path: Path, line: str) -> None:
    file.write_text(f"{line}\n")
    environment = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path)}
    for name in ("no_proxy", "NO_PROXY"):
        environment[name] = "*"
    store = ["--model_dir", str(tmp_path / "store")]
    done = run("models", "fetch", "tiny", *store, env=environment)
    if "offline" in line:
        assert (done.returncode, "the network is forbidden" in done.stderr) == (6, True)
        told = run("doctor", *store, env=environment)
        assert (told.returncode, "the network is forbidden" in told.stdout) == (8, True)
    else:
        assert "127.0.0.1:9" in done.stderr
        # Who names a mirror wants that one.
        other = ["--model-mirror", f"file://{tmp_path}"]
        done = run("models", "fetch", "tiny", *store, *other, env=environment)
        assert "127.0.0.1:9" not in done.stderr
