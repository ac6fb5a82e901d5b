from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import pytest

from buildkit.errors import RecipeError
from buildkit.places import CHECKOUT
from debian_samples import CHANGES
from release.common.description import read_description
from release.debian.changelog import FIRST, make_changelog, release_date

DESCRIPTION = dataclasses.replace(
    read_description(), version="1.2.3-rc.1", maintainer="Some Body <a@example.org>"
)


def test_is_in_the_form_of_debian() -> None:
    assert (
        make_changelog(CHANGES, DESCRIPTION)
        == """\
whisper-transcriber (1.2.3~rc.1) stable; urgency=medium

  [ Added ]

  [ Everything ]
  * It can do more, of which there is so much to tell that one line is not
    enough for it, nor for its end.
  * And `this`.

 -- Some Body <a@example.org>  Thu, 09 Jul 2026 00:00:00 +0000

whisper-transcriber (1.2.2) stable; urgency=medium

  * Less.

 -- Some Body <a@example.org>  Tue, 03 Feb 2026 00:00:00 +0000
"""
    )


def test_that_of_the_checkout_can_be_read() -> None:
    text = make_changelog((CHECKOUT / "CHANGELOG.md").read_text(), read_description())
    assert text.count("\n -- ") >= 1
    assert max(map(len, text.splitlines())) <= 100


def test_what_is_not_released_has_the_last_date() -> None:
    changes = "## Unreleased\n\n- More.\n\n## 1.0.0 - 2026-03-04\n\n- Less.\n"
    assert release_date(changes) == datetime(2026, 3, 4, tzinfo=UTC)
    newest = make_changelog(changes, DESCRIPTION).split("\n -- ")
    assert "(1.2.3~rc.1)" in newest[0]
    assert "04 Mar 2026" in newest[1]
    assert release_date("## Unreleased\n\n- More.\n") == FIRST


@pytest.mark.parametrize("changes", ["", "# Changelog\n", "## 1.2.3 of some day\n"])
def test_says_that_there_is_no_version(changes: str) -> None:
    with pytest.raises(RecipeError, match="the change log has"):
        make_changelog(changes, DESCRIPTION)
