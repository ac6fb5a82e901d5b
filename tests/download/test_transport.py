"""Connections, redirects and proxies; and TLS: only trusted, and no way back to http."""

from __future__ import annotations

import dataclasses
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from models.conftest import Fetch, StartServer
from models.outcomes import assert_nothing, assert_right, starts

from download.download_server import (
    FaultServer,
    Handler,
    model_of,
    raw,
    serve,
    status,
)
from transcriber.download.policy import DownloadPolicy
from transcriber.errors import NetworkError
from transcriber.models.fetch import fetch

pytestmark = pytest.mark.timeout(30)


def test_headers_that_trickle_are_broken_off(
    start_server: StartServer, fetch_from: Fetch, content: bytes, policy: DownloadPolicy
) -> None:
    def answer(handler: Handler) -> None:
        for _ in range(100):
            handler.wfile.write(b"X")
            time.sleep(0.05)

    server = start_server(answer)
    started = time.monotonic()
    short = dataclasses.replace(policy, open_timeout=0.5)
    assert_right(fetch_from(server, policy=short), content)
    assert 0.5 <= time.monotonic() - started < 4.5


def test_a_server_that_never_answers(content: bytes, store: Path, policy: DownloadPolicy) -> None:
    short = dataclasses.replace(policy, open_timeout=0.3)
    with socket.create_server(("127.0.0.1", 0), backlog=1) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/test.pt"
        with pytest.raises(NetworkError, match=r"no (answer|connection)"):
            fetch(model_of(content, address), directory=store, policy=short)
    assert_nothing(store)


def test_no_server_at_all_fails_in_seconds(tmp_path: Path, content: bytes) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}/test.pt"
        started = time.monotonic()
        # With the limits that users have.
        with pytest.raises(NetworkError, match="Connection refused"):
            fetch(model_of(content, address), directory=tmp_path / "store")
    assert time.monotonic() - started < 10


def test_an_unknown_host_fails_in_seconds(tmp_path: Path, content: bytes) -> None:
    started = time.monotonic()
    model = model_of(content, "http://host.invalid/test.pt")
    with pytest.raises(NetworkError, match="the name of the host cannot be resolved"):
        fetch(model, directory=tmp_path / "store")
    # A resolver that does not answer takes its own time limit once.
    assert time.monotonic() - started < 25


def test_a_redirect_is_followed(
    start_server: StartServer, fetch_from: Fetch, content: bytes
) -> None:
    target = start_server(serve(content, stop_after=1_000_000))
    server = start_server(then=status(302, [("Location", target.address)]))
    assert_right(fetch_from(server), content)
    # The part that is missing is asked for through the redirect.
    assert starts(target)[0] is None
    assert starts(target)[1]


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_each_kind_of_redirect(
    start_server: StartServer, fetch_from: Fetch, content: bytes, code: int
) -> None:
    server = start_server(status(code, [("Location", "/elsewhere")]))
    assert_right(fetch_from(server), content)
    assert [request.path for request in server.requests] == ["/models/test.pt", "/elsewhere"]


def test_a_redirect_loop_ends(start_server: StartServer, fetch_from: Fetch, store: Path) -> None:
    server = start_server(then=status(302, [("Location", "/models/test.pt")]))
    with pytest.raises(NetworkError, match="302 Found, a redirect that goes round in circles"):
        fetch_from(server)
    assert len(server.requests) <= 10
    assert_nothing(store)


def test_a_long_chain_of_redirects_ends(
    start_server: StartServer, fetch_from: Fetch, store: Path, policy: DownloadPolicy
) -> None:
    def onward(handler: Handler) -> None:
        status(302, [("Location", f"/{len(server.requests)}")])(handler)

    server = start_server(then=onward)
    with pytest.raises(NetworkError, match="302"):
        fetch_from(server)
    assert len(server.requests) == policy.redirects + 1


