"""What the tests share: real weights and real speech, as ``make test`` prepares them."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from utterance import Utterance, repeat

REPOSITORY = Path(__file__).resolve().parents[1]
MODELS = REPOSITORY / ".cache" / "models"
SPEECH = REPOSITORY / ".cache" / "speech"

PROGRAM_VARIABLE = "TRANSCRIBER_TESTED_PROGRAM"
"""Names an executable to test in the place of the modules."""

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(autouse=True, scope="session")
def own_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what the user of this machine has chosen out of the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
        yield


@pytest.fixture(scope="session")
def models() -> Path:
    """Return a store with real weights of ``base`` and ``tiny.en``."""
    if not (MODELS / "base.pt").exists():
        pytest.fail("no weights in .cache/models: `make setup` gets them")
    return MODELS


@pytest.fixture(scope="session")
def utterances() -> list[Utterance]:
    """Return short recordings of English speech with transcripts."""
    manifest = SPEECH / "manifest.tsv"
    if not manifest.exists():
        pytest.fail("no recordings in .cache/speech: `make setup` gets them")
    with manifest.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [
        Utterance(
            path=SPEECH / row["file"],
            seconds=float(row["seconds"]),
            reference=row["reference"],
        )
        for row in rows
    ]


@pytest.fixture(scope="session")
def long_recording(utterances: list[Utterance], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a recording of a minute and a half: the utterances, again and again."""
    path = tmp_path_factory.mktemp("speech") / "long.wav"
    repeat(utterances, path, times=4)
    return path


@pytest.fixture(scope="session")
def run() -> Run:
    """Return a function that runs the program as a child process."""

    def run_program(
        *arguments: str | Path, timeout: float = 300, **options: object
    ) -> subprocess.CompletedProcess[str]:
        done: subprocess.CompletedProcess[str] = subprocess.run(
            program(arguments),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
            **options,  # type: ignore[call-overload]
        )
        return done

    return run_program


def program(arguments: Sequence[str | Path]) -> list[str]:
    """Return the command that starts the program: the one that `PROGRAM_VARIABLE` names, or ours.

    So the same tests are for the sources and for what is built of them.
    """
    built = os.environ.get(PROGRAM_VARIABLE)
    start = [built] if built else [sys.executable, "-m", "transcriber"]
    return [*start, *map(str, arguments)]


def without_network() -> dict[str, str]:
    """Return the environment with proxies that refuse every connection."""
    refusing = dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), "http://127.0.0.1:9")
    return {**os.environ, **refusing}
