"""The life of a zone's keys: on, ZSK roll, KSK rolls, a move to another provider, off.

A signed parent follows the zone's CDS, validators ask without pause; TTLs are seconds, so that every wait is there
and none is long. Not one answer may be bogus, and none insecure from the first DS to the last.
"""

import re
import threading
import time

import dns.exception
import pytest

import stack
from test_toggle import SHOP, Watch

# No TTL above the two seconds that the policies promise.
ZONE = re.sub(r"\$TTL \d+", "$TTL 2", SHOP)

POLICY = ("{zone}: {{ksk: hsm, zsk: sealed, zsk_lifetime: off, ksk_roll: {roll}, dnskey_ttl: 2s, max_zone_ttl: 2s, "
          "propagation_delay: 1s, parent_propagation_delay: 1s}}")
PARENT = """\
$ORIGIN example.
$TTL 2
@ SOA ns hostmaster {serial} 7200 1800 1209600 2
@ NS ns
ns A 127.0.0.1
shop NS ns.shop
ns.shop A 127.0.0.1
{ds}
"""


class Registry:
    """A parent that takes DS records from CDS (RFC 7344, RFC 8078), looking twice a second."""

    def __init__(self, parts):
        self._serial, self.ds = 1, None
        self.knot = stack.Knot(parts, {"example": PARENT.format(serial=1, ds="")}, name="registry", signed=True)
        self.source = None  # the port whose CDS is followed
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._stop.wait(0.5):
            if self.source is None:
                continue
            try:
                cds = stack.rdata_of(stack.ask(self.source, "shop.example", "CDS", dnssec=True, tcp=True), "shop.example", "CDS")
            except (OSError, dns.exception.DNSException):
                continue
            wanted = set() if cds == {"0 0 0 00"} else cds
            if cds and wanted != self.ds:
                self._serial += 1
                lines = "\n".join(f"shop 2 DS {rdata}" for rdata in sorted(wanted))
                self.knot.replace("example", PARENT.format(serial=self._serial, ds=lines))
                self.ds = wanted

    def stop(self):
        self._stop.set()
        self._thread.join(10)


class Provider:
    """A Sealwire that signs shop.example under a policy of short times."""

    def __init__(self, parts, registry, name):
        self.sealwire = stack.Sealwire(
            parts, name=name, parent=f'{{servers: ["127.0.0.1:{registry.knot.port}"]}}', workers=1,
            config_extra="".join(f"  {POLICY.format(zone=policy, roll=policy)}\n" for policy in ("double-ksk", "double-ds")),
        )
        self.port = self.sealwire.port
        self._file = self.sealwire.home / "shop.example.zone"
        self._file.write_text(ZONE)
        self.use("double-ksk")
        self.sealwire.toggle_on("shop.example")

    def use(self, policy):
        wish = self.sealwire.home / "zones.yaml"
        wish.write_text(f"zones:\n  - {{name: shop.example, backend: {{file: {self._file}}}, policy: {policy}}}\n")
        self.sealwire.ctl("apply", wish)

    def status(self, check=True):
        return self.sealwire.ctl("dnssec", "check" if check else "status", "shop.example", status=(0, 3), as_json=True)

    def keys(self):
        return {(key["role"], key["key_tag"]) for key in self.sealwire.ctl("key", "list", "shop.example", as_json=True)["keys"]}

    def roll(self, role):
        before = self.keys()
        self.sealwire.ctl("key", "roll", "shop.example", f"--{role}", "--wait")
        after = self.keys()
        assert len(after) == 2 and len(before & after) == 1, (before, after)
        assert {kind for kind, _ in after - before} == {role}


class World:
    def __init__(self, parts):
        self.parts = parts
        self.registry = Registry(parts)
        self.first = Provider(parts, self.registry, "first")
        self.registry.source = self.first.port
        stack.until(40, "the DS is at the parent", lambda: self.first.status()["status"] == "active")
        time.sleep(3)  # until no cache knows of the time without a DS
        self.watches = [self.validator("first-validator", self.first.port)]

    def validator(self, name, ports):
        """A validator that keeps what it may for as long as it may."""
        return Watch(stack.Unbound(
            self.parts, {"example": self.registry.knot.port, "shop.example": ports}, self.registry.knot.anchors("example"),
            name=name, extra=("cache-max-ttl: 86400", "cache-max-negative-ttl: 86400"),
        ))

    def nothing_broke(self):
        for watch in self.watches:
            assert not watch.bogus, watch.bogus[0]
            assert watch.insecure == 0 and watch.secure > 10, (watch.secure, watch.insecure)


@pytest.fixture(scope="module")
def world(parts):
    made = World(parts)
    yield made
    made.registry.stop()
    for watch in made.watches:
        watch.stop()


def test_zsk_is_rolled_by_pre_publishing(world):
    world.first.roll("zsk")
    world.nothing_broke()


def test_ksk_is_rolled_with_both_keys(world):
    before = world.registry.ds
    world.first.roll("ksk")
    assert world.registry.ds != before and len(world.registry.ds) == 1
    world.nothing_broke()


def test_ksk_is_rolled_with_both_ds(world):
    world.first.use("double-ds")
    world.first.roll("ksk")
    assert len(world.registry.ds) == 1
    world.nothing_broke()


def test_a_rollover_survives_kill_9(world):
    sealwire = world.first.sealwire
    world.watches.pop().stop()  # it would see that nobody answers for a moment
    sealwire.ctl("key", "roll", "shop.example", "--zsk", status=(3,))
    step = sealwire.ctl("dnssec", "status", "shop.example", as_json=True)["rollovers"][0]
    assert step["step"] == "introduced" and step["reason"], step
    sealwire.restart(kill=True)
    world.watches.append(world.validator("after-kill-validator", world.first.port))
    stack.until(40, "the rollover ends", lambda: not world.first.status()["rollovers"])
    assert len(world.first.keys()) == 2
    world.nothing_broke()


def test_the_zone_moves_to_another_provider(world):
    """RFC 8901 model 2: join, be served by both, leave."""
    second = Provider(world.parts, world.registry, "second")
    for provider, other in ((world.first, second), (second, world.first)):
        provider.sealwire.ctl("key", "foreign", "shop.example", *other.sealwire.dnskeys("shop.example"))
    stack.until(20, "both DS are at the parent", lambda: len(world.registry.ds) == 2)
    time.sleep(4)  # DNSKEY RRsets and DS of before are forgotten
    world.watches.append(world.validator("both-validator", [world.first.port, second.port]))
    time.sleep(4)
    world.nothing_broke()
    world.watches[0].stop()
    world.watches[1].stop()
    # All name servers are the second's now; what the first signed is forgotten after its TTL.
    world.watches.append(world.validator("second-validator", second.port))
    time.sleep(5)
    second.sealwire.ctl("key", "foreign", "shop.example", "--clear")
    world.registry.source = second.port
    stack.until(20, "only the second's DS is at the parent", lambda: len(world.registry.ds) == 1)
    time.sleep(4)
    world.nothing_broke()
    world.second = second


def test_off_ends_without_a_bogus_second(world):
    watch = world.watches[-1]
    world.second.sealwire.ctl("dnssec", "off", "shop.example", status=(0, 3))
    stack.until(40, "disabled", lambda: world.second.status()["status"] == "disabled")
    time.sleep(1)
    watch.stop()
    assert not watch.bogus, watch.bogus[0]
    assert watch.insecure > 0 and world.registry.ds == set()
