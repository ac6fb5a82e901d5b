"""From the head of a request, as h11 reads it, to what handlers see."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qsl, unquote

import h11

from transcriber.service.http.errors import HttpError
from transcriber.service.http.limits import Limits
from transcriber.service.http.request import Body, Headers, Request

_QUERY_FIELDS = 200
"""Fields of a query, as many as a form may have: enough for every list of options."""


def check_head(head: h11.Request, limits: Limits) -> None:
    """Refuse a head whose size or framing h11 lets pass.

    Raises
    ------
    HttpError
        414 or 431 for its size, 400 for a body with two lengths.
    """
    if len(head.target) > limits.target_bytes:
        raise target_too_long(limits)
    if sum(len(name) + len(value) + 4 for name, value in head.headers) > limits.head_bytes:
        raise head_too_long(limits)
    names = {name for name, _ in head.headers}
    # RFC 9112 (6.1) lets a server refuse it, and names it as an attempt to smuggle a request.
    if b"transfer-encoding" in names and b"content-length" in names:
        raise HttpError(400, "Content-Length and Transfer-Encoding contradict each other")
    if b"transfer-encoding" in names and head.http_version < b"1.1":
        raise HttpError(400, "HTTP/1.0 knows no Transfer-Encoding")


def target_too_long(limits: Limits) -> HttpError:
    """Return the error for an address that is too long."""
    return HttpError(414, f"the address of this request may have {limits.target_bytes:,} bytes")


def head_too_long(limits: Limits) -> HttpError:
    """Return the error for headers that are too long."""
    return HttpError(431, f"the headers of a request may have {limits.head_bytes:,} bytes")


def read_head(
    head: h11.Request, client: str, receive: Callable[[], bytes], gone: Callable[[], bool]
) -> Request:
    """Return the request that `head` begins.

    Parameters
    ----------
    head : h11.Request
        The request line and the headers.
    client : str
        The address of the peer.
    receive, gone : Callable
        As `Body` and `Request` have them.

    Raises
    ------
    HttpError
        400 when the target is no path, or holds what is no UTF-8.
    """
    headers = Headers((str(name, "ascii"), str(value, "latin-1")) for name, value in head.headers)
    path, _, query = _origin_form(str(head.target, "latin-1"), headers.get("host")).partition("?")
    try:
        decoded = unquote(path, errors="strict")
        fields = parse_qsl(
            query, keep_blank_values=True, errors="strict", max_num_fields=_QUERY_FIELDS
        )
    except ValueError:
        raise HttpError(400, "the address is no UTF-8, or its query has too many fields") from None
    if "\0" in decoded:
        raise HttpError(400, "the address holds a zero byte")
    grouped: dict[str, tuple[str, ...]] = {}
    for name, value in fields:
        grouped[name] = (*grouped.get(name, ()), value)
    return Request(
        method=str(head.method, "ascii"),
        path=decoded,
        query=grouped,
        headers=headers,
        client=client,
        body=Body(receive, _length(headers)),
        gone=gone,
        loggable=path,
    )


def _length(headers: Headers) -> int | None:
    if "transfer-encoding" in headers:
        return None
    return int(headers.get("content-length", "0"))


def _origin_form(target: str, host: str) -> str:
    """Return the path and query of a target, which proxies may send with scheme and host."""
    if target.startswith("/") or target == "*":
        return target
    scheme, mark, rest = target.partition("://")
    authority, slash, path = rest.partition("/")
    # The rules about hosts look at the header, so the target must not name another one.
    if not mark or scheme.lower() not in ("http", "https") or authority.lower() != host.lower():
        raise HttpError(400, "the target of a request is a path")
    return slash + path or "/"
