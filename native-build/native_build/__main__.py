"""The recipe's entry: ``python -m native_build``, which ``make native`` and ``make`` call."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from buildkit.commands import ending_in_one_line
from buildkit.places import CHECKOUT, build_cache
from native_build.appimages import Publishing
from native_build.build import build_appimages, build_program
from native_build.editions import ALL_EDITIONS, ULTRA_LEAN
from native_build.workshop import prepare_workshop
from scripts.layout import DISTRIBUTION
from torch_build.build import WHEEL
from transcriber.errors import TranscriberError


def main() -> int:
    """Build the native program, and its AppImages where they are asked for.

    Returns
    -------
    int
        The exit code.
    """
    parser = argparse.ArgumentParser(prog="native_build", description=__doc__)
    parser.add_argument("editions", nargs="*", choices=tuple(ALL_EDITIONS), default=ULTRA_LEAN.name)
    parser.add_argument("--appimages", action="store_true", help="pack them, too")
    parser.add_argument("--torch", type=Path, default=CHECKOUT / "dist" / WHEEL)
    options = parser.parse_args()
    names = [options.editions] if isinstance(options.editions, str) else options.editions
    editions = [ALL_EDITIONS[name] for name in names]
    publishing = Publishing(
        update_address=os.environ.get("UPDATE_ADDRESS", ""),
        sign_key=os.environ.get("SIGN_KEY", ""),
        minisign_key=os.environ.get("MINISIGN_KEY", ""),
    )

    def work() -> int:
        shop = prepare_workshop(CHECKOUT / "build/native", build_cache())
        if options.appimages:
            build_appimages(shop, options.torch, editions, DISTRIBUTION, publishing=publishing)
        else:
            for edition in editions:
                build_program(shop, options.torch, edition)
        return 0

    return ending_in_one_line("native", work, TranscriberError)


if __name__ == "__main__":
    sys.exit(main())
