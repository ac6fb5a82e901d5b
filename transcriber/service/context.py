"""What all handlers share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from transcriber.jobs.queue import JobQueue
from transcriber.settings import RunSettings


@dataclass(frozen=True, kw_only=True)
class Context:
    """The service.

    Attributes
    ----------
    queue : JobQueue
        Where jobs go.
    words : tuple of str
        Options of the command line that hold for every job, unless it says otherwise.
    settings : RunSettings
        What they mean.
    log : callable
        Is told what an administrator should know.
    """

    queue: JobQueue
    words: tuple[str, ...]
    settings: RunSettings
    log: Callable[[str], None]

    @property
    def models(self) -> Path:
        """The folder of the models."""
        return self.settings.model_directory
