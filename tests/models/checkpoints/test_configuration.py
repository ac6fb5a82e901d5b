from __future__ import annotations

from pathlib import Path

import pytest

from transcriber.errors import ModelError
from transcriber.models.checkpoints.configuration import LIMIT, parse_json, read_json


def test_an_object_is_returned(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text('{"d_model": 512, "größe": [1, null]}', encoding="utf-8")
    assert read_json(path) == {"d_model": 512, "größe": [1, None]}


def test_a_missing_file_is_an_empty_object(tmp_path: Path) -> None:
    assert read_json(tmp_path / "config.json") == {}


@pytest.mark.parametrize("text", [b"", b"7", b"null", b"\xff\xfe\xff", b"[" * 200_000, b"9" * 5000])
def test_anything_else_is_one_clear_error(text: bytes) -> None:
    with pytest.raises(ModelError, match="here is damaged"):
        parse_json(text, "here")


def test_no_more_than_the_limit_is_read(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_bytes(b"{}" + b" " * (LIMIT - 2))
    assert read_json(path) == {}
    path.write_bytes(b"{}" + b" " * (LIMIT - 1))
    with pytest.raises(ModelError, match="longer than"):
        read_json(path)


def test_a_file_that_may_not_be_read_is_one_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also for root, whom no permission stops."""
    path = tmp_path / "config.json"
    path.write_text("{}")

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ModelError, match=r"cannot read .*config\.json: Permission denied"):
        read_json(path)
