"""What reads and runs packages in the tests: Debian's tools, unpacked beside the machine."""

from __future__ import annotations

import platform

from buildkit.commands import say
from buildkit.errors import BuildError
from buildkit.system_packages import unpack_packages
from scripts.environment import digest, only_one, read_stamp, write_stamp
from scripts.layout import PACKAGERS

PACKAGES = (
    # Images: what runs them, copies them and unpacks them.
    *("crun", "skopeo", "umoci"),
    # What takes a snap apart, and checks scripts, desktop entries and descriptions.
    *("squashfs-tools", "shellcheck", "desktop-file-utils", "appstream"),
    # Its shell runs install.sh, too.
    "busybox",
)

STAMP = PACKAGERS / "set-up.json"
"""Written last: what was unpacked."""


def provide_packagers() -> None:
    """See to it that the tests of packages have what they start, where it can be had.

    What is lacking is said, and its tests are skipped: all the rest does without.
    """
    # Not pinned: Debian keeps the last version only. apt checks it by Debian's keys.
    system = platform.freedesktop_os_release().get("VERSION_ID", "")
    wanted = {"packages": digest([], " ".join(PACKAGES)), "system": system}
    with only_one():
        if read_stamp(STAMP) == wanted:
            return
        try:
            unpack_packages(PACKAGES, PACKAGERS)
        except BuildError as error:
            say(f"no tools for the tests of packages, which are skipped: {error}")
            return
        write_stamp(STAMP, wanted)
