"""What dpkg and apt are told about the package: its control file and digests."""

from __future__ import annotations

import hashlib
import textwrap
from pathlib import Path

from release.common.description import Description
from release.debian.changelog import debian_version

ARCHITECTURE = "amd64"

_DEPENDS = "libc6 (>= 2.31)"
"""That of Debian 11, against which everything is built."""

_SUGGESTS = (
    "xdg-utils",  # opens the page
    "pipewire-bin | pulseaudio-utils | alsa-utils",  # records and plays
    "wl-clipboard",  # the clipboard of Wayland; X11's needs no program
)
"""What a desktop has, and a server needs not: apt would install what is recommended."""


def file_name(description: Description) -> str:
    """Return what the package's file is called."""
    return f"{description.name}_{debian_version(description.version)}_{ARCHITECTURE}.deb"


def make_control(description: Description, root: Path) -> str:
    """Return the control file of the package whose files are in `root`."""
    fields = {
        "Package": description.name,
        "Version": debian_version(description.version),
        "Architecture": ARCHITECTURE,
        "Maintainer": description.maintainer,
        "Installed-Size": str(_kibibytes(root)),
        "Depends": _DEPENDS,
        "Suggests": ", ".join(_SUGGESTS),
        "Section": "sound",
        "Priority": "optional",
        "Homepage": description.address,
        "Description": _described(description),
    }
    return "".join(f"{name}: {value}\n" for name, value in fields.items() if value)


def make_digests(root: Path) -> str:
    """Return ``md5sums``, by which dpkg finds damage after the installation."""
    return "".join(
        f"{hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()}"
        f"  {path.relative_to(root).as_posix()}\n"
        for path in sorted(root.rglob("*"))
        if path.is_file() and not path.is_symlink()
    )


def _described(description: Description) -> str:
    # Policy wants a phrase, not a sentence.
    lines = [description.summary]
    for number, paragraph in enumerate(description.paragraphs):
        lines += [" ."] * bool(number)
        lines += textwrap.wrap(
            paragraph,
            width=79,
            initial_indent=" ",
            subsequent_indent=" ",
            break_long_words=False,
            break_on_hyphens=False,
        )
    return "\n".join(lines)


def _kibibytes(root: Path) -> int:
    """Return the size when installed, as dpkg-gencontrol counts: a folder or a link is one."""
    return sum(
        -(-path.lstat().st_size // 1024) if path.is_file() and not path.is_symlink() else 1
        for path in root.rglob("*")
    )
