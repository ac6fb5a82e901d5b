"""Every failure the program reports, with its exit code and what to do next.

A failure is one line on standard error: what went wrong, where, and how to
mend it. Anything that is not a `TranscriberError` is a defect of the program
and ends with exit code 1.
"""

from __future__ import annotations


class TranscriberError(Exception):
    """A failure with a known cause.

    Parameters
    ----------
    message : str
        What went wrong and where, without a full stop at the end.
    remedy : str, optional
        What the reader can do about it, as an imperative.
    """

    exit_code = 1
    meaning = "a defect of the program"
    """What `exit_code` stands for, as help and manual say it: no docstring is left at run time."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        # One line whatever a file name or a child's output put into it.
        text = f"{self.message}: {self.remedy}" if self.remedy else self.message
        return " ".join(text.split())


class UsageError(TranscriberError):
    """The command line asks for something that does not exist or contradicts itself."""

    exit_code = 2
    meaning = "the command line makes no sense"


class InputError(TranscriberError):
    """A recording is missing, unreadable, empty, encrypted or holds no audio."""

    exit_code = 3
    meaning = "a recording cannot be read"


class ModelError(TranscriberError):
    """A model is unknown, damaged or in a format that cannot be read."""

    exit_code = 4
    meaning = "a model is unknown or cannot be read"


class NetworkError(TranscriberError):
    """A model, or the CUDA add-on, could not be fetched from any of its sources."""

    exit_code = 5
    meaning = "a download failed"


class OfflineError(TranscriberError):
    """A download is needed, and the network is forbidden."""

    exit_code = 6
    meaning = "a download is needed, and the network is forbidden"


class StorageError(TranscriberError):
    """A file cannot be written: disk full, read-only or not permitted."""

    exit_code = 7
    meaning = "a file cannot be written"


class DependencyError(TranscriberError):
    """A program or library that this one needs is missing or does not run."""

    exit_code = 8
    meaning = "ffmpeg or a library is missing or does not run"


class LimitError(TranscriberError):
    """Reading a recording went past its time or memory limit, or an import past the memory."""

    exit_code = 9
    meaning = "time or memory do not suffice"


class OutOfMemoryError(TranscriberError):
    """The memory does not suffice for the model, which no other recording would change."""

    exit_code = LimitError.exit_code
    meaning = LimitError.meaning


class SomeInputsFailedError(TranscriberError):
    """Several recordings were given; some were transcribed and some failed."""

    exit_code = 10
    meaning = "some of several recordings failed"


class EngineFailedError(TranscriberError):
    """What decodes has failed: the GPU, its driver, or the process that it runs in.

    The recording and the options are not to blame, so another engine can go on behind the last
    window that was decoded. Any method of an `Engine` may raise it.
    """

    exit_code = 11
    meaning = "the GPU, or the Python that decodes, has failed"


class SignatureError(TranscriberError):
    """A file is not what was published: its digest or its signature is of something else."""

    exit_code = 12
    meaning = "a download is not what was published"


class CaptureError(TranscriberError):
    """There is nothing to record from, or what records has ended by itself."""

    exit_code = 13
    meaning = "no sound can be captured"


class DesktopError(TranscriberError):
    """The desktop has no clipboard, hot key or window for us, or there is none."""

    exit_code = 14
    meaning = "the desktop does not give what is needed"


INTERRUPTED_BY_SIGINT = 130
"""Exit code of a run that Ctrl-C ended: 128 plus the signal's number, as shells report it."""
