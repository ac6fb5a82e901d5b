"""The add-on's entry: ``python -m torch_build.cuda``, which ``make cuda`` calls."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from buildkit.commands import ending_in_one_line
from buildkit.places import CHECKOUT, build_cache
from torch_build.build import Folders
from torch_build.cuda.build import CudaFolders, provide_addon


def main() -> int:
    """Build the add-on.

    Returns
    -------
    int
        The exit code.
    """
    parser = argparse.ArgumentParser(prog="torch_build.cuda", description=__doc__)
    parser.add_argument("--work", type=Path, default=CHECKOUT / "build/torch-cuda")
    parser.add_argument("--core", type=Path, default=CHECKOUT / "build/torch")
    parser.add_argument("--output", type=Path, default=CHECKOUT / "build/torch-cuda/addon")
    parser.add_argument("--cache", type=Path, default=build_cache())
    options = parser.parse_args()
    core = Folders(work=options.core, output=options.core, cache=options.cache)
    folders = CudaFolders(core=core, work=options.work, output=options.output)

    def work() -> int:
        provide_addon(folders)
        return 0

    return ending_in_one_line("cuda", work)


if __name__ == "__main__":
    sys.exit(main())
