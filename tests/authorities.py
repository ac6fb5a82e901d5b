"""Certificates of authorities, made as the tests need them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest


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
