from __future__ import annotations

import pytest

from buildkit import errors
from buildkit.commands import ending_in_one_line
from buildkit.errors import BuildError, RecipeError
from transcriber.errors import InputError, TranscriberError

FAMILY = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, BuildError) and kind is not BuildError
]


def test_each_kind_has_an_exit_code_of_its_own() -> None:
    assert len(FAMILY) > 5
    codes = [kind.exit_code for kind in FAMILY]
    assert len({*codes, BuildError.exit_code, errors.INTERRUPTED_BY_SIGINT}) == len(codes) + 2


def test_a_failure_is_one_line_as_the_programs_own_are() -> None:
    message, hint = "a name\nof two lines", "mend  it"
    assert str(RecipeError(message, hint)) == str(TranscriberError(message, hint))
    assert str(RecipeError(message, hint)) == "a name of two lines: mend it"
    assert str(RecipeError("no")) == "no"


def test_another_family_is_told_where_it_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> int:
        raise InputError("no recording", "name one")

    assert ending_in_one_line("build", fail, TranscriberError) == InputError.exit_code
    assert capsys.readouterr().err == "build: no recording: name one\n"
    with pytest.raises(InputError):
        ending_in_one_line("build", fail)
