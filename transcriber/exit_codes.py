"""The table of exit codes, as help and manual show it."""

from __future__ import annotations

import signal
from collections.abc import Mapping

from transcriber import errors
from transcriber.errors import TranscriberError

_ENDED = "ended by a signal; the same command continues where it stopped"

NEWER = 15
"""Of ``self-update --check``."""

_NOBODY_READS = "whoever read standard output has gone"


def exit_codes() -> Mapping[int, str]:
    """Return what each exit code means, the lowest first."""
    failures = {
        member.exit_code: member.meaning
        for member in vars(errors).values()
        if isinstance(member, type) and issubclass(member, TranscriberError)
    }
    signals = dict.fromkeys((signal.SIGHUP, signal.SIGINT, signal.SIGTERM), _ENDED)
    signals[signal.SIGPIPE] = _NOBODY_READS
    # As shells report the end of what a signal has ended.
    ends = {128 + number: meaning for number, meaning in signals.items()}
    done = {0: "done", NEWER: "a newer version is published"}
    return dict(sorted({**done, **failures, **ends}.items()))


def exit_code_lines() -> list[tuple[str, str]]:
    """Return the codes with what they mean, those together that mean the same."""
    codes: dict[str, list[str]] = {}
    for code, meaning in exit_codes().items():
        codes.setdefault(meaning, []).append(str(code))
    return [(", ".join(several), meaning) for meaning, several in codes.items()]
