"""Fetching the add-on, as the models are fetched: resumed, checked, by one process at a time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from transcriber.cuda.addon import MIRROR_VARIABLE, Addon
from transcriber.cuda.store import damage, packed_path, remove_others, stored_path
from transcriber.cuda.unpacking import unpack
from transcriber.download.fetch_file import DEFAULT_POLICY, fetch_file
from transcriber.download.partial import PartialFile
from transcriber.download.policy import DownloadPolicy
from transcriber.download.progress import DownloadReport
from transcriber.download.sources import chosen_mirrors, offline_by_environment, source_addresses
from transcriber.errors import NetworkError, OfflineError


def fetch_addon(
    addon: Addon,
    *,
    mirrors: Sequence[str] = (),
    offline: bool = False,
    report: DownloadReport,
    policy: DownloadPolicy = DEFAULT_POLICY,
) -> Path:
    """Fetch `addon` into the cache unless it is there and whole; replace it if it is damaged.

    Parameters
    ----------
    addon : Addon
        What to fetch.
    mirrors : sequence of str
        Addresses that are tried before that of the publisher; without any, those of
        ``TRANSCRIBER_CUDA_MIRROR``.
    offline : bool
        Whether the network is forbidden; ``TRANSCRIBER_OFFLINE=1`` forbids it too.
    report : DownloadReport
        What is told of the progress.
    policy : DownloadPolicy
        Time limits and retries.

    Returns
    -------
    Path
        The shared object.

    Raises
    ------
    UsageError
        When a mirror is no usable address.
    OfflineError
        When it would have to be fetched, and the network is forbidden.
    NetworkError
        When no address is known, or none brings the file.
    StorageError
        When a file cannot be written.
    DependencyError
        When nothing here can unpack the file.
    """
    addresses = addon_addresses(addon, mirrors)
    target = stored_path(addon)
    if not damage(target, addon):
        return target
    if offline or offline_by_environment():
        raise OfflineError(
            f"the CUDA add-on is not in {target.parent}, and the network is forbidden",
            "fetch it with `transcriber cuda fetch` while it is allowed, or " + _by_hand(addon),
        )
    if not addresses:
        raise NetworkError(
            "no address is known that the CUDA add-on could be fetched from",
            f"name one with --cuda_mirror or {MIRROR_VARIABLE}, or {_by_hand(addon)}",
        )

    def install(partial: PartialFile) -> None:
        unpack(packed_path(addon), addon, target)
        partial.discard()

    fetch_file(
        addon,
        target,
        addresses,
        is_whole=lambda: not damage(target, addon),
        install=install,
        report=report,
        policy=policy,
    )
    remove_others(addon)
    return target


def addon_addresses(addon: Addon, mirrors: Sequence[str] = ()) -> tuple[str, ...]:
    """Return where `addon` can be fetched from, in order; nothing where no address is known.

    Raises
    ------
    UsageError
        When a mirror is no usable address.
    """
    return source_addresses(addon, chosen_mirrors(mirrors, MIRROR_VARIABLE))


def _by_hand(addon: Addon) -> str:
    return (
        f"get {addon.file_name} another way (`make addon` builds it) and give it to "
        "`transcriber cuda import`"
    )
