"""Which addresses a model is fetched from."""

from __future__ import annotations

import pytest

from download.download_server import model_of
from transcriber.download.sources import (
    check_mirrors,
    chosen_mirrors,
    offline_by_environment,
    source_addresses,
    source_label,
)
from transcriber.errors import UsageError

MODEL = model_of(b"content", "https://models.example/main/abc/base.pt", name="base")


def test_the_official_address_comes_last() -> None:
    mirrors = ["http://a.example/models", "file:///srv/models/", "https://b.example:8443"]
    assert source_addresses(MODEL, mirrors) == (
        "http://a.example/models/base.pt",
        "file:///srv/models/base.pt",
        "https://b.example:8443/base.pt",
        MODEL.address,
    )
    assert source_addresses(MODEL, []) == (MODEL.address,)


def test_a_template_says_where_the_names_go() -> None:
    mirror = "https://a.example/{sha256}/{name}?file={file}"
    assert source_addresses(MODEL, [mirror])[0] == (
        f"https://a.example/{MODEL.sha256}/base?file=base.pt"
    )


def test_an_address_is_asked_once() -> None:
    assert source_addresses(MODEL, ["https://models.example/main/abc"]) == (MODEL.address,)


@pytest.mark.parametrize(
    ("mirror", "message"),
    [
        ("http://a.example/{{file}}", "unknown field"),
        ("ftp://a.example", "not an http, https or file address"),
        ("a.example/models", "not an http, https or file address"),
        ("/srv/models", "not an http, https or file address"),
        ("", "not an http, https or file address"),
        ("https:///models", "names no host"),
        ("http://a.example:port", "not an address"),
        ("http://[::1", "not an address"),
        ("http://a.example/{unknown}", "unknown field"),
        ("http://a.example/{file!r}", "unknown field"),
        ("http://a.example/{file.__class__}", "unknown field"),
        ("http://a.example/{0}", "unknown field"),
        ("http://a.example/{file", "unknown field"),
        ("http://a.example/get?file=", "nothing can be appended"),
        ("http://a.example/#part", "nothing can be appended"),
        ("http://a.example/a b", "percent encoding"),
        ("http://a.example/\u00e4", "percent encoding"),
        ("file://host/models", "no local folder"),
        ("file:models", "no local folder"),
    ],
)
def test_a_mirror_that_cannot_be_used(mirror: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        check_mirrors(["https://good.example", mirror])


@pytest.mark.parametrize(
    "mirror", ["https://me:secret@a.example", "ftp://me:secret@a/b", "http://me:secret@a:port/"]
)
def test_a_password_is_refused_and_not_shown(mirror: str) -> None:
    with pytest.raises(UsageError, match="user name or a password") as caught:
        check_mirrors([mirror])
    assert "secret" not in str(caught.value)


def test_options_come_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRANSCRIBER_MODEL_MIRROR", " http://a.example,\nfile:///b  http://c ,")
    assert chosen_mirrors([]) == ("http://a.example", "file:///b", "http://c")
    assert chosen_mirrors(["http://d.example"]) == ("http://d.example",)
    monkeypatch.setenv("TRANSCRIBER_MODEL_MIRROR", "gopher://a.example")
    with pytest.raises(UsageError, match="gopher"):
        chosen_mirrors([])


@pytest.mark.parametrize(
    ("value", "expected"),
    [("1", True), ("yes", True), ("True", True), ("", False), ("0", False), ("off", False)],
)
def test_offline_by_environment(
    monkeypatch: pytest.MonkeyPatch, value: str, expected: bool
) -> None:
    monkeypatch.setenv("TRANSCRIBER_OFFLINE", value)
    assert offline_by_environment() is expected


def test_an_environment_that_means_neither(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not offline_by_environment()
    monkeypatch.setenv("TRANSCRIBER_OFFLINE", "perhaps")
    with pytest.raises(UsageError, match="means neither yes nor no"):
        offline_by_environment()


def test_labels_are_short() -> None:
    assert source_label("https://a.example:8443/long/path/base.pt") == "a.example:8443"
    assert source_label("file:///srv/base.pt") == "file:///srv/base.pt"
