"""The script that installs an AppImage of this very release."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from buildkit.errors import InputError
from release.common.artefacts import Artefact
from release.common.description import Description
from release.common.template import fill, web_address, write_text
from transcriber.signatures.minisign import PublicKey, read_keys

_APPIMAGE = re.compile(r"transcriber-([a-z-]+)-x86_64\.AppImage")

_DEFAULT = "ultra-lean"


def make_install_script(
    appimages: Sequence[Artefact],
    output: Path,
    *,
    description: Description,
    keys: Sequence[PublicKey] | None = None,
) -> Path:
    """Write ``install.sh``.

    Parameters
    ----------
    appimages : sequence of Artefact
        What it can install, an edition each. Their digests are in it.
    output : Path
        The folder for the script.
    description : Description
        Which release it is, and where it will be.
    keys : sequence of PublicKey, optional
        Whose signatures of ``SHA256SUMS`` it accepts; those in the program when not given. It
        checks none where there is no key.

    Returns
    -------
    Path
        The script.

    Raises
    ------
    InputError
        When there is no AppImage, or a file that is none.
    UsageError
        When the description has no address.
    StorageError
        When it cannot be written.
    """
    editions = {_edition(one): one for one in appimages}
    if not editions:
        raise InputError("there is no AppImage to install", "make them first: make appimages")
    # The one that is taken unless another is named comes first.
    names = sorted(editions, key=lambda name: (name != _DEFAULT, name))
    values = {
        "title": description.title,
        "name": description.name,
        "version": description.version,
        "address": web_address(description, "").rstrip("/"),
        "keys": " ".join(map(_line, _published_keys() if keys is None else keys)),
        "editions": "\n".join(_choice(name, editions[name]) for name in names),
        "names": "|".join(names),
        "default": names[0],
    }
    return write_text(output / "install.sh", fill("install.sh", values), mode=0o755)


def _edition(appimage: Artefact) -> str:
    found = _APPIMAGE.fullmatch(appimage.name)
    if not found:
        raise InputError(
            f"{appimage.name} is not called as an AppImage of an edition",
            "give those that make appimages made",
        )
    return found[1]


def _choice(edition: str, appimage: Artefact) -> str:
    size = f"{appimage.size / 1e6:.1f} MB"
    return f"    {edition}) file='{appimage.name}' sha256='{appimage.sha256}' size='{size}' ;;"


def _line(key: PublicKey) -> str:
    """Return the key as its file has it."""
    return base64.b64encode(b"Ed" + key.number + key.key).decode()


def _published_keys() -> tuple[PublicKey, ...]:
    return read_keys(resources.files("transcriber.signatures").joinpath("release.pub").read_bytes())
