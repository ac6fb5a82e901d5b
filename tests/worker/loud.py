"""A process that takes what is loud for speech. A sample of 1234 makes it die."""

from __future__ import annotations

import array
import struct
import sys

HEAD = struct.Struct("<IIIfI")
NONE, BEGUN, SPEECH, NOISE, OVER = range(5)


class Sound:
    """One sound: the third loud frame makes it speech."""

    def __init__(self, silence_ms: int) -> None:
        self.patience = silence_ms // 32
        self.loud = self.quiet = 0

    def change(self, frame: bytes) -> int:
        samples = array.array("h", frame)
        if 1234 in samples:
            sys.exit(1)
        if max(samples) > 1000:
            self.loud, self.quiet = self.loud + 1, 0
            return {1: BEGUN, 3: SPEECH}.get(self.loud, NONE)
        self.quiet += 1
        if not self.loud or self.quiet < self.patience:
            return NONE
        was_speech, self.loud = self.loud >= 3, 0
        return OVER if was_speech else NOISE


def main() -> None:
    sounds: dict[int, Sound] = {}
    while head := sys.stdin.buffer.read(HEAD.size):
        number, size, rate, _, silence_ms = HEAD.unpack(head)
        if not size:
            sounds.pop(number, None)
            continue
        content = sys.stdin.buffer.read(size)
        frame = rate * 32 // 1000 * 2
        sound = sounds.setdefault(number, Sound(silence_ms))
        frames = (content[at : at + frame] for at in range(0, size, frame))
        sys.stdout.buffer.write(bytes(map(sound.change, frames)))
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
