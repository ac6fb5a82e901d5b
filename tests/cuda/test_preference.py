from __future__ import annotations

from pathlib import Path

import pytest

from transcriber.cuda.preference import (
    forget_never,
    never_wanted,
    preference_path,
    remember_never,
)


def test_never_is_kept_and_forgotten() -> None:
    assert not never_wanted()
    remember_never()
    assert never_wanted()
    forget_never()
    assert not never_wanted()
    forget_never()


def test_a_home_that_cannot_be_written_only_asks_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "file"))
    remember_never()
    forget_never()
    assert not never_wanted()


@pytest.mark.parametrize("content", [b"", b"yes", b"\xff\xfe"])
def test_anything_else_is_no_answer(content: bytes) -> None:
    path = preference_path()
    assert path is not None
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    assert not never_wanted()
