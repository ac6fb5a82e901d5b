"""Making the file systems of other machines: Pythons, environments and what is installed there."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from transcriber.other_pythons.places import Surroundings

ELF = b"\x7fELF"


class Machine:
    """A machine below a folder; its user's folder is ``/home/me``."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.home = root / "home/me"
        self.home.mkdir(parents=True)

    def python(self, path: str, *names: str, content: bytes = ELF) -> Path:
        """Make an interpreter, and links of other names beside it."""
        executable = self.root / path
        executable.parent.mkdir(parents=True, exist_ok=True)
        executable.write_bytes(content)
        executable.chmod(0o755)
        for name in names:
            executable.with_name(name).symlink_to(executable.name)
        return executable

    def installation(self, prefix: str, minor: int) -> Path:
        """Make a Python with its library; return its folder of packages."""
        self.python(f"{prefix}/bin/python3.{minor}", "python3", "python")
        packages = self.root / prefix / f"lib/python3.{minor}/site-packages"
        packages.mkdir(parents=True)
        return packages

    def environment(
        self, prefix: str, base: str, minor: int, *, shared: bool = False, key: str = "version"
    ) -> Path:
        """Make a virtual environment of a Python; return its folder of packages."""
        executable = self.root / prefix / "bin/python"
        executable.parent.mkdir(parents=True)
        executable.symlink_to(
            os.path.relpath(self.root / base / f"bin/python3.{minor}", executable.parent)
        )
        (self.root / prefix / "pyvenv.cfg").write_text(
            f"home = /{base}/bin\ninclude-system-site-packages = {str(shared).lower()}\n"
            f"{key} = 3.{minor}.4\n"
        )
        packages = self.root / prefix / f"lib/python3.{minor}/site-packages"
        packages.mkdir(parents=True)
        return packages

    def around(
        self, environment: Mapping[str, str] | None = None, folder: str = "home/me"
    ) -> Surroundings:
        """Return the surroundings of a process there."""
        return Surroundings(
            root=self.root,
            environment=environment or {},
            home=self.home,
            folder=self.root / folder,
        )


def install_torch(
    packages: Path,
    version: str = "2.5.1+cu124",
    *,
    cuda: str | None = "12.4",
    hip: str | None = None,
    python: str = "",
    numpy: bool = True,
) -> Path:
    """Make files like those of PyTorch in a folder of packages."""
    folder = packages / "torch"
    folder.mkdir(parents=True)
    (folder / "__init__.py").touch()
    lines = [f"__version__ = {version!r}", "debug = False", f"cuda: Optional[str] = {cuda!r}"]
    (folder / "version.py").write_text("\n".join([*lines, f"hip: Optional[str] = {hip!r}", ""]))
    if python:
        (folder / f"_C.cpython-{python}-x86_64-linux-gnu.so").touch()
    if numpy:
        (packages / "numpy").mkdir()
        (packages / "numpy/__init__.py").touch()
    return folder
