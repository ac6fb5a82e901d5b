"""Two short tones: it listens now, and it has stopped.

A player of the sound system is a child process that nobody waits for. Where there is none, or no
sound system, there is silence.
"""

from __future__ import annotations

import array
import contextlib
import functools
import math
import os
import shutil
import struct
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence

PLAYERS: Mapping[str, Sequence[str]] = {"pw-play": (), "paplay": (), "aplay": ("-q",)}
"""Programs that play a WAV file, the best first, with their options."""

TONES: Mapping[str, Sequence[float]] = {"start": (587.33, 880.0), "stop": (880.0, 587.33)}
"""The notes of each chime, in Hz: D5 and A5, upwards and downwards."""

_RATE = 22050
_NOTE = 0.09
"""Seconds of a note."""
_LOUDNESS = 0.2
"""Of the greatest sample that there is."""
_PATIENCE = 5.0
"""Seconds after which a player is ended: its sound system hangs."""


def play(name: str) -> bool:
    """Begin to play one of `TONES`; return whether there is a player.

    It returns at once, and what fails afterwards is silent.
    """
    path, options = next(
        ((path, options) for one, options in PLAYERS.items() if (path := shutil.which(one))),
        ("", ()),
    )
    if not path:
        return False
    try:
        with open(os.memfd_create(f"chime-{name}"), "wb") as stream:
            stream.write(wave(name))
            stream.flush()
            child = subprocess.Popen(
                # Not all of them read standard input, but a file has this name there.
                [path, *options, "/proc/self/fd/0"],
                stdin=stream,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
    except OSError:
        return False
    threading.Thread(target=_end, args=(child,), daemon=True).start()
    return True


@functools.cache
def wave(name: str) -> bytes:
    """Return a chime as a WAV file: mono, 16 bits, with soft edges so that nothing clicks."""
    samples = array.array("h")
    count = int(_RATE * _NOTE)
    for frequency in TONES[name]:
        for index in range(count):
            swell = math.sin(math.pi * index / count)
            tone = math.sin(2 * math.pi * frequency * index / _RATE)
            samples.append(round(32767 * _LOUDNESS * swell * tone))
    if sys.byteorder == "big":
        samples.byteswap()
    content = samples.tobytes()
    form = struct.pack("<IHHIIHH", 16, 1, 1, _RATE, 2 * _RATE, 2, 16)
    chunks = b"WAVEfmt " + form + b"data" + struct.pack("<I", len(content)) + content
    return b"RIFF" + struct.pack("<I", len(chunks)) + chunks


def _end(child: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(_PATIENCE)
        return
    child.kill()
    child.wait()
