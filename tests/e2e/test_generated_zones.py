"""Zones made at random: Sealwire says what an unsigned server says, proves it, and no order of questions makes a resolver doubt it.

SEALWIRE_ZONES, SEALWIRE_QUESTIONS and SEALWIRE_SEED make more of it by hand; a failure names the seed.
"""

import os
import pathlib
import random
import sys
import time

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype as rdt
import pytest

import stack

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "conformance"))

import generated  # noqa: E402
import judge  # noqa: E402

ZONES = int(os.environ.get("SEALWIRE_ZONES", 60))
QUESTIONS = int(os.environ.get("SEALWIRE_QUESTIONS", 20))     # to each zone
SEED = int(os.environ.get("SEALWIRE_SEED", time.time_ns() % 2**32))


DENIAL = ("compact", "white-lies", "nsec3")


class World:
    """Half of the zones are held whole, half are asked of NSD, which has them all; a third of each denies in each way."""

    def __init__(self, parts):
        self.zones = generated.make(SEED, ZONES)
        self.nsd = stack.nsd(parts, {apex: zone.text for apex, zone in self.zones.items()})
        self.sealwire = stack.Sealwire(parts, workers=1, config_extra="".join(f"  {mode}: {{denial: {mode}}}\n" for mode in DENIAL))
        home, entries, self.asked_only, denial = parts.folder("zones"), [], set(), {}
        for i, (apex, zone) in enumerate(self.zones.items()):
            (home / apex).write_text(zone.text)
            backend = f"{{file: {home / apex}}}" if i % 2 else f'{{forward: ["127.0.0.1:{self.nsd}"]}}'
            if not i % 2:
                self.asked_only.add(zone.apex)
            mode = DENIAL[i // 2 % 3]
            if mode != "compact":
                denial[zone.apex] = mode
            entries.append(f"  - {{name: {apex}, backend: {backend}, policy: {mode}, dnssec: on}}")
        (home / "apply.yaml").write_text("zones:\n" + "\n".join(entries) + "\n")
        self.sealwire.ctl("apply", home / "apply.yaml", status=(0, 3))
        for apex in self.zones:
            stack.until(60, f"{apex} is signed", lambda apex=apex: self.sealwire.is_signed(apex))
        self.keys = {}
        for apex in self.zones:
            reply = stack.ask(self.sealwire.port, apex, "DNSKEY", dnssec=True, tcp=True)
            self.keys.update({r.name: r for r in reply.answer if r.rdtype == rdt.DNSKEY})
        self.judge = judge.Judge(self.zones, self.keys, self.asked_only, denial)

    def questions(self):
        return [(zone, name, rdtype) for zone in self.zones.values() for name, rdtype in zone.questions(QUESTIONS)]


@pytest.fixture(scope="module")
def world(parts):
    return World(parts)


def ask(port, name, rdtype, dnssec):
    query = dns.message.make_query(name, rdtype, want_dnssec=dnssec, payload=4096)
    query.flags &= ~dns.flags.RD
    return dns.query.udp_with_fallback(query, "127.0.0.1", port=port, timeout=3)[0]


def report(faults, asked):
    shown = "\n".join(f"{name} {rdt.to_text(rdtype)}: {fault}" for name, rdtype, fault in faults[:20])
    assert not faults, f"SEALWIRE_SEED={SEED}: {len(faults)} of {asked}\n{shown}"


def test_every_answer_is_the_backends_and_is_proved(world):
    faults, questions = [], world.questions()
    for _, name, rdtype in questions:
        truth = ask(world.nsd, name, rdtype, dnssec=False)
        fault = world.judge.fault(ask(world.sealwire.port, name, rdtype, dnssec=True), truth)
        if fault:
            faults.append((name, rdtype, fault))
    report(faults, len(questions))


def test_rfc9824_section_4_without_do_the_answer_is_the_backends_own(world):
    faults, questions = [], world.questions()[::3]
    for _, name, rdtype in questions:
        truth, got = ask(world.nsd, name, rdtype, dnssec=False), ask(world.sealwire.port, name, rdtype, dnssec=False)
        if len(judge.aliases(truth)) >= judge.MANY_ALIASES or judge.end_of_chain(truth) is None:
            continue
        if (got.rcode(), judge.plain(got)) != (truth.rcode(), judge.plain(truth)):
            faults.append((name, rdtype, f"{dns.rcode.to_text(got.rcode())}, truly {dns.rcode.to_text(truth.rcode())}"))
    report(faults, len(questions))


def answerable(world, zone, name, rdtype, truth):
    """A resolver can say it: not behind a cut, whose servers do not exist, and not a type that decision 0021 gives up."""
    end = judge.end_of_chain(truth)
    if end is None or len(judge.aliases(truth)) >= judge.MANY_ALIASES or truth.rcode() == dns.rcode.YXDOMAIN:
        return False
    last = world.judge.zone_of(end)
    if last is None or (last.below_cut(end) and not (rdtype == rdt.DS and end in last.cuts)):
        return False
    if rdtype in (rdt.CNAME, rdt.DNAME) and any(r.rdtype == rdt.DNAME and r.name != name for r in truth.answer):
        return False        # Unbound 1.17 finds no such answer secure, BIND's neither
    if rdtype == rdt.DS and end == last.apex:      # the parent's to say, and there is none
        return False
    return not (rdtype == rdt.DNAME and {zone.apex, last.apex} & world.asked_only)


def test_rfc8198_no_order_of_questions_makes_a_resolver_say_otherwise(parts, world):
    """Unbound keeps every NSEC and answers from them as it may. Each question is put twice, in random order, to one cache."""
    anchors = [line for apex in world.zones for line in world.sealwire.ds(apex)]
    unbound = stack.Unbound(parts, {apex: world.sealwire.port for apex in world.zones}, anchors, name="unbound-aggressive",
                            extra=("cache-max-ttl: 3600", "cache-max-negative-ttl: 3600", "cache-min-ttl: 60", "neg-cache-size: 16m"))
    questions = []
    for zone, name, rdtype in world.questions():
        truth = ask(world.nsd, name, rdtype, dnssec=False)
        if answerable(world, zone, name, rdtype, truth):
            questions += [(name, rdtype, truth)] * 2
    random.Random(SEED).shuffle(questions)
    faults = []
    for name, rdtype, truth in questions:
        try:
            got = unbound.ask(name, rdtype)
        except dns.exception.Timeout:
            faults.append((name, rdtype, "no answer"))
            continue
        said = {key: data for key, (_, data) in judge.plain(got).items()}
        true = {key: data for key, (_, data) in judge.plain(truth).items()}
        if said != true:
            faults.append((name, rdtype, f"another answer section ({dns.rcode.to_text(got.rcode())})"))
        elif not got.flags & dns.flags.AD:
            faults.append((name, rdtype, f"not secure ({dns.rcode.to_text(got.rcode())})"))
    report(faults, len(questions))
    assert len(questions) > ZONES * QUESTIONS / 2
