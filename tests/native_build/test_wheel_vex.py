from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from advisory_samples import FACTS, advisory, considered
from buildkit.errors import RecipeError
from native_build.answers import answer_all
from native_build.wheel_vex import vex_path, wheel_vex

BILL = "torch-2.6.0.dist-info/sboms/torch.cdx.json"


def wheel(path: Path, part: str, bills: Sequence[str] = (BILL,)) -> Path:
    bill = {
        "serialNumber": "urn:uuid:1-2",
        "version": 1,
        "metadata": {"component": {"name": "torch"}},
        "components": [{"name": part, "bom-ref": f"pkg:generic/{part}"}],
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name in bills:
            archive.writestr(name, json.dumps(bill))
    return path


def test_only_what_is_in_the_wheel_is_answered(tmp_path: Path) -> None:
    answers = answer_all(
        considered(advisory(), advisory(id="CVE-2026-0003", component="ffmpeg", edit=True)), FACTS
    )
    made = wheel(tmp_path / "torch.whl", "ffmpeg")
    table = json.loads(wheel_vex(answers, made))
    assert [one["id"] for one in table["vulnerabilities"]] == ["CVE-2026-0003"]
    bill = json.loads(zipfile.ZipFile(made).read(BILL))
    (affected,) = table["vulnerabilities"][0]["affects"]
    assert affected["ref"] == "urn:cdx:1-2/1#pkg%3Ageneric%2Fffmpeg"
    assert table["metadata"] == bill["metadata"]


@pytest.mark.parametrize("bills", [(), (BILL, f"other/{BILL}")])
def test_a_wheel_without_its_bill_is_refused(tmp_path: Path, bills: Sequence[str]) -> None:
    with pytest.raises(RecipeError, match=f"{len(bills)} bills of materials"):
        wheel_vex((), wheel(tmp_path / "torch.whl", "openssl", bills))


def test_it_lies_beside_the_wheel() -> None:
    name = "torch-2.6.0+whisper.cpu-cp311-cp311-linux_x86_64"
    assert vex_path(Path(f"{name}.whl"), Path("dist")) == Path(f"dist/{name}.vex.cdx.json")
