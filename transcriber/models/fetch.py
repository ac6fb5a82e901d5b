"""Bringing an official model into the store, whatever the network does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from transcriber.download.digest import remember_sha256
from transcriber.download.fetch_file import DEFAULT_POLICY, fetch_file
from transcriber.download.partial import PartialFile
from transcriber.download.policy import DownloadPolicy
from transcriber.download.progress import DownloadReport, SilentReport
from transcriber.download.sources import source_addresses
from transcriber.errors import ModelError
from transcriber.models.registry import OfficialModel
from transcriber.models.store import expected_file, verify
from transcriber.models.stored import StoredModel


def fetch(
    model: OfficialModel,
    *,
    directory: Path,
    mirrors: Sequence[str] = (),
    report: DownloadReport | None = None,
    policy: DownloadPolicy = DEFAULT_POLICY,
) -> StoredModel:
    """Fetch `model` into the store unless it is there and whole; replace it if it is damaged.

    The file gets the model's name when it is on the disk and has the model's sha256, so that
    a file of that name is never half of one.

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
    stored = expected_file(model, directory)
    if _is_whole(stored):
        return stored

    def install(partial: PartialFile) -> None:
        partial.move_to(stored.path)
        remember_sha256(stored.path, model.sha256)

    fetch_file(
        model,
        stored.path,
        source_addresses(model, mirrors),
        is_whole=lambda: _is_whole(stored),
        install=install,
        report=report or SilentReport(),
        policy=policy,
    )
    return stored


def _is_whole(stored: StoredModel) -> bool:
    try:
        verify(stored)
    except ModelError:
        return False
    return True
