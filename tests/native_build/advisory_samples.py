"""Advisories and a built program to answer them for, small and made here."""

from __future__ import annotations

import datetime
from typing import Any

from native_build.advisories import Advisory, AdvisoryList
from native_build.evidence import BuildFacts

FACTS = BuildFacts(
    versions={"openssl": "3.5.7", "ffmpeg": "7.1.5"},
    patches={"openssl": frozenset({"mends-it.patch"})},
    edits=frozenset({("ffmpeg", "CVE-2026-0003")}),
    modules=frozenset({"ssl", "zipfile"}),
    symbols={"openssl": frozenset({"SSL_new", "ossl_quic_tls_new"})},
    objects=frozenset({"libavcodec/cook.o"}),
    configured=frozenset({"COOK_DECODER"}),
    operators=frozenset({"aten::add"}),
    calls={"openssl": frozenset({"TLS_client_method"})},
)
"""Of a program with two parts."""


def advisory(**changed: Any) -> Advisory:
    """Return an advisory that an older release mended, with `changed` fields."""
    fields = {
        "id": "CVE-2026-0001",
        "component": "openssl",
        "severity": "high",
        "source": "notes",
        "date": datetime.date(2026, 6, 9),
        "state": "resolved",
        "answer": "It is about keys.",
        "release": "3.5.7",
    }
    if changed.get("state", "resolved") != "resolved" or {"patches", "edit"} & changed.keys():
        del fields["release"]
    return Advisory(**{**fields, **changed})


def considered(*advisories: Advisory) -> AdvisoryList:
    """Return a list of `advisories`, for the versions that `FACTS` has."""
    return AdvisoryList(components=FACTS.versions, advisories=advisories)
