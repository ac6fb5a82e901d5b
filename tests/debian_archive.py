"""A small archive of Debian's form in a folder, which the real apt reads, and what is in it."""

from __future__ import annotations

import hashlib
import io
import subprocess
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from buildkit import debian_addresses, debian_suites

SETTINGS = """\
Acquire::AllowInsecureRepositories "true";
APT::Get::AllowUnauthenticated "true";
"""
"""Nobody signs what a test makes."""


@dataclass
class DebianArchive:
    """An archive with binary packages and source packages of suites.

    Attributes
    ----------
    root : Path
        The folder that an address names.
    """

    root: Path
    _indices: dict[tuple[str, str], str] = field(default_factory=dict)

    def add_source(
        self, suite: str, package: str, version: str, files: Mapping[str, bytes]
    ) -> None:
        """Add a version of a source package, with `files` in the pool."""
        folder = self.root / "pool" / package
        folder.mkdir(parents=True, exist_ok=True)
        lines = [f" {'0' * 64} 1 {package}_{version.rpartition(':')[2]}.dsc"]
        for name, content in files.items():
            (folder / name).write_bytes(content)
            lines.append(f" {hashlib.sha256(content).hexdigest()} {len(content)} {name}")
        listed = "\n".join(lines)
        self._add(
            (suite, "source/Sources"),
            f"Package: {package}\nBinary: {package}\nVersion: {version}\nArchitecture: any\n"
            f"Format: 3.0 (quilt)\nDirectory: pool/{package}\nChecksums-Sha256:\n{listed}\n",
        )

    def add_binary(self, suite: str, name: str, version: str) -> bytes:
        """Add a binary package that has one file, and return its content."""
        tree = self.root.parent / f"tree-of-{name}"
        (tree / "DEBIAN").mkdir(parents=True)
        (tree / "usr").mkdir()
        (tree / "usr" / name).write_text(version)
        control = (
            f"Package: {name}\nVersion: {version}\nArchitecture: amd64\n"
            "Maintainer: nobody <nobody@invalid>\nDescription: for a test\n"
        )
        (tree / "DEBIAN/control").write_text(control)
        path = self.root / "pool" / f"{name}.deb"
        path.parent.mkdir(parents=True, exist_ok=True)
        words = ["dpkg-deb", "--root-owner-group", "--build", str(tree), str(path)]
        subprocess.run(words, check=True, capture_output=True, timeout=60)
        content = path.read_bytes()
        self._add(
            (suite, "binary-amd64/Packages"),
            f"{control}Filename: pool/{name}.deb\nSize: {len(content)}\n"
            f"SHA256: {hashlib.sha256(content).hexdigest()}\n",
        )
        return content

    def _add(self, index: tuple[str, str], paragraph: str) -> None:
        self._indices[index] = self._indices.get(index, "") + paragraph + "\n"
        suites = {suite for suite, _ in self._indices}
        for suite in suites:
            folder = self.root / "dists" / suite
            lines = []
            for (own, name), text in self._indices.items():
                if own == suite:
                    path = folder / "main" / name
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_text(text)
                    digest = hashlib.sha256(path.read_bytes()).hexdigest()
                    lines.append(f" {digest} {path.stat().st_size} main/{name}\n")
            (folder / "Release").write_text(
                f"Suite: {suite}\nCodename: {suite}\nComponents: main\nArchitectures: amd64\n"
                f"Date: Sat, 01 Jan 2022 00:00:00 UTC\nSHA256:\n{''.join(lines)}"
            )


def apt_for(archive: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return apt's configuration for a machine whose archive is in the folder `archive`."""
    folder.mkdir()
    (folder / "sources.list").write_text(f"deb file:{archive} here main\n")
    (folder / "apt.conf").write_text(SETTINGS)
    monkeypatch.setenv("APT_CONFIG", str(folder / "apt.conf"))
    monkeypatch.setattr(debian_suites, "KEYRING", folder / "no-keys.gpg")
    monkeypatch.setattr(debian_suites, "REMOVED_KEYS", folder / "no-keys.gpg")
    monkeypatch.delenv(debian_addresses.ADDRESS_VARIABLE, raising=False)
    return folder


def write_tar(path: Path, files: Mapping[str, str], *, top: str = "top-1") -> Path:
    """Write a tar archive of `files`; a name that ends in ``@`` is a symbolic link."""
    with tarfile.open(path, "w:gz" if path.suffix == ".gz" else "w:xz") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(f"{top}/{name.removesuffix('@')}")
            if name.endswith("@"):
                member.type, member.linkname = tarfile.SYMTYPE, text
                tar.addfile(member)
            else:
                member.size = len(text.encode())
                member.mode = 0o755 if name.endswith(".sh") else 0o644
                tar.addfile(member, io.BytesIO(text.encode()))
    return path


def patch_of(path: str, old: str | None, new: str | None) -> str:
    """Return the text of a patch of a file with one line; None where there is no such file."""
    names = [f"a/{path}" if old is not None else "/dev/null"]
    names += [f"b/{path}" if new is not None else "/dev/null"]
    counts = [0 if text is None else 1 for text in (old, new)]
    lines = [
        f"--- {names[0]}",
        f"+++ {names[1]}",
        f"@@ -{counts[0]},{counts[0]} +{counts[1]},{counts[1]} @@",
    ]
    lines += [f"-{old}"] if old is not None else []
    lines += [f"+{new}"] if new is not None else []
    return "Why it is needed.\n" + "".join(f"{line}\n" for line in lines)


def write_debian(path: Path, patches: Mapping[str, str], series: str | None = None) -> Path:
    """Write the archive with the folder ``debian`` that has `patches` in this order."""
    names = "".join(f"{name}\n" for name in patches)
    files = {f"patches/{name}": text for name, text in patches.items()}
    files |= {"control": "", "patches/series": names if series is None else series}
    return write_tar(path, files, top="debian")
