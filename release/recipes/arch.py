"""The recipe by which Arch Linux's makepkg makes a package of the program."""

from __future__ import annotations

from pathlib import Path

from release.archives.tarball import tarball_folder
from release.common.artefacts import Artefact
from release.common.description import Description
from release.common.template import fill, web_address, write_text

_OPTIONAL = (
    "pipewire: record what is said, for live captions and dictation",
    "libpulse: the same with PulseAudio",
    "alsa-utils: the same with ALSA alone",
    "wl-clipboard: paste what was dictated under Wayland",
    "xdg-utils: open the page in the browser",
)


def make_pkgbuild(tarball: Artefact, output: Path, *, description: Description) -> Path:
    """Write ``PKGBUILD``, and beside it ``SRCINFO``, which goes to the AUR with a dot in front.

    Parameters
    ----------
    tarball : Artefact
        From `make_tarball`.
    output : Path
        The folder for the two files.
    description : Description
        What the package says of the program, and where the tarball will be.

    Returns
    -------
    Path
        ``PKGBUILD``.

    Raises
    ------
    UsageError
        When the description has no address.
    StorageError
        When it cannot be written.
    """
    # By Arch's custom: it is not built from source.
    name = f"{description.name}-bin"
    # A hyphen separates version and release. 1.2.3rc.1 is older than 1.2.3 for pacman.
    version = description.version.replace("-", "")
    single = {"pkgdesc": description.summary, "pkgver": version, "pkgrel": "1"}
    single["url"] = f"{description.address}/"
    several: dict[str, tuple[str, ...]] = {
        "arch": ("x86_64",),
        "license": (description.licence,),
        "depends": ("glibc>=2.31",),
        "optdepends": _OPTIONAL,
        "provides": (f"{description.name}={version}",),
        "conflicts": (description.name,),
        "options": ("!strip", "!debug"),
        "source": (web_address(description, tarball.name),),
        "sha256sums": (tarball.sha256,),
    }
    values = {
        "maintainer": description.maintainer,
        "fields": "\n".join(
            [f"pkgname={_shell(name)}"]
            + [f"{key}={_shell(value)}" for key, value in single.items()]
            + [f"{key}=({' '.join(map(_shell, value))})" for key, value in several.items()]
        ),
        "folder": _shell(tarball_folder(description)),
    }
    lines = list(single.items())
    lines += [(key, value) for key, those in several.items() for value in those]
    text = "".join(f"\t{key} = {value}\n" for key, value in lines)
    write_text(output / "SRCINFO", f"pkgbase = {name}\n{text}\npkgname = {name}\n")
    return write_text(output / "PKGBUILD", fill("PKGBUILD", values))


def _shell(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
