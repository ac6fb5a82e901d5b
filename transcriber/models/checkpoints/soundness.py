"""Looking at a checkpoint of torch's before torch does.

``torch.load(weights_only=True)`` runs no code, yet it follows sizes that a file only claims; its
releases below 2.10 let a file write beyond its memory by them (CVE-2026-24747), and other Pythons
may have any release. The file is small where this looks: its directory and its pickle.

Other Pythons run this module, too: it keeps to what Python 3.8 knows.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from transcriber.models.checkpoints.saved_archive import UnsoundError, read_record, read_records
from transcriber.models.checkpoints.saved_pickle import STORAGES, check_pickle

_PICKLE = "data.pkl"

_PICKLE_LIMIT = 4 << 20
"""Bytes of a pickle that are read at most: that of the largest model has 151,000."""


def check_saved(path: Path, storages: Mapping[str, int] = STORAGES) -> None:
    """Look whether `path` holds named tensors, each within its own record, and nothing else.

    Parameters
    ----------
    path : Path
        A file that ``torch.save`` wrote.
    storages : mapping of str to int
        Types that its tensors may have, as `check_pickle` takes them.

    Raises
    ------
    UnsoundError
        When it is not so; a `ForeignError` when the file refers to other things.
    OSError
        When it cannot be read.
    """
    with path.open("rb") as stream:
        records = read_records(stream)
        if _PICKLE not in records:
            raise UnsoundError("it lacks its pickle")
        content = read_record(stream, records[_PICKLE], _PICKLE_LIMIT)
    sizes = {name: record.size for name, record in records.items()}
    check_pickle(content, sizes, storages)
