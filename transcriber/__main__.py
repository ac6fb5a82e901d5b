"""The program's entry: which part of it is meant, and how it ends."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from transcriber.errors import TranscriberError, UsageError
from transcriber.interruption import Interrupted, check_interrupted, end_at_signals
from transcriber.streams import (
    abandon_output,
    disk_error,
    output_is_full,
    prepare_streams,
    print_whole,
)

if TYPE_CHECKING:
    from transcriber.progress.reporter import Reporter

DEBUG_VARIABLE = "TRANSCRIBER_DEBUG"
"""Set to show where in the program a failure arose."""

_CHILDREN = {
    "__probe_device__": "transcriber.machine.device_probe",
    "__decode__": "transcriber.worker.decoding",
    "__hear__": "transcriber.worker.hearing",
    "__keep_selection__": "transcriber.x11.selection",
}
"""Of a first argument that only this program gives, the module whose `main` it is for."""

NOBODY_READS = 141
"""Exit code when the reader of standard output has gone: as if SIGPIPE had ended the program."""


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
    prepare_streams()
    end_at_signals()
    try:
        return _dispatch_or_tell(given)
    except Interrupted as interruption:
        print(f"transcriber: {interruption.message}", file=sys.stderr)
        return interruption.exit_code


def _dispatch_or_tell(given: list[str]) -> int:
    """Do what is asked for; tell what goes wrong, unless a signal is the cause of it."""
    try:
        code = _dispatch(given)
        print_whole("")
    except TranscriberError as error:
        check_interrupted()
        _show_origin()
        if isinstance(error, UsageError):
            error.remedy += _namesake(given[:1])
        print(f"transcriber: {error}", file=sys.stderr)
        code = error.exit_code
    except BrokenPipeError:
        # Whoever read the output has gone. Python would complain when it closes the stream.
        abandon_output()
        code = NOBODY_READS
    except Exception as error:
        check_interrupted()
        _show_origin()
        if output_is_full(error):
            told = disk_error(error)
            abandon_output()
            print(f"transcriber: {told}", file=sys.stderr)
            return told.exit_code
        from transcriber.machine.memory import general_error, is_out_of_memory

        if is_out_of_memory(error):
            print(f"transcriber: {general_error()}", file=sys.stderr)
            return general_error().exit_code
        text = " ".join(f"{type(error).__name__}: {error}".split())
        print(
            f"transcriber: this is a defect of the program: {text}: please report it with the "
            f"output of the same command under {DEBUG_VARIABLE}=1",
            file=sys.stderr,
        )
        code = 1
    return code


def _namesake(words: list[str]) -> str:
    """Return what to add where the sub-command has the name of a recording."""
    from transcriber.desktop import COMMAND
    from transcriber.subcommands import SUBCOMMANDS

    names = [word for word in words if word in (*SUBCOMMANDS, COMMAND) and os.path.isfile(word)]
    return "".join(f"; or give ./{name} if the recording is meant" for name in names)


def _dispatch(given: list[str]) -> int:
    """Run the sub-command, or a transcription; load no more than it needs."""
    if given in (["--version"], ["-V"]):
        # Scripts ask for it often; the parser of all options takes longer than the answer.
        from transcriber import __version__

        print_whole(f"transcriber {__version__}\n")
        return 0
    command, rest = (given[0], given[1:]) if given else ("", [])
    if command in _CHILDREN:
        child: Callable[[Sequence[str]], int] = importlib.import_module(_CHILDREN[command]).main
        return child(rest)
    from transcriber.subcommands import SUBCOMMANDS

    if command == "help":
        if rest == ["help"]:
            rest = []
        if rest and rest[0] not in SUBCOMMANDS:
            raise UsageError(f"there is no sub-command {rest[0]}", "see transcriber --help")
        given = [*rest, "--help"]
        command, rest = given[0], given[1:]
    if given in ([], ["desktop"]):
        from transcriber import desktop

        if desktop.shows_page(opened=bool(given)):
            command, rest = "ui", ["--until_closed"]
    if command in SUBCOMMANDS:
        from transcriber.commands.running import run_subcommand

        return run_subcommand(command, rest)
    if command == "desktop" or not given:
        from transcriber import desktop

        if given or desktop.is_interactive():
            return desktop.run(rest, _transcribe_or_tell)
    if command.startswith(("/", "file:")) and not sys.stdin.isatty():
        from transcriber import desktop

        if desktop.were_dropped(given):
            return desktop.run(given, _transcribe_or_tell)
    return _transcribe(given)


def _transcribe_or_tell(given: Sequence[str]) -> int:
    """Run a transcription of several, which go on where one fails."""
    try:
        return _transcribe(given)
    except TranscriberError as error:
        _show_origin()
        print(f"transcriber: {error}", file=sys.stderr)
        return error.exit_code


def _transcribe(given: Sequence[str]) -> int:
    from transcriber.options.command_line import parse

    settings = parse(given)
    from transcriber.progress.reporter import make_reporter
    from transcriber.run import run

    reporter = make_reporter(settings.progress, quiet=settings.quiet)
    try:
        if settings.queue:
            from transcriber.queued import ThroughQueue

            return run(settings, reporter, ThroughQueue(given))
        _note_others(reporter)
        return run(settings, reporter)
    except TranscriberError as error:
        check_interrupted()
        _show_origin()
        reporter.fail("", error)
        return error.exit_code
    except Interrupted as interruption:
        reporter.interrupted(interruption.message, interruption.exit_code)
        return interruption.exit_code
    finally:
        reporter.close()


def _note_others(reporter: Reporter) -> None:
    """Tell that the user's own service decodes meanwhile: both take longer then."""
    from transcriber.paths import program_data
    from transcriber.service.address_file import read_address

    # Most have no service, and are not to wait for what asks one.
    if not read_address(program_data()):
        return
    from transcriber.commands.serve import KEY_VARIABLE
    from transcriber.service.own_client import unfinished_jobs

    if count := unfinished_jobs(program_data(), os.environ.get(KEY_VARIABLE, "")):
        jobs = "1 recording" if count == 1 else f"{count} recordings"
        reporter.note(f"the service on this machine decodes {jobs}, too: --queue takes turns")


def _show_origin() -> None:
    if os.environ.get(DEBUG_VARIABLE):
        import traceback

        traceback.print_exc()


def start() -> None:
    """Run the program and end the process.

    A GPU that has failed is not asked to free what it holds, as Python's end would do: its driver
    may crash or hang then, when all is written and only the exit code is yet to tell so.
    """
    code = main()
    local = sys.modules.get("transcriber.engine.local")
    if local is None or not local.has_abandoned():
        sys.exit(code)
    import contextlib

    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    start()
