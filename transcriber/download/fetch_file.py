"""Bringing a published file to its place, whatever the network does."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from transcriber.download.attempts import SourceDownload
from transcriber.download.faults import AttemptError
from transcriber.download.lock import FileLock, lock_path
from transcriber.download.partial import PartialFile, partial_paths
from transcriber.download.policy import DownloadPolicy
from transcriber.download.progress import DownloadReport, megabytes
from transcriber.download.published import PublishedFile
from transcriber.download.sources import source_label
from transcriber.errors import NetworkError, StorageError
from transcriber.files import make_directory

DEFAULT_POLICY = DownloadPolicy()


def fetch_file(
    file: PublishedFile,
    target: Path,
    addresses: Sequence[str],
    *,
    is_whole: Callable[[], bool],
    install: Callable[[PartialFile], None],
    report: DownloadReport,
    policy: DownloadPolicy,
) -> None:
    """Fetch `file` and make `target` of it, unless that is there and whole.

    The bytes go to a temporary file in the target's folder, which an interrupted run leaves
    for the next one to resume. Only one process at a time fetches a file into a folder.

    Parameters
    ----------
    file : PublishedFile
        What to fetch.
    target : Path
        What `install` makes; a damaged one is replaced.
    addresses : sequence of str
        Where to ask, one after the other.
    is_whole : callable
        Tells whether `target` is there and right.
    install : callable
        Makes `target` of all bytes, which have the file's sha256.
    report : DownloadReport
        What is told of the progress.
    policy : DownloadPolicy
        Time limits and retries.

    Raises
    ------
    NetworkError
        When no source brings the file; the message gives the reason of each.
    StorageError
        When the file cannot be written, at once and without another attempt.
    """
    directory = target.parent
    make_directory(directory)
    if target.is_dir():
        raise StorageError(f"{target} is a folder", "remove it, or choose another folder")
    partial_path, description_path = partial_paths(file, directory)
    with _exclusive(file, directory, report, policy) as locked:
        # Another process may have fetched it while this one waited.
        if is_whole():
            return
        if target.exists():
            report.note(f"{file.name}: {target} is damaged and will be replaced")
        _check_space(file, partial_path)
        with PartialFile(partial_path, description_path, file.size) as partial:
            if not _is_finished(partial, file):
                _fetch_from_any(addresses, file, partial, report, policy)
            # Without a lock another process may have written to the same file.
            if not locked and partial.read_back() != file.sha256:
                partial.discard()
                raise NetworkError(
                    f"two processes fetched {file.title} at once, and {directory} "
                    "has no locks to keep them apart",
                    "fetch it with one process",
                )
            install(partial)


def _is_finished(partial: PartialFile, file: PublishedFile) -> bool:
    """Return whether an earlier run ended between the last byte and the renaming."""
    if not partial.complete:
        return False
    if partial.sha256() == file.sha256:
        return True
    partial.discard()
    return False


def _fetch_from_any(
    addresses: Sequence[str],
    file: PublishedFile,
    partial: PartialFile,
    report: DownloadReport,
    policy: DownloadPolicy,
) -> None:
    """Fetch the bytes from the first source that brings the right ones."""
    failures = []
    for address in addresses:
        try:
            SourceDownload(
                file=file, address=address, partial=partial, report=report, policy=policy
            ).run()
            return
        except AttemptError as error:
            failures.append(f"{address}: {error}")
            if address != addresses[-1]:
                report.note(
                    f"{file.name}: {source_label(address)} fails, going on to the next: {error}"
                )
    raise NetworkError(
        f"cannot fetch {file.title}: {'; '.join(failures)}",
        file.source_advice,
    )


@contextmanager
def _exclusive(
    file: PublishedFile, directory: Path, report: DownloadReport, policy: DownloadPolicy
) -> Iterator[bool]:
    """Hold the file's lock; yield whether the file system has locks at all."""
    lock = FileLock(lock_path(file, directory))
    partial, _ = partial_paths(file, directory)
    seen, since = -1, time.monotonic()
    if not lock.acquire():
        report.note(f"{file.name}: another process is fetching it; waiting")
        while not lock.acquire():
            length = _length(partial)
            if length != seen:
                seen, since = length, time.monotonic()
                report.download(file.name, length, file.size)
            elif time.monotonic() - since > policy.lock_timeout:
                raise NetworkError(
                    f"another process has been fetching {file.title} without "
                    f"progress for {policy.lock_timeout:g} s",
                    "end it, then try again",
                )
            time.sleep(policy.lock_interval)
    try:
        yield lock.supported
    finally:
        lock.release()


def _check_space(file: PublishedFile, partial: Path) -> None:
    """Stop before the first byte where the last would not fit."""
    try:
        usage = shutil.disk_usage(partial.parent)
    except OSError:
        return
    needed = file.needed_space - min(_length(partial), file.size)
    # Some network file systems report no sizes at all.
    if usage.total and usage.free < needed:
        raise StorageError(
            f"cannot write {partial.parent}: {file.title} needs {megabytes(needed)}, "
            f"and {megabytes(usage.free)} are free",
            file.space_advice,
        )


def _length(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
