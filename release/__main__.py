"""The steps of a release: ``python -m release STEP``, which the verbs of the repository call."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping

from buildkit.commands import ending_in_one_line, say
from buildkit.errors import ToolError, UsageError
from buildkit.places import CHECKOUT
from native_build.appimages import Publishing
from release.assembling import assemble
from release.description import read_description
from release.notes import CHANGELOG, read_changes
from release.packages import given_away, make_packages
from release.preparing import check, edited, prepare, tag, tag_name
from release.provenance import revision
from release.publish_tree import lay_out_tree
from scripts.layout import DISTRIBUTION, PACKAGES
from transcriber import __version__
from transcriber.errors import TranscriberError

FOLDER = DISTRIBUTION / "release"
TREE = DISTRIBUTION / "tree"


def main() -> int:
    """Do one step, and return the exit code."""
    parser = argparse.ArgumentParser(prog="release", description=__doc__)
    parser.add_argument("step", choices=tuple(_STEPS))
    parser.add_argument("--version", default=__version__)
    parser.add_argument("--date", default="")
    parser.add_argument("--dry_run", action="store_true")
    options = parser.parse_args()

    def work() -> int:
        _STEPS[options.step](options)
        return 0

    return ending_in_one_line("release", work, TranscriberError)


def _publishing() -> Publishing:
    return Publishing(
        update_address=os.environ.get("UPDATE_ADDRESS", ""),
        sign_key=os.environ.get("SIGN_KEY", ""),
        minisign_key=os.environ.get("MINISIGN_KEY", ""),
    )


def _prepare(options: argparse.Namespace) -> None:
    if not options.dry_run:
        prepare(CHECKOUT, options.version, options.date)
        return
    if options.version != __version__:
        raise UsageError(
            f"a dry run has the version that is there, {__version__}", "leave VERSION out"
        )
    try:
        check(CHECKOUT, options.version, options.date)
    except (UsageError, ToolError) as error:
        say(f"a release would stop here: {error}")
    names = ", ".join(edited(CHECKOUT, options.version, options.date)) or "nothing"
    say(f"a release would change and commit {names}, and tag {tag_name(options.version)}")


def _packages(_: argparse.Namespace) -> None:
    description = read_description(address=_publishing().update_address)
    for path in make_packages(PACKAGES, description=description):
        print(f"{path.stat().st_size:>12,}  {path.relative_to(CHECKOUT)}")


def _revision(options: argparse.Namespace) -> str:
    try:
        return revision()
    except ToolError:
        # Sources without their history are enough for a trial.
        if not options.dry_run:
            raise
        return "0" * 40


def _assemble(options: argparse.Namespace) -> None:
    version = __version__
    log = (CHECKOUT / CHANGELOG).read_text(encoding="utf-8")
    made = assemble(
        given_away(DISTRIBUTION, PACKAGES),
        FOLDER,
        description=read_description(address=_publishing().update_address),
        changes=read_changes(CHECKOUT, version if f"\n## {version}" in log else "Unreleased"),
        commit=_revision(options),
        publishing=_publishing(),
    )
    say(f"{FOLDER.relative_to(CHECKOUT)} has {len(made)} files")


def _tree(_: argparse.Namespace) -> None:
    description = read_description(address=_publishing().update_address)
    lay_out_tree(FOLDER, TREE, description=description, sign_key=_publishing().sign_key)
    say(f"{TREE.relative_to(CHECKOUT)} is what a web server needs")


def _tag(options: argparse.Namespace) -> None:
    if options.dry_run:
        say(f"a release would now tag {_revision(options)[:9]} as {tag_name(options.version)}")
    else:
        tag(CHECKOUT, options.version, sign_key=_publishing().sign_key)


_STEPS: Mapping[str, Callable[[argparse.Namespace], None]] = {
    "prepare": _prepare,
    "packages": _packages,
    "assemble": _assemble,
    "tree": _tree,
    "tag": _tag,
}

if __name__ == "__main__":
    sys.exit(main())
