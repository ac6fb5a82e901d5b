"""The list of authorities in fewer bytes: as DER, which OpenSSL reads as it is."""

from __future__ import annotations

import re
import ssl

from buildkit.errors import InputError

_CERTIFICATE = re.compile(
    r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", flags=re.DOTALL
)


def pack_authorities(text: str) -> bytes:
    """Return the certificates of a PEM file as DER, one after the other.

    Raises
    ------
    InputError
        When there is none, or one cannot be read.
    """
    try:
        certificates = [ssl.PEM_cert_to_DER_cert(one) for one in _CERTIFICATE.findall(text)]
    except ValueError as error:
        raise InputError(
            f"the list of authorities cannot be read: {error}", "look at the package certifi"
        ) from error
    if not certificates:
        raise InputError(
            "the list of authorities has no certificate", "look at the package certifi"
        )
    return b"".join(certificates)
