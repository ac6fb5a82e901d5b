"""What reads and runs packages in the tests: Debian's tools, unpacked beside the machine."""

from __future__ import annotations

from scripts.debian_tools import provide_tools
from scripts.layout import PACKAGERS

PACKAGES = (
    # Images: what runs them, copies them and unpacks them.
    *("crun", "skopeo", "umoci"),
    # What takes a snap apart, and checks scripts, desktop entries and descriptions.
    *("squashfs-tools", "shellcheck", "desktop-file-utils", "appstream"),
    # Its shell runs install.sh, too.
    "busybox",
)


def provide_packagers() -> None:
    """See to it that the tests of packages have what they start, where it can be had."""
    provide_tools(PACKAGES, PACKAGERS, "tools for the tests of packages")
