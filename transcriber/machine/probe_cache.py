"""Remembers what became of a GPU's probe, so that not every run has to pay for one."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from transcriber.errors import TranscriberError
from transcriber.files import atomic_writer
from transcriber.machine.probe_runner import ProbeResult, result_from

CAPACITY = 16
"""Results that are kept, the latest ones: a machine has few GPUs and few choices of them."""


@dataclass(frozen=True, kw_only=True)
class ProbeCache:
    """A file of results.

    A GPU that works is remembered for its driver and libraries. One that does not is remembered
    until the machine restarts, which is what cures a driver that hangs. A GPU that refused is
    tried again at once: its memory may have been full, and the answer came quickly.

    Attributes
    ----------
    path : Path
        The file. One that is damaged or cannot be written remembers nothing.
    key : mapping
        Everything that the result depends on.
    boot : str
        Identifies this start of the machine.
    """

    path: Path
    key: Mapping[str, str]
    boot: str

    def recall(self) -> ProbeResult | None:
        """Return the remembered result, if there is one that still holds."""
        entry = self._read().get(self._digest())
        if not isinstance(entry, dict):
            return None
        result = result_from(entry)
        if result is not None and result.status != "works" and entry.get("boot") != self.boot:
            return None
        return result

    def keep(self, result: ProbeResult) -> None:
        """Remember `result`, or forget the previous one where it is not worth remembering."""
        entries = self._read()
        forgotten = entries.pop(self._digest(), None)
        if result.status != "failed":
            entries[self._digest()] = {
                "status": result.status,
                "reason": result.reason,
                "name": result.name,
                "boot": self.boot,
                "for": dict(self.key),
            }
        elif forgotten is None:
            return
        latest = dict(list(entries.items())[-CAPACITY:])
        # Without a memory the next run probes again, which is no failure of this one.
        with contextlib.suppress(TranscriberError), atomic_writer(self.path) as stream:
            stream.write(json.dumps(latest, indent=1).encode())

    def _digest(self) -> str:
        return hashlib.sha256(json.dumps(self.key, sort_keys=True).encode()).hexdigest()

    def _read(self) -> dict[str, object]:
        try:
            entries = json.loads(self.path.read_bytes())
        except (OSError, ValueError, RecursionError):
            return {}
        return entries if isinstance(entries, dict) else {}
