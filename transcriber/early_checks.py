"""What is told before a model is fetched: what cannot be read, and where nothing can be written."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from transcriber.audio.ffmpeg import Ffmpeg
from transcriber.audio.stream import AudioLimits, open_audio
from transcriber.errors import InputError, LimitError, StorageError, TranscriberError
from transcriber.files import make_directory, storage_error
from transcriber.inputs.addresses import address_failure, is_address
from transcriber.inputs.recordings import Recording, check_standard_input
from transcriber.outputs import check_outputs, output_paths, output_stem
from transcriber.settings import RunSettings
from transcriber.streams import check_output

_Failed = Callable[[Recording, TranscriberError], None]


def readable(recordings: Sequence[Recording], ffmpeg: Ffmpeg, failed: _Failed) -> list[Recording]:
    """Return the recordings that can be opened; nothing is decoded.

    Raises
    ------
    UsageError
        When standard input is meant and is a terminal.
    """
    found = []
    for recording in recordings:
        try:
            if recording.path is None:
                check_standard_input()
            elif is_address(recording.label):
                raise address_failure(recording.label)
            else:
                open_audio(recording.path, ffmpeg=ffmpeg, label=recording.label).close()
            found.append(recording)
        except InputError as error:
            failed(recording, error)
    return found


def writable(
    recordings: Sequence[Recording], settings: RunSettings, failed: _Failed
) -> list[Recording]:
    """Return the recordings whose transcripts can be written; their folders are made.

    Raises
    ------
    StorageError
        When the folder of all of them, or standard output, cannot be written to.
    """
    directory = settings.output.directory
    if directory is None:
        check_output()
    if directory is None or not recordings:
        return list(recordings)
    check_folder(directory)
    checked, found = {directory}, []
    for recording in recordings:
        stem = output_stem(recording, settings) or directory
        try:
            if stem.parent not in checked:
                check_folder(stem.parent)
                checked.add(stem.parent)
            check_outputs(output_paths(stem, settings.output))
            found.append(recording)
        except StorageError as error:
            failed(recording, error)
    return found


def check_folder(folder: Path) -> None:
    """Check that files can be made in a folder, which is made where it is missing.

    Raises
    ------
    StorageError
        When they cannot.
    """
    make_directory(folder)
    try:
        # Permissions tell less: root may do everything, but not on a disk that is read-only.
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise storage_error("write to", folder, error) from error


def with_sound(
    recordings: Sequence[Recording],
    ffmpeg: Ffmpeg,
    limits: AudioLimits,
    failed: _Failed,
    *,
    track: str | None = None,
) -> list[Recording]:
    """Return the recordings from the first with sound on: for none a model is worth fetching."""
    waiting = list(recordings)
    while waiting:
        first = waiting[0]
        # Standard input is read once only, at its turn.
        if first.path is None:
            break
        try:
            with open_audio(
                first.path, ffmpeg=ffmpeg, limits=limits, label=first.label, track=track
            ) as audio:
                next(audio, None)
            break
        except (InputError, LimitError) as error:
            failed(waiting.pop(0), error)
    return waiting


def check_python(settings: RunSettings) -> None:
    """Check that the machine has the Python that is asked for; none is started.

    Raises
    ------
    UsageError
        When the one that is named is not there.
    DependencyError
        When no Python has a PyTorch.
    """
    if settings.backend != "system":
        return
    from transcriber.choosing.other_python import Selection, find_candidates  # noqa: PLC0415
    from transcriber.other_pythons.places import Surroundings  # noqa: PLC0415  only where one is wanted

    candidates = find_candidates(settings.python, Surroundings.of_this_process())
    if all(candidate.problem for candidate in candidates):
        raise Selection(candidates=candidates).nothing_usable()
