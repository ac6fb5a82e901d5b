"""Several transcripts in one archive."""

from __future__ import annotations

import io
import zipfile

import pytest

from service.conftest import SHARED, Service
from transcriber.exporting.formats import FORMATS


def named(service: Service, name: str, text: str) -> str:
    _, answer = service.send("/api/jobs", ("file", name, f"say {text}".encode()))
    job: str = answer["jobs"][0]["id"]
    service.queued.over(job)
    return job


@SHARED
def test_an_archive_has_a_file_of_each_in_the_order_asked_for(service: Service) -> None:
    jobs = [
        named(service, name, text)
        for name, text in (("Talk.wav", "one"), ("talk.mp3", "two"), ("日本語.wav", "three"))
    ]
    service.ask(
        f"/api/jobs/{jobs[1]}/transcript",
        "PUT",
        {"segments": [{"start": 0, "end": 1, "text": " Mine."}], "revision": 0},
    )
    path = f"/api/export?format=txt&jobs={','.join([*jobs, jobs[0]])}"
    answer = service.served.ask(path)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/zip")
    assert answer.headers["Content-Disposition"] == ("attachment; filename*=UTF-8''transcripts.zip")
    with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
        assert archive.testzip() is None
        found = {name: archive.read(name).decode() for name in archive.namelist()}
    assert [*found.items()] == [
        ("Talk.txt", "one\n"),
        ("talk (2).txt", "Mine.\n"),
        ("日本語.txt", "three\n"),
    ]
    assert service.served.ask(path).body == answer.body


@SHARED
@pytest.mark.parametrize("name", list(FORMATS))
def test_an_archive_has_what_single_exports_have(service: Service, name: str) -> None:
    job = named(service, "a.wav", "Hello there.")
    query = f"format={name}&subtitles=short"
    whole = service.served.ask(f"/api/export?jobs={job}&{query}").body
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        content = archive.read(f"a.{name}")
    single = service.served.ask(f"/api/jobs/{job}/export?{query}").body
    assert name == "docx" or content == single
    assert len(content) == len(single)


@SHARED
def test_no_name_in_an_archive_leads_out_of_its_folder(service: Service) -> None:
    jobs = [named(service, name, "x") for name in ("..\\a.wav", "a/../b.wav", "...wav", "c:d.wav")]
    answer = service.served.ask(f"/api/export?jobs={','.join(jobs)}")
    with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
        names = archive.namelist()
    assert len(set(names)) == len(jobs)
    assert not [name for name in names if set(name) & set("/\\:") or name.startswith(".")]


@SHARED
@pytest.mark.parametrize(
    ("query", "status", "param"),
    [
        ("", 400, "jobs"),
        ("jobs=,", 400, "jobs"),
        ("jobs=nobody", 404, "jobs"),
        ("jobs=nobody&format=exe", 400, "format"),
        ("jobs=nobody&subtitles=tiny", 400, "subtitles"),
    ],
)
def test_an_archive_that_there_is_not(
    service: Service, query: str, status: int, param: str
) -> None:
    found, answer = service.ask(f"/api/export?{query}")
    assert (found, answer["error"]["param"]) == (status, param)
