"""Debian's tools for the tests, unpacked beside the machine."""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from pathlib import Path

from buildkit.commands import say
from buildkit.errors import BuildError
from buildkit.system_packages import unpack_packages
from scripts.environment import STAMP, digest, only_one, read_stamp, write_stamp


def provide_tools(
    packages: Sequence[str], folder: Path, what: str, *, mend: Callable[[], None] | None = None
) -> None:
    """See to it that the tests have what they start, where it can be had.

    What is lacking is said, and its tests are skipped: all the rest does without.

    Parameters
    ----------
    packages : sequence of str
        Names of binary packages.
    folder : Path
        The root that they are unpacked to. Its stamp is written last.
    what : str
        What they are for: ``desktops for the tests of dictation``.
    mend : callable, optional
        Changes what was unpacked.
    """
    # Not pinned: Debian keeps the last version only. apt checks it by Debian's keys.
    system = platform.freedesktop_os_release().get("VERSION_ID", "")
    wanted = {"packages": digest([], " ".join(packages)), "system": system}
    stamp = folder / STAMP.name
    with only_one():
        if read_stamp(stamp) == wanted:
            return
        try:
            unpack_packages(packages, folder)
            if mend is not None:
                mend()
        except BuildError as error:
            say(f"no {what}, which are skipped: {error}")
            return
        write_stamp(stamp, wanted)
