"""Which sandbox is worth a trial, and what is told of it."""

from pathlib import Path

import media
import pytest

from transcriber.audio import sandbox_state
from transcriber.audio.ffmpeg import find_ffmpeg
from transcriber.audio.sandbox_state import Sandbox, in_words, is_wanted, sandboxes_for
from transcriber.errors import UsageError


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(sandbox_state.VARIABLE, raising=False)


def kernel_with(monkeypatch: pytest.MonkeyPatch, *, landlock: int, filters: bool) -> None:
    monkeypatch.setattr(sandbox_state, "landlock_version", lambda: landlock)
    monkeypatch.setattr(sandbox_state, "has_filters", lambda: filters)


@pytest.mark.parametrize(
    ("landlock", "filters", "kinds"),
    [
        (7, True, [Sandbox.FILES, Sandbox.NETWORK, Sandbox.OFF]),
        (0, True, [Sandbox.FILES, Sandbox.NETWORK, Sandbox.OFF]),
        (1, False, [Sandbox.FILES, Sandbox.OFF]),
        (0, False, [Sandbox.OFF]),
    ],
)
def test_the_narrowest_comes_first(
    monkeypatch: pytest.MonkeyPatch, landlock: int, filters: bool, kinds: list[Sandbox]
) -> None:
    kernel_with(monkeypatch, landlock=landlock, filters=filters)
    assert list(sandboxes_for(media.ffmpeg().path)) == kinds


def test_of_a_script_only_the_network_is_closed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    kernel_with(monkeypatch, landlock=7, filters=True)
    script = media.fake_ffmpeg(tmp_path, "").path
    assert sandboxes_for(script) == (Sandbox.NETWORK, Sandbox.OFF)
    kernel_with(monkeypatch, landlock=7, filters=False)
    assert sandboxes_for(script) == (Sandbox.OFF,)


@pytest.mark.parametrize("value", ["off", "OFF ", "0", "no", "false"])
def test_it_can_be_turned_off(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv(sandbox_state.VARIABLE, value)
    assert sandboxes_for(media.ffmpeg().path) == (Sandbox.OFF,)
    assert find_ffmpeg().sandbox is Sandbox.OFF
    assert in_words(Sandbox.OFF) == "off, by TRANSCRIBER_SANDBOX"


@pytest.mark.parametrize("value", ["", "on", "1", "yes", "True"])
def test_it_is_on_otherwise(value: str) -> None:
    assert is_wanted({sandbox_state.VARIABLE: value})


def test_another_value_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(sandbox_state.VARIABLE, "of")
    with pytest.raises(UsageError, match=r"TRANSCRIBER_SANDBOX='of' means neither on nor off"):
        find_ffmpeg()


@pytest.mark.parametrize(
    ("sandbox", "landlock", "filters", "words"),
    [
        (Sandbox.FILES, 5, True, "no network, no other files (Landlock 5, seccomp)"),
        (Sandbox.FILES, 3, False, "(Landlock 3); no seccomp here for the network"),
        (Sandbox.FILES, 0, True, "changes no file (seccomp); no Landlock here"),
        (Sandbox.NETWORK, 5, True, "no network (seccomp); its files are open"),
        (Sandbox.OFF, 5, True, "none: this ffmpeg does not run in one"),
        (Sandbox.OFF, 0, False, "none: no Landlock and no seccomp here"),
    ],
)
def test_in_words(
    monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox, landlock: int, filters: bool, words: str
) -> None:
    kernel_with(monkeypatch, landlock=landlock, filters=filters)
    assert words in in_words(sandbox)


def test_a_processor_whose_calls_are_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox_state, "_is_known", lambda: False)
    for function in (sandbox_state.landlock_version, sandbox_state.has_filters):
        assert not function.__wrapped__()
