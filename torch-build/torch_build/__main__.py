"""The recipe's entry: ``python -m torch_build``, which ``make torch`` calls."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from buildkit.commands import ending_in_one_line
from buildkit.places import CHECKOUT, build_cache
from torch_build.build import Folders, provide_wheel


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

    def work() -> int:
        provide_wheel(folders)
        return 0

    return ending_in_one_line("torch", work)


if __name__ == "__main__":
    sys.exit(main())
