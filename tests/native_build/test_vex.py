from __future__ import annotations

import json
import re
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import fastjsonschema
import pytest

from advisory_samples import FACTS, advisory, considered
from buildkit.components import Component, Subject
from buildkit.errors import RecipeError
from buildkit.places import CHECKOUT
from buildkit.sbom import make_sbom
from native_build.answers import answer_all
from native_build.contents import BILL
from native_build.editions import EDITIONS
from native_build.vex import ENDING, make_vex

ADVISORIES = (
    advisory(),
    advisory(id="CVE-2026-0002", state="code_not_present", symbols=("ossl_quic_port*",)),
    advisory(id="CVE-2026-0003", component="ffmpeg", edit=True),
    advisory(id="CVE-2026-0004", state="code_not_reachable", severity="medium"),
    advisory(id="CVE-2026-0005", state="exploitable", severity="low"),
    advisory(id="CVE-2026-0006", state="in_triage", severity="unknown"),
)


def bill(*names: str) -> bytes:
    parts = tuple(
        Component(name=name, version=FACTS.versions[name], licence="MIT", purpose="", supplier="X")
        for name in names
    )
    return make_sbom(
        parts, Subject(name="a", version="1", licence="MIT", summary=""), {}, kind="application"
    )


def vex() -> dict[str, Any]:
    made = make_vex(answer_all(considered(*ADVISORIES), FACTS), bill("openssl", "ffmpeg"))
    table: dict[str, Any] = json.loads(made)
    return table


def test_each_state_in_the_words_of_cyclonedx() -> None:
    found = {one["id"][-1]: one["analysis"] for one in vex()["vulnerabilities"]}
    states = {number: one["state"] for number, one in found.items()}
    assert states == {
        "1": "resolved",
        "2": "not_affected",
        "3": "resolved",
        "4": "not_affected",
        "5": "exploitable",
        "6": "in_triage",
    }
    assert found["2"]["justification"] == "code_not_present"
    assert found["4"]["justification"] == "code_not_reachable"
    assert "justification" not in found["1"]
    assert found["1"]["detail"] == "It is about keys. Mended in 3.5.7; this is 3.5.7."


def test_it_points_into_the_bill() -> None:
    table = json.loads(bill("openssl", "ffmpeg"))
    serial = table["serialNumber"].removeprefix("urn:uuid:")
    (reference,) = (one["bom-ref"] for one in table["components"] if one["name"] == "openssl")
    (affected,) = vex()["vulnerabilities"][0]["affects"]
    assert affected["ref"].startswith(f"urn:cdx:{serial}/1#pkg%3Ageneric%2Fopenssl%403.5.7")
    assert reference == "pkg:generic/openssl@3.5.7"
    assert affected["versions"] == [{"version": "3.5.7", "status": "unaffected"}]


def test_what_is_open_affects_us() -> None:
    (affected,) = vex()["vulnerabilities"][4]["affects"]
    assert affected["versions"][0]["status"] == "affected"


def test_the_same_answers_give_the_same_bytes() -> None:
    answers = answer_all(considered(*ADVISORIES), FACTS)
    parts = bill("openssl", "ffmpeg")
    assert make_vex(answers, parts) == make_vex(answers[::-1], parts)
    assert make_vex(answers[:1], parts) != make_vex(answers, parts)


def test_a_part_that_the_bill_lacks() -> None:
    answers = answer_all(considered(*ADVISORIES), FACTS)
    with pytest.raises(RecipeError, match="has no ffmpeg, which CVE-2026-0003 is about"):
        make_vex(answers, bill("openssl"))


SEVERITIES = {"critical", "high", "medium", "low", "info", "none", "unknown"}
STATES = {"resolved", "resolved_with_pedigree", "exploitable", "in_triage", "not_affected"}


def test_it_has_the_form_that_the_standard_says() -> None:
    """The parts of CycloneDX 1.6's schema that concern what is written; the next test has all."""
    table = vex()
    assert (table["bomFormat"], table["specVersion"], table["version"]) == ("CycloneDX", "1.6", 1)
    assert re.fullmatch(
        r"urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", table["serialNumber"]
    )
    for one in table["vulnerabilities"]:
        assert one.keys() <= {"id", "source", "ratings", "analysis", "affects"}
        assert {rating["severity"] for rating in one["ratings"]} <= SEVERITIES
        assert one["analysis"]["state"] in STATES
        assert one["analysis"].keys() <= {"state", "justification", "response", "detail"}
        assert set(one["analysis"].get("response", [])) <= {"update"}
        assert isinstance(one["source"]["name"], str)
        for affected in one["affects"]:
            assert affected.keys() == {"ref", "versions"}


@pytest.mark.slow
@pytest.mark.parametrize("edition", EDITIONS)
def test_what_was_built_has_one_that_fits_its_bill(edition: str) -> None:
    program = CHECKOUT / "build/native/program" / edition
    assert program.is_dir(), "`make native` builds it"
    table = json.loads(program.with_suffix(ENDING).read_text())
    parts = json.loads((program / BILL).read_text())
    head = f"urn:cdx:{parts['serialNumber'].removeprefix('urn:uuid:')}/1#"
    there = {head + quote(one["bom-ref"], safe="") for one in parts["components"]}
    found = table["vulnerabilities"]
    assert {affected["ref"] for one in found for affected in one["affects"]} <= there
    assert len(found) > 200


def test_it_is_valid_by_the_schema() -> None:
    def schema(address: str) -> Any:
        standard, _, _ = Path(urlsplit(address).path).name.partition(".S")
        return json.loads((folder / f"{standard}.SNAPSHOT.schema.json").read_text())

    library = metadata.distribution("cyclonedx-python-lib")
    folder = Path(str(library.locate_file("cyclonedx/schema/_res")))
    validate = fastjsonschema.compile(
        schema("bom-1.6.SNAPSHOT.schema.json"), handlers={"http": schema, "https": schema}
    )
    validate(vex())
    broken = vex()
    broken["vulnerabilities"][0]["analysis"]["state"] = "mended"
    with pytest.raises(fastjsonschema.JsonSchemaValueException, match="state"):
        validate(broken)
