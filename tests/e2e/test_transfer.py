"""Zones fetched from real primaries: whole, incrementally, told by NOTIFY, with TSIG, and kept while the primary is away."""

import base64

import dns.edns
import dns.rcode
import pytest

import primaries
import stack


class World:
    def __init__(self, parts):
        keys = parts.folder("keys")
        wrong = base64.b64encode(b"another secret of the same name.").decode()
        section = "tsig:\n" + primaries.tsig_section(keys) + primaries.tsig_section(keys, name="wrong.example", secret=wrong)
        self.sealwire = stack.Sealwire(parts, config_extra=section)
        text = primaries.zone_text
        port = self.sealwire.port
        self.bind = primaries.Bind(parts, {"bind.example": text("bind.example", 100), "short.example": text(
            "short.example", 7, refresh=5, retry=5, expire=15)}, notify=port)
        self.knot = primaries.KnotPrimary(parts, {"knot.example": text("knot.example", 100)}, notify=port, key="xfr.example")
        self.nsd = primaries.NsdPrimary(parts, {"nsd.example": text("nsd.example", 100)}, notify=port)


@pytest.fixture(scope="module")
def world(parts):
    return World(parts)


def serial(port, zone):
    reply = stack.ask(port, zone, "SOA")
    return int(next(iter(stack.rdata_of(reply, zone, "SOA"))).split()[2]) if reply.rcode() == dns.rcode.NOERROR and reply.answer else None


def extended_errors(reply):
    return [int(option.code) for option in reply.options if isinstance(option, dns.edns.EDEOption)]


def add(world, zone, port, *more):
    world.sealwire.ctl("zone", "add", zone, "--transfer", f"127.0.0.1:{port}", *more)
    stack.until(10, f"{zone} is served\n{world.sealwire.process.text()[-3000:]}", lambda: stack.answers(world.sealwire.port, zone))


def same_answers(world, zone, port):
    for name, kind in [("www", "A"), ("www", "AAAA"), ("x.wild", "TXT"), ("b.ent", "TXT"), ("alias", "A"), ("odd", "TYPE65280"),
                       ("nowhere", "A"), ("ent", "A")]:
        ours = stack.ask(world.sealwire.port, f"{name}.{zone}", kind)
        theirs = stack.ask(port, f"{name}.{zone}", kind)
        assert ours.rcode() == theirs.rcode() and set(map(str, ours.answer)) == set(map(str, theirs.answer)), (name, kind)


def test_bind_notifies_and_sends_a_difference(world):
    add(world, "bind.example", world.bind.port)
    same_answers(world, "bind.example", world.bind.port)
    world.bind.update("bind.example", "update add new.bind.example 60 A 192.0.2.77", "update delete www.bind.example AAAA")
    stack.until(5, "the update is here", lambda: stack.ask(world.sealwire.port, "new.bind.example", "A").answer)
    assert not stack.ask(world.sealwire.port, "www.bind.example", "AAAA").answer
    same_answers(world, "bind.example", world.bind.port)
    assert serial(world.sealwire.port, "bind.example") == serial(world.bind.port, "bind.example")
    assert "way=ixfr" in world.sealwire.process.text(), world.sealwire.process.text()[-2000:]


def test_knot_with_tsig_notifies_and_sends_a_difference(world):
    add(world, "knot.example", world.knot.port, "--tsig", "xfr.example")
    same_answers(world, "knot.example", world.knot.port)
    before = world.sealwire.process.text().count("way=ixfr")
    world.knot.replace("knot.example", primaries.zone_text("knot.example", 101, extra="more IN TXT more\n"))
    stack.until(15, f"the change is here\n{world.knot.process.text()[-2500:]}\n{world.sealwire.process.text()[-1500:]}", lambda: stack.ask(world.sealwire.port, "more.knot.example", "TXT").answer)
    same_answers(world, "knot.example", world.knot.port)
    assert world.sealwire.process.text().count("way=ixfr") == before + 1


