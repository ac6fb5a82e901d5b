"""Build what was published again, twice, and compare: ``make verify-release SUMS=...``.

Both builds begin with fresh copies of the sources and nothing but the downloads in common, which
are known by their digests. They differ in what must not matter: the folder, the time and its zone,
the language, and the permissions of new files. The tool reprotest does such things for packages of
Debian; here, the list of somebody else is what counts.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from buildkit.commands import HOUR, Command, run, run_quietly, say
from buildkit.errors import InputError, ResultError, ToolError, UsageError
from buildkit.files import make_directory
from buildkit.places import BUILD_CACHE_VARIABLE, CHECKOUT, build_cache
from scripts.environment import digest
from scripts.release_comparison import compare, unpublished
from transcriber.signatures.digest_list import read_digests

WORK = "build/verify-release"
"""Where in the checkout the copies are."""

PRIVATE = ("SIGN_KEY", "MINISIGN_KEY")
"""Settings that a build for comparison never has."""

_MADE = re.compile(
    r"\.git|\.venv|\.cache|build|dist|__pycache__|.*\.egg-info|\.(mypy|ruff|pytest)_cache"
)
"""Names that no copy has: of what builds and tools make."""

_DOWNLOAD = re.compile("[0-9a-f]{64}")
"""The build cache's names for what was downloaded; all else in it was made."""

_STATEMENT = re.compile(r"\.intoto\.json$|^RELEASE_NOTES\.md$")
"""Names of what tells of a revision and of a day, which a copy of the sources does not know."""

