"""Get real recordings with transcripts, for the first run and for the tests."""

from __future__ import annotations

import re
import tarfile
import tempfile
import wave
from collections.abc import Iterable
from pathlib import Path

from buildkit.debian_source import download_source
from buildkit.errors import SourceError
from buildkit.files import atomic_writer
from buildkit.pinned_files import provide
from buildkit.places import build_cache
from buildkit.web import download_address
from scripts.layout import SPEECH
from scripts.pins import Speech

_LARGEST = 16 << 20
"""Bytes; far more than any recording here has, so that a wrong file cannot fill the memory."""


def provide_speech(speech: Speech) -> list[Path]:
    """Return the recordings, downloaded where they are not there yet, beside a manifest.

    ``manifest.tsv`` has a header and the columns ``file``, ``language``, ``seconds`` and
    ``reference``, which is what is said, in lower case and without punctuation.

    Raises
    ------
    SourceError
        When neither the machine's package archive nor the origin has them.
    """

    def from_archive(names: Iterable[str], folder: Path) -> None:
        with tempfile.TemporaryDirectory(prefix=".source-", dir=folder.parent) as temporary:
            archive = download_source(speech.debian_source, Path(temporary))
            unpack(archive, [f"{speech.folder}/{name}" for name in names], folder)

    def from_origin(names: Iterable[str], folder: Path) -> None:
        for name in names:
            download_address(speech.address + name, folder / name)

    provide(
        SPEECH,
        speech.sha256,
        cache=build_cache(),
        routes={
            "downloading recordings from the machine's package archive": from_archive,
            "downloading recordings from their origin": from_origin,
        },
    )
    _write_manifest(speech)
    return [SPEECH / name for name in speech.recordings]


def unpack(archive: Path, members: Iterable[str], folder: Path) -> None:
    """Write files of a tar archive into `folder`, each under the last part of its name.

    Parameters
    ----------
    archive : Path
        The archive, compressed or not.
    members : iterable of str
        Paths in it, below its one top folder. One that it lacks is passed over.
    folder : Path
        Where the files go.

    Raises
    ------
    SourceError
        When the archive cannot be read.
    """
    wanted = set(members)
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                _, _, path = member.name.removeprefix("./").partition("/")
                content = tar.extractfile(member) if path in wanted else None
                if content is not None:
                    (folder / Path(path).name).write_bytes(content.read(_LARGEST))
    except (tarfile.TarError, EOFError, OSError) as error:
        raise SourceError(f"{archive.name} cannot be unpacked: {error}") from error


def references(transcripts: str) -> dict[str, str]:
    """Return what is said in each utterance, from a transcript file of CMU Sphinx.

    Its lines are ``<s> words </s> (name)``.
    """
    lines = re.findall(r"^<s>\s*(.*?)\s*</s>\s*\((\S+)\)\s*$", transcripts, flags=re.MULTILINE)
    return {name: words for words, name in lines}


def _write_manifest(speech: Speech) -> None:
    said = references((SPEECH / speech.transcripts).read_text())
    rows = ["file\tlanguage\tseconds\treference"]
    for name in speech.recordings:
        with wave.open(str(SPEECH / name)) as recording:
            seconds = recording.getnframes() / recording.getframerate()
        rows.append(f"{name}\t{speech.language}\t{seconds:.2f}\t{said[Path(name).stem]}")
    with atomic_writer(SPEECH / "manifest.tsv") as stream:
        stream.write(("\n".join(rows) + "\n").encode())
