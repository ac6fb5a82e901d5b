"""Put all files of a release into one folder, with their digests, signatures and provenance."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.judging.accept import LATEST, read_latest
from buildkit.files import atomic_writer, copy_whole, make_directory
from buildkit.places import CHECKOUT
from native_build.appimages import Publishing, sign_digests
from native_build.pack import write_digests
from release.common.artefacts import open_to_all, read_artefact
from release.common.description import Description
from release.publishing.notes import make_notes
from release.publishing.provenance import make_statement, statement_path, write_statement
from transcriber.signatures.checking import LIST

NOTES = "RELEASE_NOTES.md"


def assemble(
    files: Sequence[Path],
    output: Path,
    *,
    description: Description,
    changes: str,
    commit: str,
    publishing: Publishing,
) -> list[Path]:
    """Make the folder of a release.

    Parameters
    ----------
    files : sequence of Path
        What is given away.
    output : Path
        What it held is replaced.
    description : Description
        What is said about the program.
    changes : str
        What the change log says about the version.
    commit : str
        The revision that was built.
    publishing : Publishing
        The keys, and the address.

    Returns
    -------
    list of Path
        The files in `output`: copies of `files`, the statement about them, the notes, the list
        of digests and its signatures.

    Raises
    ------
    InputError
        When a file is missing.
    BuildError
        When a signature cannot be made.
    """
    shutil.rmtree(output, ignore_errors=True)
    make_directory(output)
    found = [read_artefact(path) for path in files]
    for one in found:
        copy_whole(one.path, output / one.name)
    settings: Mapping[str, str] = {
        "VERSION": description.version,
        "UPDATE_ADDRESS": publishing.update_address,
    }
    statement = make_statement(found, commit, settings)
    write_statement(statement, statement_path(output, description))
    measured = read_latest(CHECKOUT) if (CHECKOUT / LATEST).is_file() else None
    with atomic_writer(output / NOTES) as stream:
        stream.write(make_notes(description, changes, found, measured).encode())
    digests = output / LIST
    write_digests([path for path in output.iterdir() if path.is_file()], digests)
    sign_digests(digests, publishing)
    open_to_all(output)
    return sorted(output.iterdir())
