"""What the stand-in for the service says while somebody speaks: what it hears is a tone."""

from __future__ import annotations

import array
import itertools
import json
from collections.abc import Iterator

from wsproto import ConnectionType, WSConnection
from wsproto import events as ws

from page.mock_data import Json
from page.mock_http import Answers

RATE = 16000


class LiveAnswers(Answers):
    """Answers whoever speaks."""

    def live(self, _: bytes) -> None:
        """Lead the conversation."""
        self.close_connection = True
        protocol = WSConnection(ConnectionType.SERVER)
        headers = [(name.lower().encode(), value.encode()) for name, value in self.headers.items()]
        protocol.initiate_upgrade_connection(headers, self.path)
        self.connection.sendall(protocol.send(ws.AcceptConnection()))
        heard = Heard()
        try:
            while content := self.connection.recv(65536):
                protocol.receive_data(content)
                for event in protocol.events():
                    if isinstance(event, ws.CloseConnection):
                        self.connection.sendall(protocol.send(event.response()))
                        return
                    for answer in heard.take(event):
                        told = ws.TextMessage(data=json.dumps(answer))
                        self.connection.sendall(protocol.send(told))
                        if answer["event"] in ("ended", "error"):
                            self.connection.sendall(protocol.send(ws.CloseConnection(code=1000)))
        except OSError:
            return
        finally:
            self.service.tell("left", {})


class Heard:
    """The sound of one client."""

    def __init__(self) -> None:
        self.sound = array.array("h")
        self.text = ""
        self.told = 0.0
        self.wanted: Json = {}

    def take(self, event: object) -> Iterator[Json]:
        """Yield what a message is answered with."""
        if isinstance(event, ws.BytesMessage):
            self.sound.frombytes(bytes(event.data))
            yield from self.listen()
        elif isinstance(event, ws.TextMessage):
            self.text += event.data
            if not event.message_finished:
                return
            message, self.text = json.loads(self.text), ""
            if message.get("stop"):
                yield self.final("The end.")
                yield {"event": "ended", "seconds": len(self.sound) / RATE}
            elif message["options"].get("language") == "fr":
                yield {"event": "error", "message": "There is no French here: choose English"}
            else:
                self.wanted = message
                yield {"event": "ready"}

    def listen(self) -> Iterator[Json]:
        """Yield a partial after half a second, and a final after a whole one."""
        seconds = len(self.sound) / RATE
        yield {"event": "level", "level": 0.5, "seconds": seconds, "behind": 0.0}
        while self.told + 0.5 <= seconds:
            self.told += 0.5
            if self.told % 1:
                yield {"event": "partial", "text": "I think", "start": self.told - 0.5}
            else:
                last = self.sound[-RATE:]
                tone = sum(a < 0 <= b for a, b in itertools.pairwise(last))
                pieces = "long" if self.wanted.get("long") else "short"
                yield self.final(f"I hear {tone} Hz in {pieces} pieces.")

    def final(self, text: str) -> Json:
        """Return what stays."""
        end = len(self.sound) / RATE
        return {"event": "final", "id": 0, "start": max(0, end - 1), "end": end, "text": text}
