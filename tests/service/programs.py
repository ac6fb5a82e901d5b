"""What tests of the whole program share: its processes, and what they take."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

from commands.test_serve import Running


def options(models: Path) -> tuple[str, ...]:
    """Return the options of a server with a real model."""
    return ("--model=tiny.en", f"--model_dir={models}", "--device=cpu", "--offline")


def family(process: int) -> Iterator[int]:
    """Yield a process and all that it has started."""
    yield process
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{process}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield from family(int(child))


def resident_mib(process: int) -> float:
    """Return the memory that a process has at the moment; 0 when it has ended."""
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) / 256
    return 0.0


def most_mib(process: int) -> float:
    """Return the most memory that a process has had; 0 when it has ended."""
    with contextlib.suppress(OSError, IndexError):
        status = Path(f"/proc/{process}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024
    return 0.0


class Watch:
    """The most that a server takes in the block.

    Memory, in MiB: `mib` of any of its processes, `own` of itself. And `bytes` of its folder.
    """

    def __init__(self, server: Running) -> None:
        self._server = server
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self.mib = self.own = self.bytes = 0.0

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(0.05):
            self.own = max(self.own, most_mib(self._server.process.pid))
            found = [most_mib(one) for one in family(self._server.process.pid)]
            self.mib = max([self.mib, *found])
            sizes = []
            for path in self._server.folder.rglob("*"):
                with contextlib.suppress(OSError):
                    sizes.append(path.stat().st_blocks * 512)
            self.bytes = max(self.bytes, sum(sizes))


def left(server: Running) -> list[str]:
    """Return the files that requests which are over have left in the folder of a server."""
    return [
        str(path.relative_to(server.folder))
        for folder in server.folders
        for path in (folder, *folder.rglob("*"))
    ]
