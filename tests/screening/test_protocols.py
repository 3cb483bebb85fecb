"""The protocols that ship: sound, in every language, and never changed once published."""

import hashlib
from importlib.resources import files

import pytest

from services.screening.domain.errors import UnknownProtocol
from services.screening.protocols import choose_locale, shipped

# A published version is evidence. If a hash changed, put the file back and publish the next version instead.
PUBLISHED = {
    "back-stepping.v1.yaml": "fa73a6e32a99065db45684d5300d06817ad19d3c0e1ccb87c7eb9c1e50e819ee",
    "back-stepping.v2.yaml": "28aeb4cf65f05337dd07829be55dcc407a579e6a4f91be194cfed1bcfba47149",
    "massage.v1.yaml": "29b79fbac5598bbcb745560163c7bb80e13ac97f4a27ea09a1ea55688d799f6c",
    "massage.v2.yaml": "e07597862347929d46c4accc767a74a5494db0e0c288f4498df81f0d8efbda65",
}


def test_both_default_protocols_ship() -> None:
    assert [(protocol.name, protocol.version) for protocol in shipped().current()] == [
        ("back-stepping", 2),
        ("massage", 2),
    ]


def test_a_published_version_was_not_edited() -> None:
    folder = files("services.screening") / "protocols"
    found = {entry.name: hashlib.sha256(entry.read_bytes()).hexdigest() for entry in folder.iterdir()}
    assert found == PUBLISHED


@pytest.mark.parametrize(("name", "version"), [("shiatsu", None), ("massage", 3), ("massage", 0)])
def test_an_unknown_protocol_or_version_is_not_found(name: str, version: int | None) -> None:
    with pytest.raises(UnknownProtocol):
        shipped().get(name, version)


@pytest.mark.parametrize(
    ("asked", "locale"),
    [
        (None, "en"), ("", "en"), ("de", "de"), ("de-AT", "de"), ("zh-CN,zh;q=0.9,en;q=0.8", "zh-Hans"),
        ("fr, es;q=0.5", "es"), ("en;q=0.1, de;q=0.9", "de"), ("es-419", "es"), ("tlh", "en"), ("de;q=x", "de"),
    ],
)  # fmt: skip
def test_the_best_language_is_chosen(asked: str | None, locale: str) -> None:
    assert choose_locale(asked) == locale
