from __future__ import annotations

import signal

import pytest

from transcriber import errors
from transcriber.errors import TranscriberError


def family() -> list[type[TranscriberError]]:
    return [
        member
        for member in vars(errors).values()
        if isinstance(member, type) and issubclass(member, TranscriberError)
    ]


def test_the_message_is_followed_by_the_remedy() -> None:
    error = TranscriberError("no file matches *.wav", "check the pattern")
    assert (error.message, error.remedy) == ("no file matches *.wav", "check the pattern")
    assert str(error) == "no file matches *.wav: check the pattern"


def test_a_remedy_is_not_needed() -> None:
    assert str(TranscriberError("no file matches *.wav")) == "no file matches *.wav"


@pytest.mark.parametrize("space", ["\n", "\r\n", "\t", "\v", "\f", "\x1c", "\x85", "\u2028"])
def test_a_message_is_one_line_whatever_a_name_holds(space: str) -> None:
    error = TranscriberError(f"cannot read a{space}b.wav", f"rename{space}it")
    assert str(error) == "cannot read a b.wav: rename it"
    assert len(str(error).splitlines()) == 1


def test_every_failure_has_an_exit_code_of_its_own() -> None:
    # Memory is a limit, whatever it is needed for.
    codes = [member.exit_code for member in family() if member is not errors.OutOfMemoryError]
    assert errors.OutOfMemoryError.exit_code == errors.LimitError.exit_code
    assert sorted(codes) == list(range(1, len(codes) + 1))
    # From here on the codes mean other things to a shell.
    assert max(codes) < 126


def test_every_failure_takes_the_same_arguments() -> None:
    for member in family():
        error = member("what", "how")
        assert isinstance(error, TranscriberError)
        assert str(error) == "what: how"


def test_the_code_of_an_interruption_is_that_of_a_shell() -> None:
    assert errors.INTERRUPTED_BY_SIGINT == 128 + signal.SIGINT
