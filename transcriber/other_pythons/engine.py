"""The engine that computes in a Python of the system, with that one's PyTorch.

Reading, the spectrogram, the loop over the windows and all text are those of the engine in this
process; only the network runs elsewhere. So both give the same text, but for the last digits in
which two PyTorches differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from transcriber.engine.clipwise import ClipwiseEngine
from transcriber.engine.network_engine import NetworkEngine
from transcriber.models.stored import StoredModel
from transcriber.other_pythons.session import Session
from transcriber.settings import DecodingSettings

if TYPE_CHECKING:
    from transcriber.engine.request import Network


class SystemEngine(NetworkEngine):
    """Decodes in a child process.

    Parameters
    ----------
    session : Session
        The child, which has said hello.
    torch : str
        The version of its PyTorch.
    stored, device, settings
        As those of `NetworkEngine`.
    """

    def __init__(
        self,
        session: Session,
        stored: StoredModel,
        *,
        torch: str,
        device: str,
        settings: DecodingSettings,
    ) -> None:
        super().__init__(stored, device=device, settings=settings)
        self._session = session
        self._torch = torch
        self._told_threads = 0

    def identity(self) -> Mapping[str, Any]:
        """Return all of its own that decides the text: versions, weights, settings."""
        return {**super().identity(), "torch": self._torch}

    def abandon(self) -> None:
        """Give up the child, which has failed."""
        self._session.close()

    def _model(self) -> Network:
        if self._told_threads != self._threads:
            self._session.request("threads", threads=self._threads)
            self._told_threads = self._threads
        return super()._model()

    def _load(self) -> Network:
        from transcriber.other_pythons.remote_model import RemoteModel  # noqa: PLC0415

        return RemoteModel(
            self._session, self._stored, device=self._device, settings=self._settings
        )


class ClipwiseSystemEngine(ClipwiseEngine, SystemEngine):
    """The same, decoding clips side by side: what decodes them runs in the child as a whole."""

    def _load(self) -> Network:
        self._batch = None
        return super()._load()
