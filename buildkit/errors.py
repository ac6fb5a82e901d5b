"""Every failure that a build or a measurement reports, with its exit code and what to do next.

A failure is one line on standard error. Anything that is not a `BuildError` is a defect.
"""

from __future__ import annotations


class BuildError(Exception):
    """A failure with a known cause.

    Parameters
    ----------
    message : str
        What went wrong and where, without a full stop at the end.
    hint : str, optional
        What the reader can do about it, as an imperative.
    """

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        # One line whatever a file name or a program's output put into it.
        text = f"{self.message}: {self.hint}" if self.hint else self.message
        return " ".join(text.split())


class UsageError(BuildError):
    """The command line or a setting asks for something that there is not."""

    exit_code = 2


class InputError(BuildError):
    """A file that is worked on, or an earlier result, is missing or cannot be read."""

    exit_code = 3


class SourceError(BuildError):
    """A source cannot be fetched, is damaged, or is not the one that is pinned."""

    exit_code = 5


class StorageError(BuildError):
    """A file cannot be written: disk full, read-only or not permitted."""

    exit_code = 7


class ToolError(BuildError):
    """A program or library that is needed is missing, or fails."""

    exit_code = 8


class LimitError(BuildError):
    """A program took longer than it may."""

    exit_code = 9


class ResultError(BuildError):
    """What was built is not what it has to be."""

    exit_code = 12


class RecipeError(BuildError):
    """A list, a pin, an edit or an option of the recipe is wrong, or does not fit any more."""

    exit_code = 13


INTERRUPTED_BY_SIGINT = 130
"""Exit code of a run that Ctrl-C ended: 128 plus the signal's number, as shells report it."""
