"""The sub-command ``cuda``: status, fetch, import and remove."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from transcriber.commands.parts import add_sources, parts_of
from transcriber.cuda.addon import MIRROR_VARIABLE, published_addon, require_addon
from transcriber.cuda.preference import forget_never, never_wanted
from transcriber.cuda.search import find_addon, in_words
from transcriber.cuda.store import import_addon, remove_all
from transcriber.download.progress import LineReport
from transcriber.errors import DependencyError
from transcriber.interruption import Interrupted


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the sub-commands and their options to `parser`."""
    command = parts_of(parser, "cuda")
    status = command("status", "show whether the add-on is here, and check it")
    status.add_argument("--json", action="store_true", help="print JSON")
    fetching = command("fetch", "fetch the add-on, or mend a damaged one")
    add_sources(fetching, "--cuda_mirror", "{file} or {sha256}", MIRROR_VARIABLE)
    importing = command("import", "bring the file of the add-on in that you got another way")
    importing.add_argument("source", type=Path, metavar="FILE", help="as it is, or unpacked")
    command("remove", "delete the add-on from the cache")


def run(arguments: argparse.Namespace) -> int:
    """Run the sub-command that `arguments` names.

    Returns
    -------
    int
        The exit code.

    Raises
    ------
    TranscriberError
        When it fails.
    """
    return _COMMANDS[arguments.cuda_command](arguments)


def _status(arguments: argparse.Namespace) -> int:
    """Print where the add-on is, and return 0 where it is here and right."""
    # What was found at an earlier time is not what is asked for here.
    found, addon = find_addon(remembered=False), published_addon()
    if arguments.json:
        state = {
            "path": str(found.path) if found.path else None,
            "reason": found.origin,
            "packed": str(found.packed) if found.packed else None,
            "damaged": list(found.damaged),
            "file": addon.file_name if addon else None,
            "size": addon.size if addon else None,
            "sha256": addon.sha256 if addon else None,
            "never_ask": never_wanted(),
        }
        print(json.dumps(state, indent=1))
    else:
        print("\n".join(in_words(found)))
    return 0 if found.path else DependencyError.exit_code


def _fetch(arguments: argparse.Namespace) -> int:
    from transcriber.cuda.fetch import fetch_addon  # noqa: PLC0415 - no other command needs urllib
    from transcriber.progress.reporter import make_reporter  # noqa: PLC0415

    reporter = make_reporter("auto")
    report = reporter if sys.stderr.isatty() else LineReport()
    try:
        path = fetch_addon(
            require_addon(),
            mirrors=arguments.cuda_mirror,
            offline=arguments.offline,
            report=report,
        )
    except Interrupted as interruption:
        interruption.message = "interrupted; the same command resumes the download"
        raise
    finally:
        reporter.close()
    forget_never()
    print(path)
    return 0


def _import(arguments: argparse.Namespace) -> int:
    path = import_addon(arguments.source, require_addon())
    forget_never()
    print(path)
    return 0


def _remove(_: argparse.Namespace) -> int:
    for path in remove_all():
        print(f"removed {path}")
    return 0


_COMMANDS = {"status": _status, "fetch": _fetch, "import": _import, "remove": _remove}
