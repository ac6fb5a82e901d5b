"""What a release says it was built from."""

from __future__ import annotations

import re
from pathlib import Path

from buildkit.places import CHECKOUT
from buildkit.sources import Archive, read_sources
from release.common.artefacts import read_artefact
from release.publishing.provenance import (
    REQUIREMENTS,
    dependencies,
    make_statement,
    write_statement,
)
from scripts.layout import NATIVE


def test_every_pin_of_a_build_is_a_dependency() -> None:
    digests = {one["digest"]["sha256"] for one in dependencies()}
    for name in REQUIREMENTS:
        text = (CHECKOUT / name).read_text()
        assert set(re.findall(r"--hash=sha256:([0-9a-f]{64})", text)) <= digests, name
    for source in read_sources(NATIVE / "sources.toml").all:
        assert source.sha256 in digests, source.name
        if isinstance(source, Archive) and source.patches:
            assert source.patches.sha256 in digests, source.name


def test_a_requirement_has_its_version_in_its_address() -> None:
    text = (CHECKOUT / "requirements/program.txt").read_text()
    version = re.findall(r"^openai-whisper==(\S+)", text, re.MULTILINE)[0]
    assert f"pkg:pypi/openai-whisper@{version}" in {one["uri"] for one in dependencies()}


def test_a_statement_names_what_was_given_away_and_nothing_of_this_machine(tmp_path: Path) -> None:
    (tmp_path / "b.whl").write_bytes(b"wheel")
    (tmp_path / "a.deb").write_bytes(b"package")
    found = [read_artefact(tmp_path / name) for name in ("b.whl", "a.deb")]
    settings = {"UPDATE_ADDRESS": "https://example.org/x", "CUDA_ADDRESS": ""}
    statement = make_statement(found, "c" * 40, settings)
    assert [one["name"] for one in statement["subject"]] == ["a.deb", "b.whl"]
    assert statement["subject"][0]["digest"] == {"sha256": found[1].sha256}
    definition = statement["predicate"]["buildDefinition"]
    assert definition["externalParameters"] == {
        "revision": "c" * 40,
        "UPDATE_ADDRESS": "https://example.org/x",
    }
    assert definition["resolvedDependencies"][0]["digest"] == {"gitCommit": "c" * 40}
    text = write_statement(statement, tmp_path / "statement").read_text()
    assert str(CHECKOUT) not in text and str(tmp_path) not in text