def test_nsd_notifies_of_a_reload(world):
    add(world, "nsd.example", world.nsd.port)
    same_answers(world, "nsd.example", world.nsd.port)
    world.nsd.replace("nsd.example", primaries.zone_text("nsd.example", 101))
    stack.until(15, f"the change is here\n{world.sealwire.process.text()[-2000:]}", lambda: serial(world.sealwire.port, "nsd.example") == 101)
    same_answers(world, "nsd.example", world.nsd.port)


@pytest.mark.parametrize("key,sign", [((), "REFUSED|NOTAUTH"), (("--tsig", "wrong.example"), "BADKEY|BADSIG|NOTAUTH|REFUSED")])
def test_without_the_right_key_nothing_is_fetched(world, parts, key, sign):
    zone = "knot2.example"
    knot = primaries.KnotPrimary(parts, {zone: primaries.zone_text(zone, 1)}, key="xfr.example", name=f"knot{len(key)}")
    world.sealwire.ctl("zone", "add", zone, "--transfer", f"127.0.0.1:{knot.port}", *key)
    try:
        def problem():
            return world.sealwire.ctl("zone", "show", zone, as_json=True).get("problem")
        stack.until(5, "the transfer failed", problem)
        assert any(word in problem() for word in sign.split("|")), problem()
        reply = stack.ask(world.sealwire.port, zone, "SOA", options=[dns.edns.GenericOption(3, b"")])
        assert reply.rcode() == dns.rcode.SERVFAIL and extended_errors(reply) == [14]
    finally:
        world.sealwire.ctl("zone", "rm", zone)
        knot.process.stop()


def test_a_transferred_zone_is_signed(world):
    world.sealwire.toggle_on("bind.example")
    said = stack.delv(world.sealwire.port, "bind.example", world.sealwire.ds("bind.example"), "www.bind.example", "A")
    assert "fully validated" in said, said


def test_notify_from_others_is_refused(world):
    import dns.message, dns.opcode, dns.query
    for zone, wanted in [("nsd.example", dns.rcode.NOERROR), ("knot.example", dns.rcode.REFUSED), ("elsewhere.example", dns.rcode.REFUSED)]:
        notify = dns.message.make_query(zone, "SOA")
        notify.set_opcode(dns.opcode.NOTIFY)
        for send in (dns.query.udp, dns.query.tcp):
            reply = send(notify, "127.0.0.1", port=world.sealwire.port, timeout=3)
            assert reply.rcode() == wanted and reply.opcode() == dns.opcode.NOTIFY, reply


def test_it_survives_a_restart_and_the_primary_and_expires(world):
    """RFC 1035 section 3.3.13: the last good content until EXPIRE, then no longer."""
    add(world, "short.example", world.bind.port)
    world.bind.process.stop()
    world.sealwire.restart()
    # At once, from disk, with nobody to ask.
    assert serial(world.sealwire.port, "short.example") == 7
    stack.until(25, "it has expired", lambda: serial(world.sealwire.port, "short.example") is None)
    reply = stack.ask(world.sealwire.port, "www.short.example", "A", options=[dns.edns.GenericOption(3, b"")])
    assert reply.rcode() == dns.rcode.SERVFAIL and extended_errors(reply) == [24], reply
    # An hour is left for this one.
    assert stack.ask(world.sealwire.port, "www.bind.example", "A").answer
    world.sealwire.restart()
    assert stack.ask(world.sealwire.port, "www.short.example", "A").rcode() == dns.rcode.SERVFAIL
    world.bind.process.start()
    stack.until(20, "it is back", lambda: serial(world.sealwire.port, "short.example") == 7)


def test_apply_takes_one_primary_or_many(world):
    text = world.sealwire.home / "zones.yaml"
    text.write_text(f'zones:\n  - {{name: nsd.example, backend: {{transfer: "127.0.0.1:{world.nsd.port}"}}}}\n'
                    f'  - {{name: knot.example, backend: {{transfer: ["127.0.0.1:{world.knot.port}"], tsig: xfr.example.}}}}\n')
    assert "0 to change" in world.sealwire.ctl("apply", text)
    assert "transfer 127.0.0.1" in world.sealwire.ctl("zone", "list")
