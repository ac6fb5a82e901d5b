"""The steps of a release: ``python -m release STEP``, which the verbs of the repository call."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping
from importlib import resources
from pathlib import Path

from buildkit.commands import ending_in_one_line, say
from buildkit.errors import BuildError, RecipeError, ToolError, UsageError
from buildkit.places import CHECKOUT
from native_build.appimages import Publishing
from release.common.description import Description, read_description
from release.publishing.assembling import assemble
from release.publishing.git import revision
from release.publishing.notes import read_changes
from release.publishing.packages import given_away, make_packages
from release.publishing.preparing import check, check_clean, edited, prepare, tag, tag_name
from release.publishing.provenance import read_revision
from release.publishing.tree import lay_out_tree
from release.recipes.flatpak import application_id
from scripts.layout import DISTRIBUTION, PACKAGES, TRIAL
from transcriber import __version__
from transcriber.errors import TranscriberError
from transcriber.signatures.checking import check_file
from transcriber.signatures.minisign import PublicKey, read_keys
from transcriber.signatures.release_key import FILE as RELEASE_KEY


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


def _place(options: argparse.Namespace, name: str) -> Path:
    """Return a folder; a trial has its own, so that no finished release is lost."""
    return (TRIAL if options.dry_run else DISTRIBUTION) / name


def _publishing() -> Publishing:
    return Publishing(
        update_address=os.environ.get("UPDATE_ADDRESS", ""),
        sign_key=os.environ.get("SIGN_KEY", ""),
        minisign_key=os.environ.get("MINISIGN_KEY", ""),
    )


def _description() -> Description:
    return read_description(address=_publishing().update_address)


def _release_keys() -> tuple[PublicKey, ...]:
    """Return the keys by which the program checks a release; a source may have none."""
    return read_keys(resources.files("transcriber.signatures").joinpath(RELEASE_KEY).read_bytes())


def _prepare(options: argparse.Namespace) -> None:
    publishing = _publishing()
    if publishing.update_address:
        # What fits no recipe is told before anything is committed.
        application_id(_description())
    if not options.dry_run:
        if _release_keys() and not publishing.minisign_key:
            raise UsageError(
                f"the program has a key ({RELEASE_KEY}), and would refuse what it has not signed",
                "give MINISIGN_KEY=file",
            )
        prepare(CHECKOUT, options.version, options.date)
        return
    if options.version != __version__:
        raise UsageError(
            f"a dry run has the version that is there, {__version__}", "leave VERSION out"
        )
    try:
        check(CHECKOUT, options.version, options.date)
        names = ", ".join(edited(CHECKOUT, options.version, options.date)) or "nothing"
        say(f"a release would change and commit {names}, and tag {tag_name(options.version)}")
    except BuildError as error:
        say(f"a release would stop here: {error}")


def _packages(options: argparse.Namespace) -> None:
    folder = _place(options, PACKAGES.name)
    for path in make_packages(folder, description=_description()):
        print(f"{path.stat().st_size:>12,}  {path.relative_to(CHECKOUT)}")


def _assemble(options: argparse.Namespace) -> None:
    if options.dry_run:
        commit = _trial_revision()
    else:
        check_clean(CHECKOUT)
        commit = revision(CHECKOUT)
    folder = _place(options, "release")
    made = assemble(
        given_away(DISTRIBUTION, _place(options, PACKAGES.name)),
        folder,
        description=_description(),
        changes=_changes(),
        commit=commit,
        publishing=_publishing(),
    )
    if keys := () if options.dry_run else _release_keys():
        check_file(made[0], keys)
    say(f"{folder.relative_to(CHECKOUT)} has {len(made)} files")


def _changes() -> str:
    try:
        return read_changes(CHECKOUT, __version__)
    except RecipeError:
        return read_changes(CHECKOUT, "Unreleased")


def _trial_revision() -> str:
    try:
        return revision(CHECKOUT)
    except ToolError:
        # Sources without their history are enough for a trial.
        return "0" * 40


def _tree(options: argparse.Namespace) -> None:
    tree = _place(options, "tree")
    lay_out_tree(
        _place(options, "release"),
        tree,
        description=_description(),
        sign_key=_publishing().sign_key,
    )
    say(f"{tree.relative_to(CHECKOUT)} is what a web server needs")


def _tag(options: argparse.Namespace) -> None:
    commit = read_revision(_place(options, "release"), _description())
    if options.dry_run:
        say(f"a release would now tag {commit[:9]} as {tag_name(options.version)}")
    else:
        tag(CHECKOUT, options.version, commit, sign_key=_publishing().sign_key)


_STEPS: Mapping[str, Callable[[argparse.Namespace], None]] = {
    "prepare": _prepare,
    "packages": _packages,
    "assemble": _assemble,
    "tree": _tree,
    "tag": _tag,
}

if __name__ == "__main__":
    sys.exit(main())
