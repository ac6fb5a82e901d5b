"""What runs in a Python of the system: it answers the requests of `other_pythons.framing`.

It is the network's side of the program: encoder, decoder and word alignment. Recordings, text,
the loop over the windows and all files stay with the parent. Of the Python it needs PyTorch and
NumPy; openai-whisper comes with the sources.

Other Pythons run this module: it keeps to what Python 3.8 knows.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import queue
import signal
import sys
import threading
import types
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transcriber.engine.word_request import WordRequest
from transcriber.other_pythons import framing
from transcriber.other_pythons.error_data import describe
from transcriber.other_pythons.greeting import hello

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

    from transcriber.engine.interface import Segment
    from transcriber.engine.model import WhisperModel

_PARENT_DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG of ``prctl(2)``."""


def main(requests: BinaryIO, answers: BinaryIO) -> int:
    """Answer requests until the parent says stop, or is gone.

    Parameters
    ----------
    requests, answers : binary stream
        The parent's ends.
    """
    # Ctrl-C is the parent's to handle.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(OSError, AttributeError):
        # The end of its input is seen by a thread, which a hanging driver may keep from running.
        ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    waiting: queue.Queue[Any] = queue.Queue()
    threading.Thread(target=_take, args=(requests, waiting), daemon=True).start()
    line = _Line(answers)
    worker = Worker()
    while True:
        message, payload = waiting.get()
        if message["do"] == "stop":
            return 0
        with line.working():
            try:
                answer = {"result": worker.answer(message, payload)}
            except Exception as error:
                answer = {"error": describe(error)}
        line.say({"id": message["id"], **answer})


def _take(requests: BinaryIO, waiting: queue.Queue[Any]) -> None:
    """Put every request on the queue; end the process when there can be no more."""
    try:
        while True:
            message = framing.read(requests)
            if message is None:
                break
            waiting.put(message)
    finally:
        # Nobody is left to tell anything, and a computation cannot be ended politely.
        os._exit(0)


class _Line:
    """The way to the parent, on which two threads speak."""

    def __init__(self, answers: BinaryIO) -> None:
        self._answers = answers
        self._lock = threading.Lock()

    def say(self, message: dict[str, Any]) -> None:
        """Send a message."""
        with self._lock:
            self._answers.write(framing.pack(message))
            self._answers.flush()

    @contextlib.contextmanager
    def working(self) -> Any:
        """Say now and then that this process lives."""
        done = threading.Event()

        def speak() -> None:
            while not done.wait(framing.ALIVE_SECONDS):
                self.say({"alive": True})

        thread = threading.Thread(target=speak, daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()


class Worker:
    """One model, and the windows that it is at."""

    def __init__(self) -> None:
        self._model: Any = None
        self._encoded: dict[int, Any] = {}
        self._batch: Any = None

    def answer(self, message: dict[str, Any], payload: bytes) -> Any:
        """Do what a request asks for."""
        actions: dict[str, Callable[..., Any]] = {
            "hello": hello,
            "load": self._load,
            "threads": self._use_threads,
            "languages": self._languages,
            "encode": self._encode,
            "decode": self._decode,
            "run": self._run,
            "words": self._add_words,
        }
        given = {name: v for name, v in message.items() if name not in {"id", "do", "payload"}}
        for number in given.pop("forget", ()):
            self._encoded.pop(number, None)
        if payload:
            given["window"] = payload
        return actions[message["do"]](**given)

    def _load(
        self,
        path: str,
        name: str,
        official: str | None,
        device: str,
        settings: dict[str, Any],
    ) -> dict[str, Any]:
        _provide_stand_ins()
        from transcriber.engine import openai_whisper  # noqa: PLC0415

        openai_whisper.load()
        from transcriber.engine.model_loading import load_checkpoint  # noqa: PLC0415

        self._encoded.clear()
        self._batch = None
        chosen: Any = types.SimpleNamespace(**settings)
        model: WhisperModel = load_checkpoint(
            Path(path), name=name, official=official, device=device, settings=chosen
        )
        self._model = model
        if device != "cpu":
            from transcriber.engine.watched_model import WatchedModel  # noqa: PLC0415

            self._model = WatchedModel(model, device)
        return {
            "mels": model.mels,
            "multilingual": model.multilingual,
            "languages": model.languages,
            "prompt_limit": model.prompt_limit,
            "room": self._model.room(),
        }

    def _use_threads(self, threads: int) -> None:
        import torch  # noqa: PLC0415

        torch.set_num_threads(threads)

    def _encode(self, window: bytes, number: int) -> None:
        self._encoded[number] = self._model.encode(self._window(window))

    def _languages(self, number: int) -> dict[str, float]:
        encoded = self._encoded[number]
        probabilities: dict[str, float] = self._model.language_probabilities(encoded)
        return probabilities

    def _decode(
        self, number: int, language: str, prompt: list[int], temperature: float
    ) -> dict[str, Any]:
        found = self._model.decode(
            self._encoded[number], language=language, prompt=prompt, temperature=temperature
        )
        return dict(vars(found))

    def _run(
        self, windows: int, fresh: bool, added: list[dict[str, Any]]
    ) -> list[tuple[int, dict[str, Any]]]:
        if fresh:
            # Before the next one is there: it is large.
            self._batch = None
            self._batch = self._model.batch(windows)
        for one in added:
            encoded = self._encoded[one.pop("window")]
            # Not a `Request`, which Python 3.8 does not know.
            self._batch.add(one.pop("number"), types.SimpleNamespace(encoded=encoded, **one))
        return [(number, dict(vars(found))) for number, found in self._batch.run()]

    def _add_words(
        self,
        segments: list[Segment],
        window: bytes,
        language: str,
        frames: int,
        last_speech: float,
    ) -> list[Segment]:
        request = WordRequest(
            window=self._window(window),
            encoded=None,
            language=language,
            frames=frames,
            last_speech=last_speech,
        )
        self._model.add_words(segments, request)
        return segments

    def _window(self, content: bytes) -> Any:
        import torch  # noqa: PLC0415

        # It may be written to, which torch warns about where it may not.
        values = torch.frombuffer(bytearray(content), dtype=torch.float32)
        return values.reshape(self._model.mels, -1)


class _Without(types.ModuleType):
    """A module that is not there in the way that openai-whisper knows how to do without it."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise RuntimeError(f"{self.__name__} is left out")


def _provide_stand_ins() -> None:
    """Take the place of what openai-whisper imports and nothing here calls, and of tiktoken."""
    if "tiktoken" in sys.modules:
        return
    from transcriber.other_pythons.vocabulary import Encoding  # noqa: PLC0415

    def module(name: str, **content: Any) -> None:
        sys.modules[name] = types.ModuleType(name)
        vars(sys.modules[name]).update(content)

    module("tiktoken", Encoding=Encoding)
    module("tqdm", tqdm=None)
    module("whisper.transcribe", transcribe=None)
    # Its kernels for two small steps of the word alignment would have to be compiled first; it
    # falls back to what the program's own engine does.
    sys.modules["whisper.triton_ops"] = _Without("whisper.triton_ops")
