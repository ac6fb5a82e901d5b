"""The recipe's entry: ``python -m torch_build``, which ``make torch`` calls."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from scripts.layout import CHECKOUT, build_cache
from torch_build.build import Folders, provide_wheel
from transcriber.errors import INTERRUPTED_BY_SIGINT, StorageError, TranscriberError


def main() -> int:
    """Build the wheel.

    Returns
    -------
    int
        The exit code.
    """
    parser = argparse.ArgumentParser(prog="torch_build", description=__doc__)
    parser.add_argument("--work", type=Path, default=CHECKOUT / "build/torch")
    parser.add_argument("--output", type=Path, default=CHECKOUT / "dist")
    parser.add_argument("--cache", type=Path, default=build_cache())
    options = parser.parse_args()
    folders = Folders(work=options.work, output=options.output, cache=options.cache)
    try:
        provide_wheel(folders)
    except TranscriberError as error:
        print(f"torch: {error}", file=sys.stderr)
        return error.exit_code
    except OSError as error:
        print(f"torch: {error}: mend that, then give the same command again", file=sys.stderr)
        return StorageError.exit_code
    except KeyboardInterrupt:
        print("torch: interrupted; the same command goes on", file=sys.stderr)
        return INTERRUPTED_BY_SIGINT
    return 0


if __name__ == "__main__":
    sys.exit(main())
