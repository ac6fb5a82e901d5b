"""The program's entry: which part of it is meant, and how it ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from transcriber.errors import TranscriberError
from transcriber.interruption import Interrupted, end_at_signals

DEBUG_VARIABLE = "TRANSCRIBER_DEBUG"
"""Set to show where in the program a failure arose."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program.

    Parameters
    ----------
    arguments : sequence of str, optional
        The command line without the program's name; that of the process when not given.

    Returns
    -------
    int
        The exit code.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    end_at_signals()
    for stream in (sys.stdout, sys.stderr):
        # A terminal that lacks a character shows a question mark instead of ending the run.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        code = _dispatch(given)
        sys.stdout.flush()
    except TranscriberError as error:
        _show_origin()
        print(f"transcriber: {error}", file=sys.stderr)
        code = error.exit_code
    except Interrupted as interruption:
        print(f"transcriber: {interruption.message}", file=sys.stderr)
        code = interruption.exit_code
    except BrokenPipeError:
        # Whoever read the output has gone. Python would complain when it closes the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 141
    except Exception as error:
        _show_origin()
        text = " ".join(f"{type(error).__name__}: {error}".split())
        print(
            f"transcriber: this is a defect of the program: {text}: please report it with the "
            f"output of the same command under {DEBUG_VARIABLE}=1",
            file=sys.stderr,
        )
        code = 1
    return code


def _dispatch(given: list[str]) -> int:
    """Run the sub-command, or a transcription; load no more than it needs."""
    command, rest = (given[0], given[1:]) if given else ("", [])
    if command == "__probe_device__":
        from transcriber import device_probe

        return device_probe.main(rest)
    if command in ("models", "doctor"):
        from transcriber.subcommands import run_subcommand

        return run_subcommand(command, rest)
    from transcriber.options import parse

    settings = parse(given)
    from transcriber.progress import make_reporter
    from transcriber.run import run

    reporter = make_reporter(settings.progress)
    try:
        return run(settings, reporter)
    except TranscriberError as error:
        _show_origin()
        reporter.fail("", error)
        return error.exit_code
    finally:
        reporter.close()


def _show_origin() -> None:
    if os.environ.get(DEBUG_VARIABLE):
        import traceback

        traceback.print_exc()


if __name__ == "__main__":
    sys.exit(main())
