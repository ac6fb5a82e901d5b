"""Which authorities a server's certificate must come from."""

from __future__ import annotations

import contextlib
import os
import ssl
from collections.abc import Iterable
from pathlib import Path

from transcriber.beside import file_beside

BUNDLED = "certificates.der"
"""Mozilla's list, which the native program has for systems without any."""

SYSTEM_LISTS = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Arch, Alpine, Gentoo, NixOS
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # Fedora, RHEL and their kin
    "/etc/pki/tls/certs/ca-bundle.crt",  # older ones of these
    "/etc/ssl/ca-bundle.pem",  # openSUSE
    "/var/lib/ca-certificates/ca-bundle.pem",  # openSUSE MicroOS
    "/etc/pki/tls/cert.pem",  # Amazon Linux
    "/etc/ssl/cert.pem",  # Alpine without the package ca-certificates
)
"""Where distributions keep the list that their administrator can add to."""


def tls_context(lists: Iterable[str] = SYSTEM_LISTS, bundled: Path | None = None) -> ssl.SSLContext:
    """Return what a client checks a server's certificate with.

    The variables ``SSL_CERT_FILE`` and ``SSL_CERT_DIR``, of which OpenSSL itself knows, come
    first, then the system's list. An OpenSSL that is not the system's looks in one place only,
    hence the others.

    Parameters
    ----------
    lists : iterable of str
        Files with certificates; the first that can be read is taken.
    bundled : Path, optional
        The file to take when the system has none, in DER; by default that beside the executable.
    """
    if os.environ.get("SSL_CERT_FILE") or os.environ.get("SSL_CERT_DIR"):
        return ssl.create_default_context()
    own = bundled or file_beside(BUNDLED)
    # A list that is missing, empty, damaged or not for this user is as good as none.
    for path in lists:
        with contextlib.suppress(OSError):
            return ssl.create_default_context(cafile=path)
    if own is not None:
        with contextlib.suppress(OSError, ValueError):
            return ssl.create_default_context(cadata=own.read_bytes())
    return ssl.create_default_context()
