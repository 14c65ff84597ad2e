"""Every way of denial, judged by each independent validator: one answer of each kind. tests/conformance/run --validators asks all."""

import pathlib
import sys

import dns.flags
import dns.rcode
import pytest

import stack

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "conformance"))

import cases  # noqa: E402
import matrix  # noqa: E402
import validators  # noqa: E402

COLUMNS = ["sealwire-file", "sealwire-white-lies", "sealwire-nsec3", "sealwire-transfer", "sealwire-copy"]
KINDS = {
    ("types", "A"), ("nodata", "a type that is not there"), ("nodata", "empty non-terminal"), ("nxdomain", "no such name"),
    ("wildcard", "positive"), ("wildcard", "NODATA"), ("cname", "to a name that is not there"),
    ("delegation", "unsigned: DS"), ("delegation", "signed: DS"),
}
SAMPLE = [case for case in cases.CASES if (case.group, case.title) in KINDS]


@pytest.fixture(scope="module")
def servers(parts):
    return {key: matrix.COLUMNS[key](parts) for key in COLUMNS}


def test_the_sample_has_every_kind():
    assert len(SAMPLE) == len(KINDS)


@pytest.mark.parametrize("key", COLUMNS)
@pytest.mark.parametrize("kind", validators.VALIDATORS, ids=lambda kind: kind.title)
def test_a_validator_finds_every_kind_of_answer_secure(parts, servers, kind, key):
    every = kind.every if kind is validators.Dnsviz else 1      # it takes seconds to start, and asks about the whole zone each time
    _, _, judged, faults = validators.judge_by(kind, parts, servers[key], SAMPLE, every)
    assert not faults
    assert judged >= len(SAMPLE[::every]) - 2 > 0


@pytest.mark.parametrize("key", COLUMNS)
def test_rfc4035_section_5_2_what_lies_behind_an_unsigned_referral_is_insecure_and_not_bogus(parts, servers, key):
    server = servers[key]
    unbound = stack.Unbound(parts, {zone: server.port for zone in server.zones}, server.anchors["conf.example"], name=f"referred-{key}")
    reply = unbound.ask("www.hosted.conf.example", "A")
    assert reply.rcode() == dns.rcode.NOERROR and reply.answer and not reply.flags & dns.flags.AD, unbound.process.text()[-2000:]
    assert unbound.ask("www.conf.example", "A").flags & dns.flags.AD


def test_a_wrong_anchor_is_noticed(parts, servers):
    """Each of them would say so if the answers were not ours."""
    server, other = servers["sealwire-file"], servers["sealwire-nsec3"]
    stranger = type("Stranger", (), {"key": "stranger", "title": "stranger", "port": server.port, "zones": server.zones,
                                     "anchors": other.anchors, "keys": dict(other.keys)})
    for kind in validators.VALIDATORS:
        _, _, judged, faults = validators.judge_by(kind, parts, stranger, SAMPLE[:1], every=1)
        assert judged == len(faults) == 1, kind.title
