"""The service as a whole: what it is made of, and how it begins and ends."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from transcriber.errors import UsageError
from transcriber.jobs.queue import JobQueue
from transcriber.models.obtain import check_known
from transcriber.service.address_file import (
    keep_port,
    kept_port,
    remove_address,
    write_address,
)
from transcriber.service.base_words import base_words
from transcriber.service.closing import end_when_closed
from transcriber.service.context import Context
from transcriber.service.http.gate import Gate, GateSettings, loopback_hosts
from transcriber.service.http.listeners import (
    address_of,
    inherited_listeners,
    open_listener,
    open_unix_listener,
)
from transcriber.service.http.routes import Router
from transcriber.service.http.server import Server
from transcriber.service.routes import page_routes, service_routes
from transcriber.service.wyoming.server import WyomingServer

_GRACE = 10.0
"""Seconds that answers have to be sent at the end: systemd kills after 90."""

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, kw_only=True)
class ServiceSettings:
    """How the service is reached, and by whom.

    Attributes
    ----------
    host : str
        The address that it listens at.
    port : int
        The port; 0 for any that is free.
    socket : Path or None
        A socket of the file system to listen at instead.
    api_keys : tuple of str
        Keys, one of which programs must have.
    allow_origins : tuple of str
        Web pages of which sites may ask.
    allow_hosts : tuple of str
        Further names that the service is called by, with ports.
    keep_alive : float
        Seconds that a model stays in memory without a job.
    data : Path
        The folder of jobs and recordings.
    options : tuple of str
        Options of a transcription, for every job.
    wyoming : (str, int) or None
        Where clients of Wyoming connect: an address and a port.
    until_closed : bool
        Whether it ends when its last page was closed and nothing is left to do.
    """

    host: str
    port: int
    socket: Path | None = None
    api_keys: tuple[str, ...] = ()
    allow_origins: tuple[str, ...] = ()
    allow_hosts: tuple[str, ...] = ()
    keep_alive: float
    data: Path
    options: tuple[str, ...] = ()
    wyoming: tuple[str, int] | None = None
    until_closed: bool = False


def serve(settings: ServiceSettings, *, ready: Callable[[str, str], None]) -> int:
    """Serve until a signal ends it.

    Parameters
    ----------
    settings : ServiceSettings
        How.
    ready : callable
        Is told the address of the service, and that of the page with a token that lets one browser
        in, when it answers.

    Returns
    -------
    int
        The exit code.

    Raises
    ------
    UsageError
        When an option makes no sense, or the address cannot be listened at.
    ModelError
        When there is no such model.
    StorageError
        When the folder of jobs cannot be used.
    """
    words, run_settings = base_words(settings.options)
    check_known(run_settings.model, run_settings.model_directory)
    if settings.host not in _LOOPBACK and not settings.socket and not settings.api_keys:
        raise UsageError(
            f"{settings.host} can be reached from other machines",
            "set a key with $TRANSCRIBER_API_KEY or --api_key_file, or leave --host out",
        )
    listeners = _listeners(settings)
    voices = _listener(*settings.wyoming) if settings.wyoming else None
    try:
        queue = JobQueue(settings.data, keep_alive=settings.keep_alive, log=_log)
    except BaseException:
        for listener in (*listeners, *([voices] if voices else [])):
            listener.close()
        raise
    satellites: WyomingServer | None = None
    try:
        gate = Gate(_gate_settings(settings, listeners))
        address = f"http://{address_of(listeners[0])}"
        on_port = listeners[0].family != socket.AF_UNIX
        own = f"http://{quote(str(Path(address_of(listeners[0])).absolute()), safe='')}"

        def renew() -> str:
            page = f"{address}/?token={gate.issue_token()}"
            write_address(settings.data, page if on_port else own)
            return page

        context = Context(queue=queue, words=words, settings=run_settings, log=_log)
        router = Router([*service_routes(context), *page_routes(renew)])
        server = Server(router, gate=gate, listeners=listeners, log=_log)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: server.stop(_GRACE))
        if settings.until_closed:
            end_when_closed(queue, lambda: server.stop(_GRACE))
        if voices is not None:
            satellites = WyomingServer(context, voices)
        if not settings.port and on_port:
            keep_port(settings.data, listeners[0].getsockname()[1])
        ready(address, renew())
        _notify_manager()
        server.serve_forever()
    finally:
        if satellites is not None:
            satellites.stop()
        remove_address(settings.data)
        queue.close()
    return 0


def _listeners(settings: ServiceSettings) -> list[socket.socket]:
    inherited = inherited_listeners()
    if inherited:
        return inherited
    if settings.socket is None:
        return [_port_listener(settings)]
    try:
        return [open_unix_listener(settings.socket)]
    except OSError as error:
        raise UsageError(
            f"cannot listen at {settings.socket}: {error.strerror}", "choose another --socket"
        ) from error


def _port_listener(settings: ServiceSettings) -> socket.socket:
    """Listen at the port, or where any will do at that of the last start, if it is free."""
    if not settings.port and (port := kept_port(settings.data)):
        with contextlib.suppress(UsageError):
            return _listener(settings.host, port)
    return _listener(settings.host, settings.port)


def _listener(host: str, port: int) -> socket.socket:
    try:
        return open_listener(host, port)
    except OSError as error:
        raise UsageError(
            f"cannot listen at {host}:{port}: {error.strerror}", "choose another address or port"
        ) from error


def _gate_settings(settings: ServiceSettings, listeners: Sequence[socket.socket]) -> GateSettings:
    hosts = set(settings.allow_hosts)
    for listener in listeners:
        if listener.family != socket.AF_UNIX:
            port = listener.getsockname()[1]
            hosts |= loopback_hosts(port) | {f"{settings.host}:{port}", address_of(listener)}
            if settings.api_keys:
                hosts.add(f"{socket.gethostname().lower()}:{port}")
    return GateSettings(
        allowed_hosts=frozenset(hosts),
        api_keys=settings.api_keys,
        allow_origins=frozenset(settings.allow_origins),
    )


def _log(line: str) -> None:
    # Whoever reads it may have gone, and a disk may be full: the service goes on.
    with contextlib.suppress(OSError, ValueError):
        print(line, file=sys.stderr, flush=True)


def _notify_manager() -> None:
    """Tell systemd that the service answers (sd_notify(3)), where that has started it."""
    path = os.environ.pop("NOTIFY_SOCKET", "")
    if path:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.connect("\0" + path[1:] if path.startswith("@") else path)
            manager.send(b"READY=1")
