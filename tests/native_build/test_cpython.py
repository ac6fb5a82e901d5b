"""The Python under the native program: its modules, and what it brings of this machine."""

from __future__ import annotations

import http.server
import json
import os
import re
import shutil
import ssl
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Iterator
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

from buildkit.errors import LimitError
from native_build.cpython import SETUP
from native_build.module_list import MODULES, read_list
from native_parts import libraries_of, newer_symbols, part, places_in

NOT_TRACED = frozenset({"termios"})
"""Modules that Setup.local has for a reason of its own."""

DONE_WITHOUT = frozenset({"_bz2", "_lzma"})
"""What the trace saw imported because the machine has it, by code that does without."""


def modules_of(kind: str, setup: Path = SETUP) -> list[str]:
    """Return the names of the modules in a part of `setup`, in its order.

    Parameters
    ----------
    kind : str
        ``static``, ``shared`` or ``disabled``.
    setup : Path
        The list.
    """
    parts = re.split(r"(?m)^\*(\w+)\*$", setup.read_text())
    lines = [
        line.split()
        for name, text in zip(parts[1::2], parts[2::2], strict=True)
        for line in text.splitlines()
        if name == kind and line.strip() and not line.startswith("#")
    ]
    if kind == "disabled":
        return [name for words in lines for name in words]
    return [words[0] for words in lines]


def _compiled_modules_of_the_library() -> set[str]:
    folder = Path(sysconfig.get_config_var("DESTSHARED"))
    suffix = EXTENSION_SUFFIXES[0]
    return {path.name.removesuffix(suffix) for path in folder.glob(f"*{suffix}")}


def test_the_modules_in_c_are_those_that_the_program_imports() -> None:
    imported = set(read_list(MODULES)) & _compiled_modules_of_the_library()
    assert set(modules_of("static")) - NOT_TRACED == imported - DONE_WITHOUT


def test_every_other_module_in_c_is_left_out_by_name() -> None:
    named = {name for kind in ("static", "shared", "disabled") for name in modules_of(kind)}
    assert _compiled_modules_of_the_library() - named == set()


def test_no_module_is_both_in_and_out() -> None:
    named = [name for kind in ("static", "shared", "disabled") for name in modules_of(kind)]
    assert len(named) == len(set(named))


def test_the_parts_of_a_list_are_told_apart(tmp_path: Path) -> None:
    setup = tmp_path / "Setup.local"
    setup.write_text(
        "# *no part*\n*static*\na a.c -lz\n\n# b b.c\n*shared*\nc c.c\n*disabled*\nd e\n"
    )
    parts = {kind: modules_of(kind, setup) for kind in ("static", "shared", "disabled")}
    assert parts == {"static": ["a"], "shared": ["c"], "disabled": ["d", "e"]}


@pytest.fixture(scope="module")
def prefix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy at another place than it was built for."""
    moved = tmp_path_factory.mktemp("elsewhere") / "python"
    shutil.copytree(part("python") / "python", moved, symlinks=True)
    return moved


def _answer(prefix: Path, code: str, **variables: str) -> str:
    environment = {"PATH": os.defpath, "HOME": "/nonexistent", **variables}
    done = subprocess.run(
        [prefix / "bin/python3.11", "-E", "-s", "-c", code],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return str(done.stdout).strip()


@pytest.mark.slow
def test_it_runs_where_it_was_moved_to(prefix: Path) -> None:
    places = "import sys, os; print(sys.prefix, sys.exec_prefix, os.__file__)"
    assert _answer(prefix, places).split() == [
        str(prefix),
        str(prefix),
        str(prefix / "lib/python3.11/os.py"),
    ]


@pytest.mark.slow
def test_the_listed_modules_are_a_part_of_it(prefix: Path) -> None:
    built_in = set(
        json.loads(_answer(prefix, "import sys, json; print(json.dumps(sys.builtin_module_names))"))
    )
    assert set(modules_of("static")) <= built_in
    assert not built_in & {*modules_of("shared"), *modules_of("disabled")}


@pytest.mark.slow
def test_each_module_can_be_imported(prefix: Path) -> None:
    names = [*modules_of("static"), *modules_of("shared")]
    _answer(prefix, f"import {', '.join(names)}")


@pytest.mark.slow
@pytest.mark.parametrize("name", modules_of("disabled"))
def test_modules_that_are_left_out_are_absent(prefix: Path, name: str) -> None:
    _answer(prefix, f"import importlib.util as u; assert u.find_spec({name!r}) is None")


@pytest.mark.slow
def test_the_digests_of_hashlib_are_all_there(prefix: Path) -> None:
    code = """
import hashlib
for name in sorted(hashlib.algorithms_guaranteed):
    size = [32] if name.startswith("shake") else []
    print(name, hashlib.new(name, b"whisper").hexdigest(*size))
"""
    ours = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert _answer(prefix, code) == ours.stdout.strip()


@pytest.mark.slow
def test_c_calls_back_into_python(prefix: Path) -> None:
    code = """
