"""An image for containers: the program and the C library that it needs, and no shell.

It runs as any user and with its root read-only. Models belong in the volume ``/models``; jobs, and
what the program keeps for itself, in ``/data``.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from buildkit.files import atomic_writer, make_directory, storage_error
from native_build.contents import BILL
from native_build.freeze import EXECUTABLE
from release.common.description import Description
from release.common.program_tree import COMMAND, LIBRARY, lay_out
from release.image.bill import Bill, bill_bytes, bill_with, licence_of
from release.image.layers import Entry, file, link, make_layer
from release.image.layout import Image, write_layout
from release.image.system import (
    DATA,
    ENVIRONMENT,
    MODELS,
    USER,
    system_components,
    system_entries,
    system_texts,
)
from transcriber.commands.terminal_files import FOLDER as TERMINAL
from transcriber.other_pythons.worker_sources import BUNDLE

CUDA = "cuda"
"""The edition with the CUDA add-on in it."""

PORT = 8000

_NO_USE = (TERMINAL, BUNDLE)
"""What the program is without: nobody types in an image, nor is there another Python to run."""

_TEXTS = f"usr/{LIBRARY}/licences/glibc"
"""Beside the licences of all else; the same text for ffmpeg follows, and then costs nothing."""

_FOR_CUDA = ("NVIDIA_VISIBLE_DEVICES=all", "NVIDIA_DRIVER_CAPABILITIES=compute,utility")
"""By which NVIDIA's runtime puts its driver's libraries in."""


_ORDER = {EXECUTABLE: 1, "ffmpeg": 2, "libomp.so.5": 3}
"""Texts come before, and other machine code behind these.

Of six orders of the ultra-lean program this one left fewest bytes, and the worst 15 kB more.
"""


def image_name(edition: str) -> str:
    """Return the file name of the image of an edition.

    Examples
    --------
    >>> image_name("lean")
    'transcriber-lean-x86_64.oci.tar'
    """
    return f"transcriber-{edition}-x86_64.oci.tar"


def make_image(
    program: Path, output: Path, *, description: Description, edition: str, system: Path
) -> Path:
    """Make the image of a program, and the bill of materials of all that is in it.

    Parameters
    ----------
    program : Path
        The folder of the native program.
    output : Path
        The folder for the two files; the bill has the image's name, ending in ``.oci.cdx.json``.
    description : Description
        What packages say about the program.
    edition : str
        The tag: ``ultra-lean``, ``lean`` or ``cuda``.
    system : Path
        The sysroot that the program was compiled for, `provide_sysroot(build_cache()).root`.

    Returns
    -------
    Path
        The image, a tar archive with OCI's layout.

    Raises
    ------
    InputError
        When the sysroot or the program lacks a file.
    StorageError
        When a file cannot be written.
    """
    make_directory(output)
    bill = bill_with(program / BILL, system_components())
    layers = [
        make_layer(system_entries(system)),
        make_layer([*system_texts(system, _TEXTS), *_program_entries(program)]),
    ]
    image = Image(
        name=f"{description.command}:{edition}",
        configuration=_configuration(description, edition, bill),
        layers=layers,
    )
    path = output / image_name(edition)
    write_layout(image, path)
    with atomic_writer(path.with_suffix(".cdx.json")) as stream:
        stream.write(bill_bytes(bill))
    return path


def _configuration(description: Description, edition: str, bill: Bill) -> Mapping[str, Any]:
    labels = {
        "title": description.title,
        "description": description.summary,
        "version": description.version,
        "licenses": licence_of(bill),
        **({"url": description.address} if description.address else {}),
    }
    return {
        "User": USER,
        "ExposedPorts": {f"{PORT}/tcp": {}},
        "Env": [*ENVIRONMENT, *(_FOR_CUDA if edition == CUDA else ())],
        "Entrypoint": [f"/usr/{COMMAND}"],
        "Cmd": ["serve", "--host", "0.0.0.0", "--port", str(PORT)],  # noqa: S104
        "Volumes": {MODELS: {}, DATA: {}},
        "WorkingDir": DATA,
        "Labels": {f"org.opencontainers.image.{key}": text for key, text in labels.items()},
        "StopSignal": "SIGTERM",
    }


def _program_entries(program: Path) -> list[Entry]:
    """Return the program's files below ``usr``, in the order that leaves fewest bytes."""
    try:
        with tempfile.TemporaryDirectory() as temporary:
            prefix = lay_out(program, Path(temporary, "usr"))
            for name in _NO_USE:
                _remove(prefix / LIBRARY / name)
            paths = [prefix / COMMAND, *(prefix / LIBRARY).rglob("*")]
            return list(_entries(sorted(paths, key=_place), prefix.parent))
    except OSError as error:
        raise storage_error("lay out the program in", Path(tempfile.gettempdir()), error) from error


def _entries(paths: Iterable[Path], root: Path) -> Iterator[Entry]:
    for path in paths:
        name = path.relative_to(root).as_posix()
        if path.is_symlink():
            yield link(name, str(path.readlink()))
        elif path.is_file():
            executable = bool(path.stat().st_mode & 0o100)
            yield file(name, path.read_bytes(), executable=executable)


def _place(path: Path) -> tuple[int, str]:
    kind = _ORDER.get(path.name, len(_ORDER) + 1 if path.suffix == ".so" else 0)
    return kind, path.as_posix()


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
