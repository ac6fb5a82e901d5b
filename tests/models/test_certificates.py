from __future__ import annotations

import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from transcriber.models.certificates import BUNDLED, SYSTEM_LISTS, tls_context


def authority(folder: Path, name: str) -> Path:
    """Make the certificate of an authority."""
    path = folder / f"{name}.pem"
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    words += ["-nodes", "-days", "2", "-subj", f"/CN={name}", "-keyout", "/dev/null"]
    try:
        subprocess.run([*words, "-out", str(path)], check=True, capture_output=True, timeout=20)
    except FileNotFoundError:
        pytest.skip("needs openssl to make a certificate")
    return path


def names(context: ssl.SSLContext) -> set[str]:
    # The standard library's type for them is too wide to use.
    found: Any = context.get_ca_certs()
    return {dict(pair[0] for pair in one["subject"])["commonName"] for one in found}


@pytest.fixture(autouse=True)
def no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)


def test_the_first_list_that_can_be_read_counts(tmp_path: Path) -> None:
    missing, damaged, empty = (tmp_path / name for name in ("missing", "damaged", "empty"))
    damaged.write_text("-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n")
    empty.touch()
    good, later = authority(tmp_path, "good"), authority(tmp_path, "later")
    lists = [str(path) for path in (missing, damaged, empty, good, later)]
    context = tls_context(lists)
    assert names(context) == {"good"}
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def test_the_variable_comes_before_the_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, system = authority(tmp_path, "mine"), authority(tmp_path, "system")
    monkeypatch.setenv("SSL_CERT_FILE", str(mine))
    assert "mine" in names(tls_context([str(system)]))
    assert "system" not in names(tls_context([str(system)]))


def test_the_native_program_has_a_list_for_systems_without_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority(tmp_path, "mozilla").rename(tmp_path / BUNDLED)
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "transcriber"))
    assert names(tls_context([str(tmp_path / "missing")])) == {"mozilla"}
    system = authority(tmp_path, "system")
    assert names(tls_context([str(system)])) == {"system"}


def test_this_system_is_known() -> None:
    if not any(Path(path).is_file() for path in SYSTEM_LISTS):
        pytest.skip("this system has no list of authorities")
    assert len(tls_context().get_ca_certs()) > 50
