from __future__ import annotations

import pytest

from buildkit.errors import UsageError
from release.common.description import read_description
from transcriber import __version__


def test_says_what_the_project_says() -> None:
    found = read_description(address="https://example.org/folder/")
    assert found.version == __version__
    assert found.summary and not found.summary.endswith(".")
    assert found.address == "https://example.org/folder"


@pytest.mark.parametrize("version", ["1.2", "v1.2.3", "1.2.3+local", "1.2.3; rm", ""])
def test_refuses_what_no_package_can_hold(version: str) -> None:
    with pytest.raises(UsageError, match=r"1\.2\.3"):
        read_description(version=version)


@pytest.mark.parametrize("address", ["example.org", "ftp://example.org/x", "https://"])
def test_refuses_what_nothing_can_be_fetched_from(address: str) -> None:
    with pytest.raises(UsageError, match="web folder"):
        read_description(address=address)
