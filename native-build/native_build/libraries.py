"""Stage libraries: the C libraries that a part of Python is linked with, as archives."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from buildkit.capture import capture
from buildkit.compiler_wrapper import HARDENED, NAME

_FLAGS = " ".join(("-O2", "-fPIE", *HARDENED))
"""For a position-independent executable, of which all this becomes a part."""

_OPENSSL_FEATURES = (
    # A client's TLS 1.2 and 1.3 with what servers offer today, and the digests that Python's
    # hashlib has by name. Left out is what such a client never says.
    *("no-shared", "no-module", "no-dso", "no-engine", "no-legacy", "no-tests"),
    *("no-ssl3", "no-dtls", "no-comp", "no-srp", "no-psk", "no-ct", "no-rfc3779", "no-cmp"),
    *("no-cms", "no-ts", "no-async", "no-ui-console", "no-afalgeng", "no-capieng"),
    *("no-idea", "no-seed", "no-camellia", "no-aria", "no-bf", "no-cast", "no-des", "no-rc2"),
    *("no-rc4", "no-rc5", "no-md4", "no-mdc2", "no-whirlpool", "no-gost", "no-siphash"),
    *("no-sm2", "no-sm3", "no-sm4", "no-ec2m", "no-dsa", "no-ocb", "no-siv"),
    # What came with the branch 3.5: another transport, signatures and keys that no server of models
    # asks for alone, and threads for one way to derive a key.
    *("no-quic", "no-ml-dsa", "no-ml-kem", "no-slh-dsa", "no-argon2", "no-thread-pool"),
    *("no-srtp", "no-nextprotoneg", "no-ssl-trace", "no-ocsp", "no-tls-deprecated-ec"),
    *("no-apps", "no-docs"),
    # The machine's openssl.cnf is written for the machine's own OpenSSL and its modules.
    "no-autoload-config",
)


_SQLITE_FEATURES = (
    # A table of jobs, written and read by simple statements, needs none of this.
    *("ALTERTABLE", "ANALYZE", "AUTOMATIC_INDEX", "COMPILEOPTION_DIAGS", "CTE", "DATETIME_FUNCS"),
    *("DEPRECATED", "DESERIALIZE", "EXPLAIN", "FOREIGN_KEY", "GENERATED_COLUMNS", "GET_TABLE"),
    *("INTEGRITY_CHECK", "JSON", "LOAD_EXTENSION", "LOCALTIME", "REINDEX", "SCHEMA_PRAGMAS"),
    *("TCL_VARIABLE", "TRIGGER", "UTF16", "VIEW", "VIRTUALTABLE", "XFER_OPT"),
)
"""What is left out of SQLite. Its parser is generated without that, too."""

_SQLITE_FLAGS = (
    # As its makers recommend for programs that use its interface as it is meant.
    *("-DSQLITE_THREADSAFE=1", "-DSQLITE_DQS=0", "-DSQLITE_DEFAULT_MEMSTATUS=0"),
    *("-DSQLITE_MAX_EXPR_DEPTH=0", "-DSQLITE_LIKE_DOESNT_MATCH_BLOBS", "-DSQLITE_USE_ALLOCA"),
    "-DSQLITE_TEMP_STORE=3",
)


def build_libraries(trees: Path, work: Path, *, environment: Mapping[str, str]) -> Path:
    """Compile zlib, libffi, OpenSSL and SQLite.

    Parameters
    ----------
    trees : Path
        The folder with the unpacked sources ``zlib``, ``libffi``, ``openssl`` and ``sqlite``.
    work : Path
        Folder for what is compiled; what it held is removed.
    environment : mapping of str to str
        From `wrap_compiler`.

    Returns
    -------
    Path
        A folder with ``include`` and ``lib``, in which the archives lie.

    Raises
    ------
    ToolError
        When a recipe fails.
    """
    prefix = work / "prefix"
    shutil.rmtree(work, ignore_errors=True)
    for folder in (prefix / "include", prefix / "lib"):
        folder.mkdir(parents=True)
    _zlib(trees / "zlib", work / "zlib", prefix, environment)
    _libffi(trees / "libffi", work / "libffi", prefix, environment)
    _openssl(trees / "openssl", work / "openssl", prefix, environment)
    _sqlite(trees / "sqlite", work / "sqlite", prefix, environment)
    return prefix


def _zlib(tree: Path, build: Path, prefix: Path, environment: Mapping[str, str]) -> None:
    # Its recipe works in its own folder only.
    shutil.copytree(tree, build)
    run_in(build, {**environment, "CFLAGS": _FLAGS}, "./configure", "--static")
    make(build, environment, "libz.a")
    _install(prefix, [build / "zlib.h", build / "zconf.h"], [build / "libz.a"])


def _libffi(tree: Path, build: Path, prefix: Path, environment: Mapping[str, str]) -> None:
    build.mkdir()
    options = ("--disable-shared", "--disable-docs", "--disable-multi-os-directory")
    # Configure would ask whether it runs on an older machine than it compiles for.
    machine = ("--build=x86_64-linux-gnu", "--host=x86_64-linux-gnu")
    # One file calls a function that no header declares, which is an error for today's compilers.
    # It is for calls back into Python without memory that is both written to and executed, which
    # some systems forbid.
    flags = f"{_FLAGS} -Wno-implicit-function-declaration"
    run_in(build, {**environment, "CFLAGS": flags}, tree / "configure", *options, *machine)
    make(build, environment)
    found = list(build.rglob("libffi.a"))
    _install(prefix, [build / "include/ffi.h", build / "include/ffitarget.h"], found[:1])


def _openssl(tree: Path, build: Path, prefix: Path, environment: Mapping[str, str]) -> None:
    build.mkdir()
    # The folders of a system, not of this machine: the program looks for certificates itself.
    places = ("--prefix=/usr", "--libdir=lib", "--openssldir=/etc/ssl")
    # What takes time in it is assembler: its C may as well be small.
    features = [*_OPENSSL_FEATURES, *_FLAGS.replace("-O2", "-Os").split()]
    run_in(build, environment, "perl", tree / "Configure", "linux-x86_64", *places, *features)
    make(build, environment, "build_generated", "libcrypto.a", "libssl.a")
    headers = [*(tree / "include/openssl").glob("*.h"), *(build / "include/openssl").glob("*.h")]
    (prefix / "include/openssl").mkdir()
    for header in headers:
        shutil.copyfile(header, prefix / "include/openssl" / header.name)
    _install(prefix, [], [build / "libcrypto.a", build / "libssl.a"])


def _sqlite(tree: Path, build: Path, prefix: Path, environment: Mapping[str, str]) -> None:
    build.mkdir()
    left_out = [f"-DSQLITE_OMIT_{feature}" for feature in _SQLITE_FEATURES]
    # It has an interpreter of its own for what it generates, and takes the machine's if it finds
    # one; programs that generate the rest run here.
    settings = {**environment, "CC_FOR_BUILD": NAME, "TCLSH": ""}
    options = ("--disable-tcl", "--disable-shared", "--disable-readline", "--disable-math")
    run_in(build, settings, tree / "configure", *options, "--disable-load-extension")
    features = f"OPT_FEATURE_FLAGS={' '.join(left_out)}"
    make(build, settings, "sqlite3.c", f"BCC={NAME}", features)
    # It is read and written a few times for a recording: it may as well be small.
    flags = [*_FLAGS.replace("-O2", "-Os").split(), *_SQLITE_FLAGS, *left_out]
    run_in(build, environment, NAME, *flags, "-c", "sqlite3.c", "-o", "sqlite3.o")
    run_in(build, environment, "ar", "rcsD", "libsqlite3.a", "sqlite3.o")
    _install(prefix, [build / "sqlite3.h"], [build / "libsqlite3.a"])


def run_in(folder: Path, environment: Mapping[str, str], *words: str | Path) -> None:
    """Run a program in `folder`.

    Raises
    ------
    ToolError
        When it fails, with the end of what it printed.
    """
    capture(["env", "-C", folder, *words], environment=environment)


def make(folder: Path, environment: Mapping[str, str], *targets: str) -> None:
    """Run make in `folder`, with a job for each core.

    Raises
    ------
    ToolError
        When it fails.
    """
    jobs = f"-j{len(os.sched_getaffinity(0))}"
    capture(
        ["make", "-C", folder, "--silent", jobs, f"CC={NAME}", *targets], environment=environment
    )


def _install(prefix: Path, headers: list[Path], archives: list[Path]) -> None:
    for header in headers:
        shutil.copyfile(header, prefix / "include" / header.name)
    for archive in archives:
        shutil.copyfile(archive, prefix / "lib" / archive.name)
