"""The life of a zone's keys, played against real servers: on, rolls of keys and algorithms, a move, off.

A signed parent follows the zone's CDS; two validators ask without pause, one that takes any algorithm and one that
asks for a signature of each (harden-algo-downgrade). TTLs are seconds, so that every wait is there and none is long.
Not one answer may be bogus, and none insecure from the first DS to the last. test_life.py plays it as tests,
tests/life prints a table.
"""

import re
import threading
import time

import dns.exception

import stack
from test_toggle import SHOP, Watch

# No TTL above the two seconds that the policies promise.
ZONE = re.sub(r"\$TTL \d+", "$TTL 2", SHOP)

TIMES = "zsk_lifetime: off, dnskey_ttl: 2s, max_zone_ttl: 2s, propagation_delay: 1s, parent_propagation_delay: 1s"
POLICIES = {
    "double-ksk": "ksk: hsm, ksk_roll: double-ksk",
    "double-ds": "ksk: hsm, ksk_roll: double-ds",
    "ed25519": "ksk: sealed, algorithm: 15",
    "p384": "ksk: sealed, algorithm: 14",
    "csk": "ksk: sealed, csk: true",
}
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
            config_extra="".join(f"  {name}: {{{what}, {TIMES}}}\n" for name, what in POLICIES.items()) + "canary: {interval: 1s}\n",
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

    def roll_all(self, policy, algorithm, roles):
        """Another policy, and the zone follows it by itself."""
        before = self.keys()
        self.use(policy)
        stack.until(20, "a rollover of all keys", lambda: self.status(check=False)["rollovers"])
        assert self.status(check=False)["rollovers"][0]["method"] == "whole-set"
        stack.until(90, "the rollover ends", lambda: not self.status()["rollovers"])
        keys = self.sealwire.ctl("key", "list", "shop.example", as_json=True)["keys"]
        assert {key["algorithm"] for key in keys} == {algorithm} and {key["role"] for key in keys} == roles, keys
        assert not before & self.keys()


class World:
    def __init__(self, parts):
        self.parts, self.watches, self.acts, self._every = parts, [], [], []
        self.registry = Registry(parts)
        self.first = Provider(parts, self.registry, "first")
        self.second = None
        self.registry.source = self.first.port
        stack.until(40, "the DS is at the parent", lambda: self.first.status()["status"] == "active")
        time.sleep(3)  # until no cache knows of the time without a DS
        self.watch("first", self.first.port)

    def watch(self, name, ports):
        """Two validators that keep what they may for as long as they may."""
        for strict in (False, True):
            watch = Watch(stack.Unbound(
                self.parts, {"example": self.registry.knot.port, "shop.example": ports},
                self.registry.knot.anchors("example"), name=f"{name}-{'strict' if strict else 'liberal'}",
                extra=("cache-max-ttl: 86400", "cache-max-negative-ttl: 86400",
                       f"harden-algo-downgrade: {'yes' if strict else 'no'}"),
            ))
            self.watches.append(watch)
            self._every.append(watch)

    def unwatch(self, count=None):
        for watch in self.watches[:count]:
            watch.stop()
        del self.watches[:count]

    def totals(self):
        return tuple(sum(each) for each in zip(*((w.secure, w.insecure, len(w.bogus)) for w in self._every)))

    def act(self, title, play, insecure_is_due=False):
        """Plays one act, and notes what the validators saw meanwhile."""
        began, before = time.monotonic(), self.totals()
        play(self)
        secure, insecure, bogus = (after - b for after, b in zip(self.totals(), before))
        self.acts.append((title, time.monotonic() - began, secure, insecure, bogus, insecure_is_due))
        for watch in self._every:
            assert not watch.bogus, watch.bogus[0]
        assert secure > 10 and (insecure_is_due or insecure == 0), self.acts[-1]

    def stop(self):
        self.registry.stop()
        self.unwatch()


def zsk(world):
    world.first.roll("zsk")


def ksk_with_both_keys(world):
    before = world.registry.ds
    world.first.roll("ksk")
    assert world.registry.ds != before and len(world.registry.ds) == 1


def ksk_with_both_ds(world):
    world.first.use("double-ds")
    world.first.roll("ksk")
    assert len(world.registry.ds) == 1


def _to(policy, algorithm, roles=frozenset({"ksk", "zsk"})):
    def play(world):
        world.first.roll_all(policy, algorithm, roles)
        assert {int(ds.split()[1]) for ds in world.registry.ds} == {algorithm}
    return play


def kill_9(world):
    sealwire = world.first.sealwire
    world.unwatch()  # they would see that nobody answers for a moment
    sealwire.ctl("key", "roll", "shop.example", "--zsk", status=(3,))
    step = sealwire.ctl("dnssec", "status", "shop.example", as_json=True)["rollovers"][0]
    assert step["step"] == "introduced" and step["reason"], step
    sealwire.restart(kill=True)
    world.watch("after-kill", world.first.port)
    stack.until(40, "the rollover ends", lambda: not world.first.status()["rollovers"])
    assert len(world.first.keys()) == 2


def move(world):
    """RFC 8901 model 2: join, be served by both, leave."""
    second = world.second = Provider(world.parts, world.registry, "second")
    for provider, other in ((world.first, second), (second, world.first)):
        provider.sealwire.ctl("key", "foreign", "shop.example", *other.sealwire.dnskeys("shop.example"))
    stack.until(20, "both DS are at the parent", lambda: len(world.registry.ds) == 2)
    time.sleep(4)  # DNSKEY RRsets and DS of before are forgotten
    alone = len(world.watches)
    world.watch("both", [world.first.port, second.port])
    time.sleep(4)
    world.unwatch(alone)
    world.unwatch()
    # All name servers are the second's now; what the first signed is forgotten after its TTL.
    world.watch("second", second.port)
    time.sleep(5)
    second.sealwire.ctl("key", "foreign", "shop.example", "--clear")
    world.registry.source = second.port
    stack.until(20, "only the second's DS is at the parent", lambda: len(world.registry.ds) == 1)
    time.sleep(4)


def off(world):
    world.second.sealwire.ctl("dnssec", "off", "shop.example", status=(0, 3))
    stack.until(40, "disabled", lambda: world.second.status()["status"] == "disabled")
    time.sleep(1)
    world.unwatch()
    assert world.registry.ds == set()


# In the order of a life; each begins where the one before ends.
ACTS = {
    "ZSK, pre-published": zsk,
    "KSK, both keys": ksk_with_both_keys,
    "KSK, both DS": ksk_with_both_ds,
    "algorithm 13 to 15": _to("ed25519", 15),
    "algorithm 15 to 14": _to("p384", 14),
    "algorithm 14 to 13, one key": _to("csk", 13, frozenset({"csk"})),
    "one key to KSK and ZSK": _to("double-ksk", 13),
    "kill -9 in a rollover": kill_9,
    "move to another provider": move,
    "off": off,
}