_LIMIT = 12 * HOUR


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What a build must not depend on.

    Attributes
    ----------
    folder : str
        Where it happens, below the folder of the comparison.
    umask : int
        The permissions that new files do not get.
    zone : str
        The time zone. No file of the system is needed to know it.
    locale : str
        The language, whose rules sort names.
    clock : str
        What is added to the time, as faketime has it; empty, the machine's own.
    """

    folder: str
    umask: int
    zone: str
    locale: str
    clock: str = ""


def surroundings(locales: str, *, faketime: bool) -> tuple[Surroundings, Surroundings]:
    """Return two that have nothing in common.

    Parameters
    ----------
    locales : str
        What ``locale -a`` prints.
    faketime : bool
        Whether there is a faketime, which lets a program see another time.
    """
    others = [name for name in locales.split() if re.search(r"\.utf-?8$", name, re.IGNORECASE)]
    # Turkish has another small I, which has broken more than one build.
    others.sort(key=lambda name: (not name.startswith("tr_"), name.startswith("C."), name))
    first = Surroundings(folder="one", umask=0o022, zone="<+14>-14", locale="C")
    other = Surroundings(
        folder="the-other/in/a-folder-of-another-length",
        umask=0o077,
        # 26 hours from the first, so that it is never the same day.
        zone="<-12>12",
        locale=others[0] if others else "C.UTF-8",
        # No more, or certificates of download servers would have expired.
        clock="+26h" if faketime else "",
    )
    return first, other


def build_command(place: Surroundings, cache: Path, words: Command) -> list[str | Path]:
    """Return the command that runs `words` in such surroundings, with a build cache of its own."""
    clock = ["faketime", "-f", place.clock] if place.clock else []
    return [
        "env",
        *(word for name in PRIVATE for word in ("-u", name)),
        *(f"TZ={place.zone}", f"LC_ALL={place.locale}", f"{BUILD_CACHE_VARIABLE}={cache}"),
        *clock,
        *("sh", "-c", f'umask {place.umask:03o}; exec "$@"', "sh"),
        *words,
    ]


def copy_sources(source: Path, target: Path, umask: int) -> None:
    """Copy the sources in `source`, as if they had been fetched with that umask."""
    target.mkdir(parents=True)
    for path in sorted(source.iterdir()):
        copy = target / path.name
        if _MADE.fullmatch(path.name):
            continue
        if path.is_symlink():
            copy.symlink_to(os.readlink(path))  # noqa: PTH115  the text
        elif path.is_dir():
            copy_sources(path, copy, umask)
        else:
            shutil.copyfile(path, copy)
            runs = path.stat().st_mode & stat.S_IXUSR
            copy.chmod((0o777 if runs else 0o666) & ~umask)
    target.chmod(0o777 & ~umask)


def share_downloads(cache: Path, other: Path) -> None:
    """Give the build cache `other` what was downloaded into `cache`, and nothing that was made."""
    make_directory(other)
    for path in sorted(cache.iterdir()) if cache.is_dir() else ():
        if _DOWNLOAD.fullmatch(path.name) and path.is_file() and not (other / path.name).exists():
            try:
                (other / path.name).hardlink_to(path)
            except OSError:
                # On another file system.
                shutil.copyfile(path, other / path.name)


def read_list(path: Path) -> Mapping[str, str]:
    """Return the digests of a list.

    Raises
    ------
    InputError
        When it cannot be read, or has none.
    """
    try:
        digests = read_digests(path.read_bytes())
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"{path} cannot be used: {reason}", "give the SHA256SUMS") from error
    if not digests:
        raise InputError(f"{path} is empty", "give the SHA256SUMS")
    return digests


def verify_release(sums: str, *, checkout: Path = CHECKOUT) -> None:
    """Build the AppImages and the wheel twice, and compare them with a list.

    Parameters
    ----------
    sums : str
        The path of the list. The settings ``EDITION`` and ``UPDATE_ADDRESS`` reach the builds.
    checkout : Path
        The sources.

    Raises
    ------
    UsageError
        When no list is given.
    InputError
        When the list cannot be used.
    ToolError
        When a build fails; why was printed.
    ResultError
        When a file of the list is not what the sources give.
    """
    if not sums:
        raise UsageError("no list is given to compare with", "write SUMS=path/to/SHA256SUMS")
    listed = read_list(Path(sums))
    published = {name: listed[name] for name in listed if not _STATEMENT.search(name)}
    work = checkout / WORK
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(work)
    builds = list(_builds(checkout, work, Path(sums).absolute().parent, published))
    verdicts = list(compare(published, builds))
    for verdict in verdicts:
        print(f"{verdict.name}: {verdict.text}")
    for name in unpublished(published, builds):
        print(f"{name}: is not in the list")
    for name in sorted(listed.keys() - published.keys()):
        print(f"{name}: is a statement about the others, and was not compared")
    wrong = [verdict.name for verdict in verdicts if not verdict.same]
    if wrong:
        raise ResultError(
            f"{len(wrong)} of {len(verdicts)} files are not what this source gives",
            f"see above; the builds are in {work}: is it the same revision and UPDATE_ADDRESS?",
        )


def _builds(
    checkout: Path, work: Path, folder_of_list: Path, published: Mapping[str, str]
) -> Iterator[Mapping[str, str]]:
    """Build in both surroundings, and yield the digests of each."""
    faketime = shutil.which("faketime") is not None
    if not faketime:
        say("the package faketime would let the second build see another time; the zone differs")
    cache = build_cache()
    for place in surroundings(run_quietly(["locale", "-a"])[1], faketime=faketime):
        folder = work / place.folder
        own = folder / "cache"
        copy_sources(checkout, folder / "checkout", place.umask)
        share_downloads(cache, own)
        clock = place.clock or "right"
        say(
            f"building in {folder}: umask {place.umask:03o}, zone {place.zone}, clock {clock}, "
            f"locale {place.locale}"
        )
        command = build_command(place, own, [sys.executable, "-m", "scripts", "appimages"])
        if run(command, limit=_LIMIT, directory=folder / "checkout"):
            raise ToolError(
                f"the build in {folder} failed, the reason is above", "mend that, try again"
            )
        copy = folder / "checkout"
        _take_signatures(copy, folder_of_list)
        digests = dict(read_list(copy / "dist/SHA256SUMS"))
        if published.keys() - digests.keys():
            digests |= _packages(copy, place, own)
        yield digests
        cache = own


def _packages(copy: Path, place: Surroundings, cache: Path) -> dict[str, str]:
    """Make the packages of what was built, and return their digests."""
    made = run(build_command(place, cache, _module(copy, "release", "packages")), directory=copy)
    if made:
        raise ToolError(
            f"the packages in {copy} could not be made, the reason is above", "mend that, try again"
        )
    return {path.name: digest([path]) for path in (copy / "dist/packages").iterdir()}


def _module(copy: Path, name: str, *words: str | Path) -> Command:
    """Return the command that runs a module of a copy, by the Python that its set-up made."""
    paths = os.pathsep.join(str(copy / name) for name in ("native-build", "torch-build", "."))
    return ["env", f"PYTHONPATH={paths}", copy / ".venv/bin/python", "-m", name, *words]


def _take_signatures(copy: Path, published: Path) -> None:
    """Take the signatures that are in published AppImages, where these lie beside the list."""
    if not any((published / path.name).is_file() for path in copy.glob("dist/*.AppImage")):
        return
    words = ("native_build.published_signatures", copy / "dist", published)
    if run(_module(copy, *words), directory=copy):
        raise ToolError(
            f"the signatures in the AppImages of {published} cannot be read, the reason is above",
            "leave the list there, but not these files, to compare without them",
        )
