"""Bringing an official model into the store, whatever the network does."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from transcriber.errors import ModelError, NetworkError, StorageError
from transcriber.files import make_directory
from transcriber.models.digest import remember_sha256
from transcriber.models.download import SourceDownload
from transcriber.models.faults import AttemptError
from transcriber.models.lock import FileLock
from transcriber.models.partial import PartialFile
from transcriber.models.policy import DownloadPolicy
from transcriber.models.progress import DownloadReport, SilentReport, megabytes
from transcriber.models.registry import OfficialModel
from transcriber.models.sources import source_addresses, source_label
from transcriber.models.store import expected_file, lock_path, partial_paths, verify
from transcriber.models.stored import StoredModel

_DEFAULT_POLICY = DownloadPolicy()


def fetch(
    model: OfficialModel,
    *,
    directory: Path,
    mirrors: Sequence[str] = (),
    report: DownloadReport | None = None,
    policy: DownloadPolicy = _DEFAULT_POLICY,
) -> StoredModel:
    """Fetch `model` into the store unless it is there and whole; replace it if it is damaged.

    The bytes go to a temporary file in the same folder, which an interrupted run leaves
    for the next one to resume. It gets the model's name when it is on the disk and has
    the model's sha256, so that a file of that name is never half of one.

    Parameters
    ----------
    model : OfficialModel
        What to fetch.
    directory : Path
        The store's folder; it is created.
    mirrors : sequence of str
        Sources to try before the official one, as `sources.source_addresses` takes them.
    report : DownloadReport, optional
        What is told of the progress.
    policy : DownloadPolicy
        Time limits and retries.

    Raises
    ------
    UsageError
        When a mirror is no usable address.
    NetworkError
        When no source brings the file; the message gives the reason of each.
    StorageError
        When the file cannot be written, at once and without another attempt.
    """
    report = report or SilentReport()
    stored = expected_file(model, directory)
    if _is_whole(stored):
        return stored
    addresses = source_addresses(model, mirrors)
    make_directory(directory)
    if stored.path.is_dir():
        raise StorageError(f"{stored.path} is a folder", "remove it, or choose another folder")
    partial_path, description_path = partial_paths(model, directory)
    with _exclusive(model, directory, report, policy) as locked:
        # Another process may have fetched it while this one waited.
        if _is_whole(stored):
            return stored
        if stored.path.exists():
            report.note(f"{model.name}: {stored.path} is damaged and will be replaced")
        _check_space(model, partial_path)
        with PartialFile(partial_path, description_path, model.size) as partial:
            if not _is_finished(partial, model):
                _fetch_from_any(addresses, model, partial, report, policy)
            # Without a lock another process may have written to the same file.
            if not locked and partial.read_back() != model.sha256:
                partial.discard()
                raise NetworkError(
                    f"two processes fetched the model {model.name} at once, and {directory} "
                    "has no locks to keep them apart",
                    "fetch it with one process",
                )
            partial.move_to(stored.path)
        remember_sha256(stored.path, model.sha256)
    return stored


def _is_finished(partial: PartialFile, model: OfficialModel) -> bool:
    """Return whether an earlier run ended between the last byte and the renaming."""
    if not partial.complete:
        return False
    if partial.sha256() == model.sha256:
        return True
    partial.discard()
    return False


def _fetch_from_any(
    addresses: Sequence[str],
    model: OfficialModel,
    partial: PartialFile,
    report: DownloadReport,
    policy: DownloadPolicy,
) -> None:
    """Fetch the bytes from the first source that brings the right ones."""
    failures = []
    for address in addresses:
        try:
            SourceDownload(
                model=model, address=address, partial=partial, report=report, policy=policy
            ).run()
            return
        except AttemptError as error:
            failures.append(f"{address}: {error}")
            if address != addresses[-1]:
                report.note(
                    f"{model.name}: {source_label(address)} fails, going on to the next: {error}"
                )
    raise NetworkError(
        f"cannot fetch the model {model.name}: {'; '.join(failures)}",
        "check the network, or name another source with --model_mirror",
    )


@contextmanager
def _exclusive(
    model: OfficialModel, directory: Path, report: DownloadReport, policy: DownloadPolicy
) -> Iterator[bool]:
    """Hold the model's lock; yield whether the file system has locks at all."""
    lock = FileLock(lock_path(model, directory))
    partial, _ = partial_paths(model, directory)
    seen, since = -1, time.monotonic()
    if not lock.acquire():
        report.note(f"{model.name}: another process is fetching it; waiting")
        while not lock.acquire():
            length = _length(partial)
            if length != seen:
                seen, since = length, time.monotonic()
                report.download(model.name, length, model.size)
            elif time.monotonic() - since > policy.lock_timeout:
                raise NetworkError(
                    f"another process has been fetching the model {model.name} without "
                    f"progress for {policy.lock_timeout:g} s",
                    "end it, then try again",
                )
            time.sleep(policy.lock_interval)
    try:
        yield lock.supported
    finally:
        lock.release()


def _check_space(model: OfficialModel, partial: Path) -> None:
    """Stop before the first byte where the last would not fit."""
    try:
        usage = shutil.disk_usage(partial.parent)
    except OSError:
        return
    needed = model.size - min(_length(partial), model.size)
    # Some network file systems report no sizes at all.
    if usage.total and usage.free < needed:
        raise StorageError(
            f"cannot write {partial.parent}: the model {model.name} needs {megabytes(needed)}, "
            f"and {megabytes(usage.free)} are free",
            "free some space or choose another folder with --model_dir",
        )


def _is_whole(stored: StoredModel) -> bool:
    try:
        verify(stored)
    except ModelError:
        return False
    return True


def _length(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
