"""Download wheels and source archives from the Python package index that pip is configured for.

No code of a package runs, and its hash is checked by pip.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from buildkit.commands import last_line, run_quietly
from buildkit.errors import SourceError

# pip asks a source archive for its name and version before it keeps it, by running the build
# back end that the archive names. This one, under that name, answers with what is pinned.
_BACKEND = """\
import pathlib


def prepare_metadata_for_build_wheel(folder, settings=None):
    place = pathlib.Path(folder, "{name}-{version}.dist-info")
    place.mkdir()
    text = "Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n"
    (place / "METADATA").write_text(text)
    return place.name
"""


def download(
    name: str,
    version: str,
    sha256: str,
    folder: Path,
    *,
    backend: str = "",
    python: Path = Path(sys.executable),
) -> Path:
    """Download one file of a package into `folder`, and return its path there.

    Parameters
    ----------
    name, version : str
        As the index has them.
    sha256 : str
        Digest of the file, in hexadecimal; of the package's files it is the only one taken.
    folder : Path
        Where the file goes, under its name in the index.
    backend : str
        For a source archive, the build back end that its ``pyproject.toml`` names; a wheel is
        wanted when this is empty.
    python : Path
        The Python whose pip is asked; that of the set-up may have none.

    Raises
    ------
    SourceError
        When pip cannot download it.
    """
    with tempfile.TemporaryDirectory(prefix=".pip-", dir=folder) as temporary:
        requirements, incoming = Path(temporary) / "requirements.txt", Path(temporary) / "incoming"
        requirements.write_text(f"{name}=={version} --hash=sha256:{sha256}\n")
        environment = []
        kind = "--only-binary"
        if backend:
            (Path(temporary) / f"{backend}.py").write_text(
                _BACKEND.format(name=name, version=version)
            )
            searched = os.pathsep.join(filter(None, [temporary, os.environ.get("PYTHONPATH")]))
            environment = ["env", f"PYTHONPATH={searched}"]
            kind = "--no-binary"
        code, output = run_quietly(
            [
                *environment,
                *(python, "-m", "pip", "download", "--no-deps", "--require-hashes"),
                *("--no-build-isolation", "--no-cache-dir", "--disable-pip-version-check"),
                *(kind, ":all:", "--dest", incoming, "--requirement", requirements),
            ]
        )
        files = list(incoming.glob("*"))
        if code or not files:
            raise SourceError(f"pip cannot download {name}: {last_line(output)}")
        return files[0].rename(folder / files[0].name)
