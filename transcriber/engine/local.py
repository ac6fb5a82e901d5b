"""The engine whose network computes in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transcriber.engine.device_failures import device_failures, failure
from transcriber.engine.heard import WINDOW, HeardRecording
from transcriber.engine.network_engine import NetworkEngine
from transcriber.models.registry import find_official
from transcriber.models.stored import StoredModel
from transcriber.settings import DecodingSettings

if TYPE_CHECKING:
    from transcriber.engine.fused.kernels import Kernels
    from transcriber.engine.model import WhisperModel
    from transcriber.engine.request import Network

_ABANDONED: list[object] = []
"""Models of GPUs that failed. To free their memory would call the broken driver once more."""


def has_abandoned() -> bool:
    """Whether this process holds a GPU that failed."""
    return bool(_ABANDONED)


class LocalEngine(NetworkEngine):
    """Decodes in this process.

    On the processor the fused operators compute where PyTorch has them, which ours does.

    On a GPU whatever fails is an `EngineFailedError`, and so is an answer that no working GPU
    gives. A kernel that never ends cannot be told from one that takes long, and nothing in the
    process can end it: only at the start is there a time limit (`transcriber.choosing.device`).

    Parameters
    ----------
    stored : StoredModel
        The checkpoint.
    device : str
        torch's name for where it runs.
    settings : DecodingSettings
        How it decodes.
    """

    def __init__(self, stored: StoredModel, *, device: str, settings: DecodingSettings) -> None:
        super().__init__(stored, device=device, settings=settings)
        self._kernels: Kernels | None = None

    def kernels(self) -> str:
        """Return a name for what computes; it is empty for a GPU."""
        plain = super().kernels()
        return plain if self._kernels is None else self._kernels.name

    def abandon(self) -> None:
        """Give up a GPU that has failed, without asking anything of it."""
        if self._device != "cpu":
            # Even where loading failed, the driver was called.
            _ABANDONED.append(self._loaded)
            self._loaded = None

    def _model(self) -> Network:
        if self._kernels is not None:
            forms = self._kernels.forms
            self._kernels.use(self._wanted_kernels)
            if self._kernels.forms != forms:
                self._loaded = self._windows = None
        return super()._model()

    def _load(self) -> Network:
        if self._device == "cpu":
            return self._load_fused() or self._load_plain()
        from transcriber.engine.watched_model import WatchedModel  # noqa: PLC0415

        self._check_gpu_memory()
        return WatchedModel(self._load_plain(), self._device)

    def _load_plain(self) -> WhisperModel:
        from transcriber.engine.model_loading import load_model  # noqa: PLC0415

        self._kernels = None
        return load_model(self._stored, device=self._device, settings=self._settings)

    def _load_fused(self) -> Network | None:
        """Load the model for the fused operators; return None where these cannot compute it."""
        from transcriber import operators  # noqa: PLC0415

        if not operators.available():
            return None
        from transcriber.engine.fused.kernels import Kernels  # noqa: PLC0415
        from transcriber.engine.fused.loading import load_packed  # noqa: PLC0415
        from transcriber.engine.fused.model import FusedModel  # noqa: PLC0415

        if self._kernels is None:
            self._kernels = Kernels(self._settings.compute_type)
            self._kernels.use(self._wanted_kernels)
        with self._memory():
            packed = load_packed(self._stored, self._kernels.forms)
        if packed is None:
            return None
        official = find_official(self._stored.name)
        return FusedModel(packed, self._settings, official=official.name if official else None)

    def _check_gpu_memory(self) -> None:
        """Refuse a GPU that is too full before the seconds that reading the weights takes."""
        import torch  # noqa: PLC0415

        with device_failures(self._device):
            torch.cuda.init()  # type: ignore[no-untyped-call]
            free, _ = torch.cuda.mem_get_info(self._device)
        if free < self._stored.size:
            raise failure(
                self._device,
                f"{free // 10**6} MB of its memory are free, and the model "
                f"{self._stored.name} needs more than {self._stored.size // 10**6} MB",
            )

    def _telling_frames(self, recording: HeardRecording) -> int:
        if self._kernels is None or self._kernels.compute_type == "float32":
            return super()._telling_frames(recording)
        # Not openai-whisper's very digits are wanted.
        return max(1, min(WINDOW, recording.features.content_frames))