import ctypes
kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))
values = (ctypes.c_int * 5)(5, 1, 4, 2, 3)
ctypes.CDLL(None).qsort(values, 5, 4, kind(lambda a, b: a[0] - b[0]))
print(list(values))
"""
    assert _answer(prefix, code) == "[1, 2, 3, 4, 5]"


@pytest.mark.slow
def test_no_symbol_is_newer_than_the_oldest_system(prefix: Path) -> None:
    programs = [prefix / "bin/python3.11", *prefix.rglob("*.so")]
    assert {path.name: newer_symbols(path) for path in programs} == {
        path.name: set() for path in programs
    }


@pytest.mark.slow
def test_it_loads_nothing_but_the_c_library(prefix: Path) -> None:
    allowed = {"libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "libutil.so.1"}
    assert libraries_of(prefix / "bin/python3.11") <= allowed


@pytest.mark.slow
def test_no_folder_of_this_machine_is_in_it(prefix: Path) -> None:
    files = {
        str(path.relative_to(prefix)): path.read_bytes()
        for path in prefix.rglob("*")
        if path.is_file() and path.suffix != ".py"
    }
    settings = prefix.glob("lib/python3.11/_sysconfigdata*.py")
    files |= {path.name: path.read_bytes() for path in settings}
    assert places_in(files) == []


@pytest.mark.slow
def test_unused_packages_are_not_in_it(prefix: Path) -> None:
    library = prefix / "lib/python3.11"
    assert not [
        name
        for name in ("test", "idlelib", "tkinter", "ensurepip", "lib2to3")
        if (library / name).exists()
    ]
    assert (library / "json/__pycache__/decoder.cpython-311.pyc").is_file()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[int, Path]]:
    """Serve a page by TLS; give the port and the certificate that vouches for it."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *(
                "-nodes",
                "-days",
                "2",
                "-subj",
                "/CN=localhost",
                "-keyout",
                key,
                "-out",
                certificate,
            ),
            *("-addext", "subjectAltName=DNS:localhost"),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"weights")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    listener = http.server.ThreadingHTTPServer(("localhost", 0), Page)
    listener.socket = context.wrap_socket(listener.socket, server_side=True)
    thread = threading.Thread(target=listener.serve_forever)
    thread.start()
    yield listener.server_address[1], certificate
    listener.shutdown()
    thread.join()
    listener.server_close()


_FETCH = """
import ssl, urllib.request, sys
context = ssl.create_default_context()
context.{version}_version = ssl.TLSVersion.TLSv1_{minor}
try:
    with urllib.request.urlopen("https://localhost:{port}/", context=context) as answer:
        print(answer.read().decode())
except OSError as error:
    print(error)
"""


@pytest.mark.slow
@pytest.mark.parametrize("version", [("maximum", 2), ("minimum", 3)])
def test_a_page_is_fetched_by_tls(
    prefix: Path, server: tuple[int, Path], version: tuple[str, int]
) -> None:
    port, certificate = server
    code = _FETCH.format(version=version[0], minor=version[1], port=port)
    assert _answer(prefix, code, SSL_CERT_FILE=str(certificate)) == "weights"


@pytest.mark.slow
def test_a_server_that_no_one_vouches_for_is_refused(
    prefix: Path, server: tuple[int, Path]
) -> None:
    code = _FETCH.format(version="minimum", minor=2, port=server[0])
    answer = _answer(prefix, code, SSL_CERT_FILE="/dev/null", SSL_CERT_DIR="/nonexistent")
    assert "CERTIFICATE_VERIFY_FAILED" in answer


@pytest.mark.slow
def test_settings_of_the_machine_s_own_openssl_are_not_read(prefix: Path, tmp_path: Path) -> None:
    settings = tmp_path / "openssl.cnf"
    settings.write_text("openssl_conf = all\n[all]\nssl_conf = no_such_section\n")
    code = "import ssl; print(ssl.create_default_context().minimum_version.name)"
    assert _answer(prefix, code, OPENSSL_CONF=str(settings)) == "TLSv1_2"


_NO_MEMORY = """
import resource


class Quiet:
    def __enter__(self):
        return self

    def __exit__(self, *error):
        return False


# Far inside a function, so that the number of the instruction is none that exists beforehand.
exec(
    "def exhaust(held):\\n    n = 0\\n"
    + "    a = held\\n" * 200
    + "    with Quiet():\\n        while True:\\n"
    + "            held[n] = n + 1000000\\n            n += 1\\n"
)
held = [None] * 3_000_000
resource.setrlimit(resource.RLIMIT_AS, (120 << 20, 120 << 20))
exhaust(held)
"""


@pytest.mark.slow
def test_without_any_memory_it_ends_with_the_code_for_that(prefix: Path) -> None:
    """Upstream's looks for a handler of the same failure for ever, which SIGKILL alone ends."""
    done = subprocess.run(
        [prefix / "bin/python3.11", "-E", "-s", "-S", "-c", _NO_MEMORY],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == LimitError.exit_code
    assert done.stderr == "transcriber: not enough memory: free some memory\n"


@pytest.mark.slow
def test_debians_patches_are_in_it(prefix: Path) -> None:
    """An example in each of two modules: CVE-2023-24329 and CVE-2025-13836."""
    code = (
        "import http.client, urllib.parse; "
        "print(urllib.parse.urlsplit(' \\x01https://host/').scheme, "
        "hasattr(http.client, '_MIN_READ_BUF_SIZE'))"
    )
    assert _answer(prefix, code) == "https True"


def test_setup_is_ascii() -> None:
    """CPython's recipe reads it with the shell."""
    assert SETUP.read_bytes().isascii()
