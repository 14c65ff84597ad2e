"""Catalog zones (RFC 9432) as Knot and BIND make them: members come, change and go; what is broken changes nothing."""

import dns.rcode
import pytest

import primaries
import stack

CATALOG = "catalog.example"


def bind_catalog(serial, members, version="2"):
    lines = [f"$TTL 60\n@ IN SOA . . {serial} 3600 5 86400 60\n@ IN NS invalid.", f'version IN TXT "{version}"']
    for label, zone in members.items():
        lines.append(f"{label}.zones IN PTR {zone}.")
    return "\n".join(lines) + "\n"


class World:
    def __init__(self, parts):
        self.sealwire = stack.Sealwire(parts, config_extra="  calm: {denial: compact}\n")
        self.parts, port = parts, self.sealwire.port
        self.text = {zone: primaries.zone_text(zone, 1) for zone in ("one.example", "two.example", "own.example")}
        self.knot = primaries.KnotPrimary(parts, self.text, notify=port, catalog=CATALOG)
        zones = {f"b{i}.example": primaries.zone_text(f"b{i}.example", 1) for i in range(3)}
        zones["bcat.example"] = bind_catalog(1, {"m0": "b0.example", "m1": "b1.example"})
        self.bind = primaries.Bind(parts, zones, notify=port)


@pytest.fixture(scope="module")
def world(parts):
    return World(parts)


def zones(world):
    return {zone["name"] for zone in world.sealwire.ctl("zone", "list", as_json=True)["zones"]}


def test_members_of_knots_catalog_are_served_and_signed(world):
    own = world.sealwire.home / "own.zone"
    own.write_text(world.text["own.example"])
    world.sealwire.ctl("zone", "add", "own.example", "--file", own)
    world.sealwire.ctl("zone", "add", CATALOG, "--transfer", f"127.0.0.1:{world.knot.port}", "--catalog", "--member-dnssec")
    for zone in ("one.example", "two.example"):
        stack.until(15, f"{zone} is served\n{world.sealwire.process.text()[-3000:]}", lambda zone=zone: stack.answers(world.sealwire.port, zone))
        stack.until(15, f"{zone} is signed", lambda zone=zone: world.sealwire.is_signed(zone))
    # The operator's zone of the same name stays the operator's.
    assert "file" in world.sealwire.ctl("zone", "show", "own.example", as_json=True)["backend"]
    assert not world.sealwire.is_signed("own.example")
    # The catalog itself is nobody's business.
    assert stack.ask(world.sealwire.port, CATALOG, "SOA").rcode() == dns.rcode.SERVFAIL


def test_members_come_and_go_with_binds_catalog(world):
    world.sealwire.ctl("zone", "add", "bcat.example", "--transfer", f"127.0.0.1:{world.bind.port}", "--catalog")
    stack.until(10, "members are here", lambda: {"b0.example", "b1.example"} <= zones(world))
    stack.until(10, "b1 is served", lambda: stack.answers(world.sealwire.port, "b1.example"))
    world.bind.update("bcat.example", "update delete m0.zones.bcat.example PTR", "update add m2.zones.bcat.example 60 PTR b2.example.",
                      'update add group.m2.zones.bcat.example 60 TXT "calm"')
    stack.until(10, f"b0 has gone, b2 has come\n{world.sealwire.process.text()[-3000:]}",
                lambda: "b0.example" not in zones(world) and "b2.example" in zones(world))
    assert world.sealwire.ctl("zone", "show", "b2.example", as_json=True)["policy"] == "calm"
    assert stack.ask(world.sealwire.port, "b0.example", "SOA").rcode() == dns.rcode.REFUSED


def test_a_broken_catalog_changes_nothing(world):
    before = zones(world)
    world.bind.update("bcat.example", "update delete version.bcat.example TXT", "update delete m1.zones.bcat.example PTR")
    stack.until(10, "it is seen", lambda: "broken" in (world.sealwire.ctl("zone", "show", "bcat.example", as_json=True).get("problem") or ""))
    assert zones(world) == before
    world.bind.update("bcat.example", 'update add version.bcat.example 60 TXT "2"')
    stack.until(10, "b1 goes now", lambda: "b1.example" not in zones(world))


def test_it_goes_on_after_a_restart(world):
    world.sealwire.restart()
    assert stack.answers(world.sealwire.port, "two.example")
    world.bind.update("bcat.example", "update add m7.zones.bcat.example 60 PTR b0.example.")
    stack.until(15, "b0 is back", lambda: "b0.example" in zones(world))
