"""What a client asks: the head of a request, and its body as it comes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from transcriber.service.http.errors import HttpError

LOCAL = "local"
"""The client of a unix socket, which has no address."""


class Headers(Mapping[str, str]):
    """The headers of a request; letter case does not matter in their names.

    Parameters
    ----------
    pairs : Iterable[tuple[str, str]]
        Names and values in the order in which they came. What comes several times is joined
        by a comma, as RFC 9110 (5.3) has it, and cookies by a semicolon.
    """

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self.pairs = tuple((name.lower(), value) for name, value in pairs)
        self._values: dict[str, str] = {}
        for name, value in self.pairs:
            before = self._values.get(name)
            joint = "; " if name == "cookie" else ", "
            self._values[name] = value if before is None else before + joint + value

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._values

    def get(self, name: str, default: str = "") -> str:  # type: ignore[override] # always a str
        """Return the value of the header `name`, or `default`."""
        return self._values.get(name.lower(), default)


class Body:
    """The body of a request, read from the connection while it is iterated over.

    Parameters
    ----------
    receive : Callable[[], bytes]
        Returns the next bytes, and none at the end. It raises `HttpError` where the client
        sends nothing for too long (408), or ends early or breaks the protocol (400).
    length : int, optional
        How many bytes the client announced; None when it did not.
    """

    def __init__(self, receive: Callable[[], bytes], length: int | None) -> None:
        self.length = length
        self._receive = receive

    @classmethod
    def of(cls, content: bytes) -> Body:
        """Return a body that holds `content` already."""
        pieces = iter([content])
        return cls(lambda: next(pieces, b""), len(content))

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        piece = self._receive()
        if not piece:
            raise StopIteration
        return piece

    def read(self, limit: int) -> bytes:
        """Return what is left of the body.

        Parameters
        ----------
        limit : int
            The most bytes that it may have.

        Raises
        ------
        HttpError
            413 when it is longer; what it announces is looked at before any of it is read.
        """
        if self.length is not None and self.length > limit:
            raise _too_long(limit)
        content = bytearray()
        for piece in self:
            content += piece
            if len(content) > limit:
                raise _too_long(limit)
        return bytes(content)

    def drain(self, limit: int) -> bool:
        """Read and forget what is left, and return whether the end came within `limit` bytes."""
        for piece in self:
            limit -= len(piece)
            if limit < 0:
                return False
        return True


@dataclass(frozen=True)
class Request:
    """One request."""

    method: str
    path: str
    """Percent-decoded, without the query. It starts with a slash."""
    query: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    headers: Headers = field(default_factory=Headers)
    client: str = LOCAL
    """The address of the peer without its port, or `LOCAL`."""
    body: Body = field(default_factory=lambda: Body.of(b""))
    parameters: Mapping[str, str] = field(default_factory=dict)
    """What the pattern of the route names in braces."""
    gone: Callable[[], bool] = lambda: False
    """Say whether the client has closed its side. It does not wait."""
    session: str = ""
    """Who asks, without the secret: one word for a browser's session or for an API key; empty
    where nobody has to say who they are."""
    loggable: str = "-"
    """The path as it was sent, which is what logs may show."""

    def first(self, name: str, default: str = "") -> str:
        """Return the first value of `name` in the query, or `default`."""
        return self.query.get(name, (default,))[0]


def _too_long(limit: int) -> HttpError:
    return HttpError(413, f"the body of this request may have {limit:,} bytes")
