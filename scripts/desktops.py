"""Sound servers, an X server, a Wayland compositor and a bus for the tests: Debian's."""

from __future__ import annotations

import platform

from buildkit.commands import say
from buildkit.errors import BuildError, ToolError
from buildkit.files import atomic_writer
from buildkit.system_packages import unpack_packages
from scripts.environment import digest, only_one, read_stamp, write_stamp
from scripts.layout import DESKTOPS

PACKAGES = (
    *("xvfb", "x11-xkb-utils", "xkb-data", "xclip", "xsel"),
    *("pulseaudio", "pulseaudio-utils", "pipewire-bin", "wireplumber"),
    *("alsa-utils", "libasound2-data"),
    # Sway and not weston: without input devices that one has no seat, so no clipboard either.
    *("sway", "wl-clipboard", "wtype", "dbus-daemon"),
    # Says what the tests of invented courtesies hear.
    "espeak-ng",
)

STAMP = DESKTOPS / "set-up.json"
"""Written last: what was unpacked."""

_FOUND_BY_XVFB = (b"\0/usr/bin\0", b"\0usr/bin\0\0")
"""The folder of ``xkbcomp``, which Xvfb runs: as it is built, and relative to where it starts."""


def provide_desktops() -> None:
    """See to it that the tests of dictation have what they start, where it can be had.

    What is lacking is said, and its tests are skipped: all the rest does without.
    """
    # Not pinned: Debian keeps the last version only. apt checks it by Debian's keys.
    system = platform.freedesktop_os_release().get("VERSION_ID", "")
    wanted = {"packages": digest([], " ".join(PACKAGES)), "system": system}
    with only_one():
        if read_stamp(STAMP) == wanted:
            return
        try:
            unpack_packages(PACKAGES, DESKTOPS)
            _mend_xvfb()
        except BuildError as error:
            say(f"no desktops for the tests of dictation, which are skipped: {error}")
            return
        write_stamp(STAMP, wanted)


def _mend_xvfb() -> None:
    """Let Xvfb find ``xkbcomp`` beside itself; it has an option for the keyboards only."""
    path = DESKTOPS / "usr/bin/Xvfb"
    content = path.read_bytes()
    if content.count(_FOUND_BY_XVFB[0]) != 1:
        raise ToolError("this Xvfb names the folder of xkbcomp otherwise")
    with atomic_writer(path) as stream:
        stream.write(content.replace(*_FOUND_BY_XVFB))
    path.chmod(0o755)
