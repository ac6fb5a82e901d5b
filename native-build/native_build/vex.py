"""Write what our answers to advisories are: CycloneDX VEX 1.6 in JSON, beside a bill of materials.

The form is that of https://cyclonedx.org/docs/1.6/json/, under ``vulnerabilities``. The parts are
named by links into the bill (BOM-Link), which has them in full. As in the bill, there is no time
stamp, and the serial number comes from the content: the same answers give the same bytes.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from buildkit.errors import RecipeError
from native_build.advisories import NOT_PRESENT, NOT_REACHABLE
from native_build.answers import Answer

ENDING = ".vex.cdx.json"
"""How the files are called; the bill's end in ``.cdx.json``."""

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://cyclonedx.org/capabilities/vex")


def make_vex(answers: Iterable[Answer], bill: bytes) -> bytes:
    """Return the VEX of `answers` beside a bill of materials.

    Parameters
    ----------
    answers : iterable of Answer
        What was found of each advisory.
    bill : bytes
        The bill of materials of the same program, CycloneDX in JSON.

    Raises
    ------
    RecipeError
        When the bill does not have a part that an answer is about.

    Examples
    --------
    >>> bill = b'{"serialNumber": "urn:uuid:1", "version": 1, "metadata": {}, "components": []}'
    >>> json.loads(make_vex([], bill))["vulnerabilities"]
    []
    """
    table: dict[str, Any] = json.loads(bill)
    links = _links(table)
    entries = [
        _describe(answer, links) for answer in sorted(answers, key=lambda one: one.advisory.id)
    ]
    content = {"metadata": table["metadata"], "vulnerabilities": entries}
    serial = uuid.uuid5(_NAMESPACE, json.dumps(content, sort_keys=True))
    vex = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        **content,
    }
    return (json.dumps(vex, indent=1, ensure_ascii=False) + "\n").encode()


def _links(table: Mapping[str, Any]) -> dict[str, str]:
    """Return the links to the components of a bill, by their names."""
    serial = str(table["serialNumber"]).removeprefix("urn:uuid:")
    head = f"urn:cdx:{serial}/{table['version']}#"
    return {one["name"]: head + quote(one["bom-ref"], safe="") for one in table["components"]}


def _describe(answer: Answer, links: Mapping[str, str]) -> dict[str, Any]:
    advisory = answer.advisory
    if advisory.component not in links:
        raise RecipeError(
            f"the bill of materials has no {advisory.component}, which {advisory.id} is about",
            "answer only what is in it",
        )
    affected = "affected" if advisory.is_open else "unaffected"
    return {
        "id": advisory.id,
        "source": {"name": advisory.source},
        "ratings": [{"severity": advisory.severity}],
        "analysis": _analysis(answer),
        "affects": [
            {
                "ref": links[advisory.component],
                "versions": [{"version": answer.version, "status": affected}],
            }
        ],
    }


def _analysis(answer: Answer) -> dict[str, Any]:
    advisory = answer.advisory
    detail = f"{advisory.answer} {answer.proof}".strip()
    if advisory.state in (NOT_PRESENT, NOT_REACHABLE):
        return {"state": "not_affected", "justification": advisory.state, "detail": detail}
    if advisory.is_open:
        return {"state": advisory.state, "detail": detail}
    return {"state": advisory.state, "response": ["update"], "detail": detail}
