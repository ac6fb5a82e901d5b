"""Inputs that are addresses."""

from __future__ import annotations

from pathlib import Path

import pytest

from transcriber.inputs.addresses import address_failure, is_address


@pytest.mark.parametrize(
    "given",
    [
        "http://example.com/a.mp3",
        "HTTPS://example.com/a?b=*",
        "http:/example.com/a.mp3",
        "s3://bucket/key.wav",
        "gs://bucket/key.wav",
        "rtsp://camera/1",
        "file:///home/me/a.wav",
        "smb://server/share/a.wav",
        "server:/home/me/a.wav",
        "magnet:?xt=urn:btih:0",
        "www.example.com/a.mp3",
        "youtube.com/watch?v=x",
        "m.youtube.com/watch?v=x",
        "youtu.be/x",
        "vimeo.com/1",
    ],
)
def test_addresses(given: str) -> None:
    assert is_address(given)


@pytest.mark.parametrize(
    "given",
    [
        "a.wav",
        "/home/me/a.wav",
        "folder/www.wav",
        "C:\\talk.wav",
        "c:/talk.wav",
        "talk: part 1.wav",
        "12:30.wav",
        "*.mp3",
        "-",
        "",
        "notyoutube.company/x",
    ],
)
def test_names_of_files(given: str) -> None:
    assert not is_address(given)


def test_a_file_of_that_name_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("host:/a.wav", "www.example.com"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).touch()
        assert not is_address(name)


@pytest.mark.parametrize(
    ("given", "how"),
    [
        ("https://a.b/c d", "for example with: curl -LO 'https://a.b/c d'"),
        ("https://m.youtube.com/a?v=x&t=1", "with: yt-dlp -x 'https://m.youtube.com/a?v=x&t=1'"),
        ("youtu.be/x", "yt-dlp -x youtu.be/x"),
        ("s3://b/k", "for example with: aws s3 cp s3://b/k ."),
        ("gs://b/k", "for example with: gcloud storage cp gs://b/k ."),
        ("file:///a%20b.wav", "give its path: '/a b.wav'"),
        ("file://localhost/a.wav", "give its path: /a.wav"),
        ("file:/[a.wav", "give its path: '/[a.wav'"),
        ("rtsp://camera", "and give the file"),
    ],
)
def test_how_to_get_what_lies_there(given: str, how: str) -> None:
    error = address_failure(given)
    assert error.exit_code == 3
    assert error.message == f"{given} is an address, and only local files are read"
    assert error.remedy.endswith(how)
