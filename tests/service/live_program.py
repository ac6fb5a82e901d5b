"""A stand-in for ``transcriber live``: it tells how it was started, and how much it heard.

A sample says what is to happen: 1 complain and die, 2 die at once, 3 hear no more and do not end.
"""

from __future__ import annotations

import array
import json
import os
import signal
import sys
import time


def tell(event: str, **content: object) -> None:
    """Print a line."""
    print(json.dumps({"event": event, **content}), flush=True)


def main() -> None:
    """Hear until the end of the sound."""
    tell("ready", words=sys.argv[1:])
    heard = 0
    while sound := os.read(0, 3200):
        heard += len(sound)
        command = array.array("h", sound[:2])[0]
        if command == 1:
            sys.exit("transcriber: there is no such model: choose another")
        if command == 2:
            sys.exit(9)
        if command == 3:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            tell("deaf")
            time.sleep(60)
        tell("partial", text=f"{heard} bytes", start=0)
    tell("final", text="Grüße.", start=0, end=heard / 32000, id=0)
    tell("ended", seconds=heard / 32000)


if __name__ == "__main__":
    main()
