"""The pins: complete, well-formed, and read as they are meant."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from buildkit.places import CHECKOUT
from scripts.browsers import REQUIREMENTS as NODE_REQUIREMENTS
from scripts.detector import LICENCE
from scripts.environment import BUILD, PROGRAM_REQUIREMENTS, TOOLS
from scripts.layout import DETECTOR
from scripts.pins import read_pins
from scripts.torch_environments import STOCK_REQUIREMENTS
from transcriber.speech.weights import FILE

DIGEST = re.compile(r"[0-9a-f]{64}")


def test_every_download_has_a_digest() -> None:
    pins = read_pins()
    assert set(pins.weights) == {"base", "tiny.en"}
    for files in pins.weights.values():
        assert set(files) == {"model.bin", "config.json"}
        for file in files.values():
            assert DIGEST.fullmatch(file.sha256)
            for package, member in file.parts:
                assert re.fullmatch(r"[\d.]+", package.version)
                assert DIGEST.fullmatch(package.sha256)
                assert member.startswith(package.name.replace("-", "_") + "/")
    for digests in (pins.speech.sha256, pins.detector.sha256):
        assert all(DIGEST.fullmatch(digest) for digest in digests.values())


def test_the_files_of_the_detector_are_those_that_are_made() -> None:
    detector = read_pins().detector
    assert set(detector.sha256) == {FILE, LICENCE}
    assert DIGEST.fullmatch(detector.package.sha256)
    ignored = (CHECKOUT / ".gitignore").read_text().splitlines()
    assert {f"/{DETECTOR}/{name}" for name in detector.sha256} <= set(ignored)


def test_the_speech_is_five_recordings_and_their_transcripts() -> None:
    speech = read_pins().speech
    assert len(speech.recordings) == 5
    assert all(name.endswith(".wav") for name in speech.recordings)
    assert speech.transcripts in speech.sha256


@pytest.mark.parametrize(
    "path",
    [BUILD, NODE_REQUIREMENTS, PROGRAM_REQUIREMENTS, STOCK_REQUIREMENTS, TOOLS],
    ids=lambda path: path.name,
)
def test_every_requirement_is_pinned_by_version_and_digest(path: Path) -> None:
    text = re.sub(r"\\\n", "", re.sub(r"(?m)^#.*\n", "", path.read_text()))
    lines = [line for line in text.splitlines() if line.strip()]
    assert lines
    for line in lines:
        assert re.fullmatch(r"[\w-]+==[\w.]+(\s+--hash=sha256:[0-9a-f]{64})+\s*", line), line
