from __future__ import annotations

import ssl
import sys
from pathlib import Path
from typing import Any

import pytest
from authorities import authority

from transcriber.download.certificates import BUNDLED, SYSTEM_LISTS, tls_context


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
    pem = authority(tmp_path, "mozilla").read_text()
    (tmp_path / BUNDLED).write_bytes(ssl.PEM_cert_to_DER_cert(pem))
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "transcriber"))
    assert names(tls_context([str(tmp_path / "missing")])) == {"mozilla"}
    system = authority(tmp_path, "system")
    assert names(tls_context([str(system)])) == {"system"}


@pytest.mark.parametrize("content", [b"", b"no certificate"])
def test_a_damaged_list_of_its_own_is_as_good_as_none(tmp_path: Path, content: bytes) -> None:
    own = tmp_path / BUNDLED
    own.write_bytes(content)
    assert tls_context([], bundled=own).verify_mode == ssl.CERT_REQUIRED


def test_this_system_is_known() -> None:
    if not any(Path(path).is_file() for path in SYSTEM_LISTS):
        pytest.skip("this system has no list of authorities")
    assert len(tls_context().get_ca_certs()) > 50
