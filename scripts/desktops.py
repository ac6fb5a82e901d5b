"""Sound servers, an X server, a Wayland compositor and a bus for the tests: Debian's."""

from __future__ import annotations

from buildkit.errors import ToolError
from buildkit.files import atomic_writer
from scripts.debian_tools import provide_tools
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

_FOUND_BY_XVFB = (b"\0/usr/bin\0", b"\0usr/bin\0\0")
"""The folder of ``xkbcomp``, which Xvfb runs: as it is built, and relative to where it starts."""


def provide_desktops() -> None:
    """See to it that the tests of dictation have what they start, where it can be had."""
    provide_tools(PACKAGES, DESKTOPS, "desktops for the tests of dictation", mend=_mend_xvfb)


def _mend_xvfb() -> None:
    """Let Xvfb find ``xkbcomp`` beside itself; it has an option for the keyboards only."""
    path = DESKTOPS / "usr/bin/Xvfb"
    content = path.read_bytes()
    if content.count(_FOUND_BY_XVFB[0]) != 1:
        raise ToolError("this Xvfb names the folder of xkbcomp otherwise")
    with atomic_writer(path) as stream:
        stream.write(content.replace(*_FOUND_BY_XVFB))
    path.chmod(0o755)
