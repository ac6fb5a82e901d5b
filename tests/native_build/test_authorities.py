from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from authorities import authority

from buildkit.errors import InputError
from native_build.authorities import pack_authorities


def test_the_authorities_stay_the_same(tmp_path: Path) -> None:
    pem = "".join(
        f"# Issuer: {name}\n{authority(tmp_path, name).read_text()}\n" for name in ("one", "two")
    )
    before, after = (ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) for _ in range(2))
    before.load_verify_locations(cadata=pem)
    after.load_verify_locations(cadata=pack_authorities(pem))
    assert len(after.get_ca_certs()) == 2
    assert after.get_ca_certs() == before.get_ca_certs()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nothing", "has no certificate"),
        ("-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----\n", "cannot be read"),
    ],
)
def test_a_list_of_another_form_is_refused(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        pack_authorities(text)
