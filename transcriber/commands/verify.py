"""The sub-command ``verify``: whether files are what was published."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from transcriber.audio.failures import printable
from transcriber.errors import InputError, TranscriberError
from transcriber.signatures.checking import ENDING, LIST, check_file, check_readable
from transcriber.signatures.release_key import given_keys, release_keys


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``verify`` to `parser`."""
    parser.add_argument(
        "files",
        nargs="+",
        type=Path,
        metavar="FILE",
        help=f"what was downloaded: an AppImage, for example, with {LIST} and {LIST}{ENDING} "
        f"beside it, or its own FILE{ENDING}",
    )
    parser.add_argument(
        "--public_key",
        metavar="FILE|KEY",
        help="minisign's public key of who published it (the one in this program)",
    )
    parser.add_argument(
        "--sums",
        type=Path,
        metavar="FILE",
        help=f"the list of digests, with its signature FILE{ENDING} ({LIST} beside each file)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Check every file, and tell of each in one line.

    Returns
    -------
    int
        0 when all are what was published, else the highest exit code of a failure: that of
        `SignatureError` where one is not, of `InputError` where it cannot be told.

    Raises
    ------
    UsageError
        When there is no public key.
    """
    own = arguments.public_key is None
    keys, code = None, 0
    for path in arguments.files:
        try:
            # Before the keys: a name that was mistyped is told whatever they are.
            check_readable(path)
        except InputError as error:
            print(f"transcriber: {error}", file=sys.stderr)
            code = max(code, error.exit_code)
            continue
        keys = keys or (release_keys() if own else given_keys(arguments.public_key))
        try:
            signed = check_file(path, keys, sums=arguments.sums)
        except TranscriberError as error:
            print(f"transcriber: {error}", file=sys.stderr)
            code = max(code, error.exit_code)
            continue
        kind = "the release key" if own else "the key"
        comment = f" ({signed.comment})" if signed.comment else ""
        print(f"{printable(str(path))}: signed by {kind} {signed.key.name}{comment}, whole")
    return code
