from __future__ import annotations

import signal

from transcriber import errors
from transcriber.__main__ import NOBODY_READS
from transcriber.errors import INTERRUPTED_BY_SIGINT, TranscriberError
from transcriber.exit_codes import NEWER, exit_code_lines, exit_codes


def family() -> set[type[TranscriberError]]:
    return {
        member
        for member in vars(errors).values()
        if isinstance(member, type) and issubclass(member, TranscriberError)
    }


def test_every_way_to_end_is_in_the_table() -> None:
    ends = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
    expected = {0, NEWER, NOBODY_READS, INTERRUPTED_BY_SIGINT, *(128 + number for number in ends)}
    assert list(exit_codes()) == sorted(expected | {member.exit_code for member in family()})


def test_every_failure_says_what_its_code_means() -> None:
    for member in family() - {errors.OutOfMemoryError}:
        assert "meaning" in vars(member)
        assert exit_codes()[member.exit_code] == member.meaning
    assert errors.OutOfMemoryError.meaning == errors.LimitError.meaning


def test_each_meaning_stands_once() -> None:
    names = [name for name, _ in exit_code_lines()]
    assert ", ".join(names) == (
        "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 129, 130, 143, 141"
    )
