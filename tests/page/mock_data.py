"""What the stand-in for the service knows: options, models, formats and real transcripts."""

from __future__ import annotations

import json
import math
import struct
from pathlib import Path
from typing import Any

SPEECH: dict[str, list[dict[str, Any]]] = json.loads(
    Path(__file__).with_name("transcripts.json").read_text("utf-8")
)
"""Segments of two recordings, as the program wrote them."""

RATE = 8000
"""Samples a second of the made-up sound: enough to hear that it plays."""

Json = dict[str, Any]

FORMATS = {
    "txt": "plain text",
    "srt": "subtitles for most players",
    "vtt": "subtitles for web pages",
    "tsv": "a table with milliseconds",
    "json": "everything that is known",
    "ass": "styled subtitles",
    "lrc": "lyrics for music players",
    "docx": "Word and LibreOffice",
    "html": "a page to read and print",
    "md": "Markdown",
    "csv": "a table for spreadsheets",
}


def option(name: str, kind: str, default: object, text: str, **more: object) -> Json:
    """Return one option as the service describes it."""
    return {
        "name": name,
        "kind": kind,
        "default": default,
        "help": text,
        "choices": None,
        "minimum": None,
        "maximum": None,
        "common": False,
        **more,
    }


OPTIONS = [
    {
        "title": "Basic",
        "options": [
            option("model", "text", None, "the model, or the path of a checkpoint", common=True),
            option("language", "text", None, "the language that is spoken (detected)", common=True),
            option(
                "task",
                "choice",
                "transcribe",
                "write what is said, or its English translation",
                choices=["transcribe", "translate"],
                common=True,
            ),
        ],
    },
    {
        "title": "Decoding",
        "options": [
            option("hotwords", "text", None, "words that are likely to occur", common=True),
            option(
                "initial_prompt",
                "text",
                None,
                "text before the recording, such as names",
                common=True,
            ),
            option("temperature", "number", 0, "0 decodes, above 0 samples", minimum=0, maximum=1),
            option(
                "beam_size",
                "number",
                5,
                "beams at temperature 0; 1 is the fastest",
                minimum=1,
                maximum=20,
            ),
            option(
                "condition_on_previous_text",
                "boolean",
                False,
                "give each window the text before it",
            ),
            option("no_speech_threshold", "number", 0.6, "above it, a failed window is silent"),
        ],
    },
    {
        "title": "Words and subtitles",
        "options": [
            option("word_timestamps", "boolean", False, "time each word", common=True),
            option(
                "subtitles",
                "choice",
                None,
                "cut srt and vtt for reading",
                choices=["standard", "short", "words"],
            ),
            option("max_line_width", "number", None, "characters of a line", minimum=0),
        ],
    },
]

MODELS = [
    ("tiny", "39 M", 75_572_083, 500, "all", False),
    ("tiny.en", "39 M", 75_571_315, 500, "en", True),
    ("base", "74 M", 145_262_807, 700, "all", True),
    ("small", "244 M", 483_617_219, 1600, "all", False),
    ("medium", "769 M", 1_528_008_539, 4000, "all", False),
    ("large-v3", "1550 M", 3_087_371_615, 8000, "all", False),
    ("turbo", "809 M", 1_617_941_637, 4200, "all", False),
]


def segments_until(language: str, seconds: float) -> list[Json]:
    """Repeat a transcript until it fills ``seconds``."""
    base = SPEECH[language]
    length = math.ceil(base[-1]["end"]) + 1
    found: list[Json] = []
    shift = 0.0
    while True:
        for one in base:
            moved = json.loads(json.dumps(one))
            moved["id"] = len(found)
            for timed in [moved, *moved["words"]]:
                timed["start"] = round(timed["start"] + shift, 3)
                timed["end"] = round(timed["end"] + shift, 3)
            if moved["end"] > seconds:
                return found
            found.append(moved)
        shift += length


def wav(seconds: float, begin: int, end: int) -> bytes:
    """Return bytes ``begin`` to ``end`` of a WAV of soft syllables."""
    data = int(seconds * RATE) * 2
    head = (
        b"RIFF"
        + struct.pack("<I", 36 + data)
        + b"WAVEfmt "
        + struct.pack("<IHHIIHH", 16, 1, 1, RATE, RATE * 2, 2, 16)
    )
    head += b"data" + struct.pack("<I", data)
    period = b"".join(
        struct.pack("<h", int(5000 * math.sin(i * 0.12) * max(0.0, math.sin(i * math.pi / 2000))))
        for i in range(RATE)
    )
    body = bytearray(head[begin:end])
    at = max(begin, 44) - 44
    while len(body) < end - begin:
        piece = period[at % len(period) :][: end - begin - len(body)]
        body += piece
        at += len(piece)
    return bytes(body)


def stamp(seconds: float) -> str:
    """Return a time as SRT writes it."""
    whole = round(seconds * 1000)
    return (
        f"{whole // 3600000:02}:{whole // 60000 % 60:02}:{whole // 1000 % 60:02},{whole % 1000:03}"
    )


def subtitles(segments: list[Json], rules: str) -> str:
    """Return a rough SRT: a word a cue, or cues of at most 42 or 28 characters a line."""
    limit = {"words": 1, "short": 28, "standard": 84}.get(rules, 10**6)
    cues: list[tuple[float, float, str]] = []
    for one in segments:
        text, start, end = "", one["start"], one["start"]
        for word in one.get("words") or [
            {"word": one["text"], "start": one["start"], "end": one["end"]}
        ]:
            if text and len(text + word["word"]) > limit:
                cues.append((start, end, text.strip()))
                text, start = "", word["start"]
            text, end = text + word["word"], word["end"]
        cues.append((start, max(end, one["end"]) if rules != "words" else end, text.strip()))
    return "".join(
        f"{i}\n{stamp(a)} --> {stamp(b)}\n{text}\n\n" for i, (a, b, text) in enumerate(cues, 1)
    )
