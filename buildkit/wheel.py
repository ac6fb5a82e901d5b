"""Make the wheel: a zip archive of the staged package with what pip wants to know about it.

Two calls with the same files give the same bytes.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

from buildkit.archive import Members, read_folder, write_zip
from buildkit.components import Subject
from buildkit.errors import InputError, ResultError


@dataclass(frozen=True, kw_only=True)
class Metadata(Subject):
    """What a wheel says about itself.

    Attributes
    ----------
    requires : tuple of str
        Requirements, as pip writes them.
    description : str
        The text for readers, in Markdown.
    has : str
        A file that the wheel cannot do without.
    bill : str
        Name of the bill of materials in the wheel.
    generator : str
        What makes the wheel.
    tag : str
        Python version, binary interface and platform.
    requires_python : str
        The field of the same name in the core metadata.
    """

    requires: tuple[str, ...]
    description: str
    has: str
    bill: str
    generator: str
    tag: str = "cp311-cp311-linux_x86_64"
    requires_python: str = "==3.11.*"

    @property
    def dist_info(self) -> str:
        """Name of the folder in the wheel that describes it."""
        return f"{self._escaped_name}-{self.version}.dist-info"

    @property
    def file_name(self) -> str:
        """Name of the wheel."""
        return f"{self._escaped_name}-{self.version}-{self.tag}.whl"

    @property
    def _escaped_name(self) -> str:
        # A dash separates the parts of the name of a file.
        return self.name.replace("-", "_")


def make_wheel(
    stage: Path, output: Path, *, metadata: Metadata, licences: Path, sbom: Path
) -> Path:
    """Make a wheel of what lies in `stage`.

    Parameters
    ----------
    stage : Path
        A folder that holds the package's folder.
    output : Path
        The folder for the wheel.
    metadata : Metadata
        What the wheel says about itself.
    licences : Path
        A folder with all licence texts.
    sbom : Path
        The bill of materials, CycloneDX in JSON.

    Returns
    -------
    Path
        The wheel.

    Raises
    ------
    BuildError
        When `stage` lacks the package or holds a wheel's description already, or when there is
        no licence or no bill of materials.
    StorageError
        When the wheel cannot be written.
    """
    package = read_folder(stage)
    if metadata.has not in package:
        raise InputError(f"{stage} has no {metadata.has}", "run the stage that makes it")
    described = [name for name in package if name.partition("/")[0].endswith(".dist-info")]
    if described:
        raise ResultError(f"{stage} has {described[0]}, which only the wheel may have")
    if not sbom.is_file():
        raise InputError(f"there is no bill of materials {sbom}", "write it first")
    texts = read_folder(licences)
    about = {
        "METADATA": _core_metadata(metadata, list(texts)).encode(),
        "WHEEL": _wheel_description(metadata).encode(),
        f"sboms/{metadata.bill}": sbom.read_bytes(),
        "top_level.txt": "".join(f"{name}\n" for name in _top_level(package)).encode(),
        **{f"licenses/{name}": content for name, content in texts.items()},
    }
    # The description stands at the archive's end, as the specification advises, RECORD last.
    members = dict(sorted(package.items()))
    members |= {f"{metadata.dist_info}/{name}": about[name] for name in sorted(about)}
    members[f"{metadata.dist_info}/RECORD"] = _record(members, metadata.dist_info)
    path = output / metadata.file_name
    write_zip(path, members)
    return path


def _top_level(package: Members) -> list[str]:
    return sorted({name.partition("/")[0].removesuffix(".py") for name in package})


def _core_metadata(metadata: Metadata, licence_files: list[str]) -> str:
    fields = [
        ("Metadata-Version", "2.4"),
        ("Name", metadata.name),
        ("Version", metadata.version),
        ("Summary", metadata.summary),
        ("License-Expression", metadata.licence),
        *(("License-File", name) for name in licence_files),
        ("Requires-Python", metadata.requires_python),
        *(("Requires-Dist", requirement) for requirement in metadata.requires),
        ("Description-Content-Type", "text/markdown"),
    ]
    head = "".join(f"{name}: {value}\n" for name, value in fields)
    return f"{head}\n{metadata.description}"


def _wheel_description(metadata: Metadata) -> str:
    python, interface, platform = metadata.tag.split("-")
    return (
        "Wheel-Version: 1.0\n"
        f"Generator: {metadata.generator}\n"
        "Root-Is-Purelib: false\n"
        f"Tag: {python}-{interface}-{platform}\n"
    )


def _record(members: Members, dist_info: str) -> bytes:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    for name, content in members.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        writer.writerow([name, f"sha256={digest}", len(content)])
    # The list cannot hold its own digest.
    writer.writerow([f"{dist_info}/RECORD", "", ""])
    return buffer.getvalue().encode()
