"""An archive that apt installs from: the packages, their index, and its digests and signatures."""

from __future__ import annotations

import gzip
import hashlib
import lzma
import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

from buildkit.commands import Command, last_line, run_quietly
from buildkit.errors import InputError, ToolError
from buildkit.files import atomic_writer, copy_whole
from native_build.signature import fingerprint, sign
from release.common.artefacts import Artefact, read_artefact
from release.common.description import Description
from release.debian.archive import read_deb
from release.debian.control import ARCHITECTURE

SUITE, COMPONENT = "stable", "main"

INDEX = f"{COMPONENT}/binary-{ARCHITECTURE}/Packages"
"""Below the folder of the suite."""


def write_apt_repository(
    debs: Sequence[Path], output: Path, *, description: Description, sign_key: str = ""
) -> Path:
    """Write an archive for apt, which may be served as plain files or lie in a folder.

    Parameters
    ----------
    debs : sequence of Path
        The packages.
    output : Path
        What it held is replaced.
    description : Description
        What the archive is called.
    sign_key : str
        The key that GnuPG signs with, whose public part is then in ``NAME.asc``; none, no
        signature, and apt wants to be told that this is trusted. All but the signatures is the
        same bytes for the same packages.

    Returns
    -------
    Path
        `output`.

    Raises
    ------
    InputError
        When there is no package, or one cannot be read.
    ToolError
        When GnuPG cannot sign.
    StorageError
        When the archive cannot be written.
    """
    if not debs:
        raise InputError("an archive for apt needs a package", "make one: make packages")
    pool = f"pool/{COMPONENT}/{description.name[0]}/{description.name}"
    packages = {f"{pool}/{deb.name}": deb for deb in sorted(debs, key=lambda deb: deb.name)}
    paragraphs, times = [], []
    for place, deb in packages.items():
        artefact = read_artefact(deb)
        control, time = read_deb(deb.read_bytes())
        paragraphs.append(_paragraph(artefact, control, place))
        times.append(time)
    shutil.rmtree(output, ignore_errors=True)
    suite = output / "dists" / SUITE
    for place, deb in packages.items():
        copy_whole(deb, output / place)
        (output / place).chmod(0o644)
    index = "\n".join(paragraphs).encode()
    indexes = {
        INDEX: index,
        f"{INDEX}.gz": gzip.compress(index, 9, mtime=0),
        f"{INDEX}.xz": lzma.compress(index),
    }
    for name, content in indexes.items():
        _write(suite / name, content)
    # apt complains of a list without a date and refuses one of the future: it is the packages'.
    date = datetime.fromtimestamp(max(times), UTC)
    release = _release(description, date, indexes).encode()
    _write(suite / "Release", release)
    if sign_key:
        signature, key = sign(release.decode(), sign_key)
        _write(suite / "Release.gpg", signature)
        _write(output / f"{description.name}.asc", key)
        _clear_sign(suite / "Release", suite / "InRelease", fingerprint(sign_key))
    return output


def _paragraph(artefact: Artefact, control: str, place: str) -> str:
    fields = f"Filename: {place}\nSize: {artefact.size}\nSHA256: {artefact.sha256}"
    return f"{control.rstrip()}\n{fields}\n"


def _release(description: Description, date: datetime, indexes: Mapping[str, bytes]) -> str:
    digests = [
        f" {hashlib.sha256(content).hexdigest()} {len(content)} {name}"
        for name, content in indexes.items()
    ]
    lines = [
        f"Origin: {description.title}",
        f"Label: {description.title}",
        f"Suite: {SUITE}",
        f"Codename: {SUITE}",
        f"Date: {format_datetime(date)}",
        f"Architectures: {ARCHITECTURE}",
        f"Components: {COMPONENT}",
        f"Description: {description.summary}",
        "SHA256:",
        *digests,
    ]
    return "\n".join(lines) + "\n"


def _write(path: Path, content: bytes) -> None:
    with atomic_writer(path) as copy:
        copy.write(content)
    path.chmod(0o644)


def _clear_sign(text: Path, output: Path, key: str) -> None:
    words: Command = ["--local-user", key, "--output", output, "--clear-sign", text]
    code, said = run_quietly(["gpg", "--batch", "--yes", *words])
    if code:
        raise ToolError(f"gpg cannot sign: {last_line(said)}", "check SIGN_KEY")
    output.chmod(0o644)
