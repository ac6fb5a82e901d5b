"""The engine that decodes many windows at once in this process, of one recording or of several."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from transcriber.engine.batch_size import windows_that_fit
from transcriber.engine.clipwise import ClipwiseEngine
from transcriber.engine.local import LocalEngine
from transcriber.models.stored import StoredModel
from transcriber.settings import DecodingSettings

if TYPE_CHECKING:
    from transcriber.engine.batching import RequestBatch
    from transcriber.engine.fused.model import FusedModel
    from transcriber.engine.request import Network

_SLACK = 200
"""Frames of silence behind a clip. Whisper was trained with silence up to 30 s, for which the
encoder takes as long as for speech. With 2 s the words are as good on all of our speech; with half
a second one recording fell into a loop. What fails the checks is encoded again as a whole."""


class BatchedEngine(ClipwiseEngine, LocalEngine):
    """Decodes clips side by side; on the processor several recordings may be open.

    The fused operators' encoder is given a clip with some silence behind it, not with as much as
    is missing to 30 s. Other networks take whole windows only.

    Parameters
    ----------
    stored : StoredModel
        The checkpoint.
    device : str
        torch's name for where it runs.
    settings : DecodingSettings
        How it decodes; a `batch_size` of None is as large as the memory allows.
    """

    def __init__(
        self, stored: StoredModel, *, device: str = "cpu", settings: DecodingSettings
    ) -> None:
        super().__init__(stored, device=device, settings=settings)

    def alike(self, settings: DecodingSettings) -> BatchedEngine:
        """Return another one for the same model; on the processor they share its weights."""
        return BatchedEngine(self._stored, device=self._device, settings=settings)

    def _load(self) -> Network:
        self._batch = None
        return super()._load()

    @property
    def _slack(self) -> int | None:
        return _SLACK if self._fused() else None

    def _room(self) -> int:
        model = self._fused()
        if model is None:
            return super()._room()
        return windows_that_fit(model.window_bytes, rows=self._settings.beam_size or 1)

    def _make_batch(self, windows: int) -> RequestBatch:
        model = self._fused()
        return super()._make_batch(windows) if model is None else model.batch(windows)

    def _fused(self) -> FusedModel | None:
        """Return the model; None where the operators cannot compute it."""
        model: Any = self._model()
        return None if self._kernels is None else model
