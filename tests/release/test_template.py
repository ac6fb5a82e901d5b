from __future__ import annotations

import os
from pathlib import Path

import pytest

from buildkit.errors import RecipeError
from release.common import template as recipe
from release.common.template import fill, write_text


def test_puts_values_in_their_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recipe, "TEMPLATES", tmp_path)
    (tmp_path / "x").write_text("@one@ a@b.c @two@ @one@\n")
    assert fill("x", {"one": "1 @two@", "two": "2"}) == "1 @two@ a@b.c 2 1 @two@\n"


@pytest.mark.parametrize("values", [{}, {"one": "1", "other": "2"}])
def test_refuses_values_that_do_not_fit(
    values: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recipe, "TEMPLATES", tmp_path)
    (tmp_path / "x").write_text("@one@")
    with pytest.raises(RecipeError, match=r"one|other"):
        fill("x", values)


def test_writes_the_mode_whatever_the_mask_is(tmp_path: Path) -> None:
    mask = os.umask(0o077)
    try:
        written = write_text(tmp_path / "script", "#!/bin/sh\n", mode=0o755)
    finally:
        os.umask(mask)
    assert written.stat().st_mode & 0o777 == 0o755