@pytest.mark.parametrize("target", ["file:///etc/hostname", "ftp://127.0.0.1/x", "data:,x"])
def test_a_redirect_to_another_kind_of_address_is_refused(
    start_server: StartServer, fetch_from: Fetch, store: Path, target: str
) -> None:
    server = start_server(then=status(302, [("Location", target)]))
    with pytest.raises(NetworkError, match="redirect"):
        fetch_from(server)
    assert_nothing(store)


def test_an_endless_redirect_body_is_not_read(
    start_server: StartServer, fetch_from: Fetch, content: bytes
) -> None:
    head = b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 1000000000\r\n\r\n"
    server = start_server(raw(head, wait=5))
    started = time.monotonic()
    assert_right(fetch_from(server), content)
    assert time.monotonic() - started < 4


def test_proxies_of_the_environment(
    start_server: StartServer, content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = start_server()
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
    model = model_of(content, "http://host.invalid/models/test.pt")
    assert_right(fetch(model, directory=tmp_path / "store"), content)
    assert [request.path for request in proxy.requests] == [model.address]


def test_hosts_that_need_no_proxy(
    start_server: StartServer, fetch_from: Fetch, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, server = start_server(), start_server()
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
    monkeypatch.setenv("no_proxy", "localhost,127.0.0.1")
    assert_right(fetch_from(server), content)
    assert proxy.requests == []


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a certificate for this machine that nobody trusts."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs openssl to make a certificate")
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    options = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    name = ["-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(path), "-out", str(path.with_suffix(".crt"))]
    command = [openssl, "req", *options, *name, *files]
    subprocess.run(command, check=True, capture_output=True, timeout=20)
    return path


@pytest.fixture
def secure_server(certificate: Path, content: bytes) -> Iterator[FaultServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.with_suffix(".crt"), certificate)
    with FaultServer(then=serve(content), context=context).running() as server:
        yield server


def test_an_untrusted_certificate(
    secure_server: FaultServer, content: bytes, tmp_path: Path, policy: DownloadPolicy
) -> None:
    model = model_of(content, secure_server.address)
    with pytest.raises(NetworkError, match=r"certificate is not trusted.*SSL_CERT_FILE"):
        fetch(model, directory=tmp_path, policy=policy)
    assert secure_server.requests == []


def test_ssl_cert_file_names_whom_to_trust(
    secure_server: FaultServer,
    content: bytes,
    tmp_path: Path,
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
    policy: DownloadPolicy,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.with_suffix(".crt")))
    secure_server.script.append(serve(content, stop_after=1_000_000))
    model = model_of(content, secure_server.address)
    assert fetch(model, directory=tmp_path, policy=policy).path.read_bytes() == content
    assert secure_server.requests[1].start


def test_no_redirect_from_https_to_http(
    secure_server: FaultServer,
    start_server: StartServer,
    content: bytes,
    tmp_path: Path,
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
    policy: DownloadPolicy,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.with_suffix(".crt")))
    plain = start_server()
    secure_server.then = status(302, [("Location", plain.address)])
    model = model_of(content, secure_server.address)
    with pytest.raises(NetworkError, match="redirects from https to http, which is not safe"):
        fetch(model, directory=tmp_path, policy=policy)
    assert plain.requests == []


def test_a_redirect_from_http_to_https(
    secure_server: FaultServer,
    start_server: StartServer,
    content: bytes,
    tmp_path: Path,
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
    policy: DownloadPolicy,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.with_suffix(".crt")))
    plain = start_server(then=status(302, [("Location", secure_server.address)]))
    model = model_of(content, plain.address)
    assert fetch(model, directory=tmp_path, policy=policy).path.read_bytes() == content


def test_https_asked_of_a_plain_server(
    start_server: StartServer, content: bytes, tmp_path: Path, policy: DownloadPolicy
) -> None:
    server = start_server()
    model = model_of(content, server.address.replace("http:", "https:"))
    with pytest.raises(NetworkError):
        fetch(model, directory=tmp_path, policy=policy)
    assert server.requests == []
