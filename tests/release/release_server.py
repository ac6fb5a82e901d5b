"""A web server with the files of a release, which can cut a download off or let it wait."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Server:
    """What is served, and what was asked for.

    Attributes
    ----------
    folder : Path
        The files.
    address : str
        Where they are.
    asked : list of str
        The names that were asked for.
    cut, stall : set of str
        Files of which half is sent, or nothing until the server ends.
    stalled : threading.Event
        Set when one of these is asked for.
    """

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.address = f"http://127.0.0.1:{port}"
        self.asked: list[str] = []
        self.cut: set[str] = set()
        self.stall: set[str] = set()
        self.stalled, self.ended = threading.Event(), threading.Event()

    def write(self, name: str, content: bytes) -> None:
        """Put a file there."""
        (self.folder / name).write_bytes(content)


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """Serve a folder at a free port."""

    class Handler(SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.rpartition("/")[2]
            server.asked.append(name)
            if name in server.stall:
                server.stalled.set()
                server.ended.wait(30)
            elif name in server.cut:
                content = (folder / name).read_bytes()
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content[: len(content) // 2])
                self.close_connection = True
            else:
                super().do_GET()

        def translate_path(self, path: str) -> str:
            return str(folder / path.rpartition("/")[2])

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        http.daemon_threads = True
        server = Server(folder, http.server_port)
        # How soon it hears that it is to end.
        threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.ended.set()
        http.shutdown()
