"""The recipe's entry: ``python -m native_build``, which ``make native`` calls."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from native_build.build import Folders, build_program
from scripts.layout import CHECKOUT, build_cache
from torch_build.build import WHEEL
from transcriber.errors import INTERRUPTED_BY_SIGINT, StorageError, TranscriberError


def main() -> int:
    """Build the native program.

    Returns
    -------
    int
        The exit code.
    """
    parser = argparse.ArgumentParser(prog="native_build", description=__doc__)
    parser.add_argument("--selection", choices=("slim", "wide"), default="slim")
    parser.add_argument("--torch", type=Path, default=CHECKOUT / "dist" / WHEEL)
    parser.add_argument("--work", type=Path, default=CHECKOUT / "build/native")
    parser.add_argument("--cache", type=Path, default=build_cache())
    options = parser.parse_args()
    folders = Folders(work=options.work, cache=options.cache)
    try:
        build_program(folders, options.torch, selection=options.selection)
    except TranscriberError as error:
        print(f"native: {error}", file=sys.stderr)
        return error.exit_code
    except OSError as error:
        print(f"native: {error}: mend that, then give the same command again", file=sys.stderr)
        return StorageError.exit_code
    except KeyboardInterrupt:
        print("native: interrupted; the same command goes on", file=sys.stderr)
        return INTERRUPTED_BY_SIGINT
    return 0


if __name__ == "__main__":
    sys.exit(main())
