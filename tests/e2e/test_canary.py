"""The daemon's own validator: what it asks passes through a forwarder that can spoil signatures on the way, or lose all."""

import json
import os
import re
import socket
import threading
import time
import urllib.request

import dns.message
import dns.rdatatype
import pytest

import stack
from life import TIMES

ZONE = """\
$TTL 2
@ SOA ns hostmaster 1 7200 1800 1209600 2
@ NS ns
ns A 127.0.0.1
www A 192.0.2.1
*.wild A 192.0.2.2
"""


class Forwarder:
    """Takes queries over UDP to a server, and the answers back; `spoils` flips a bit of every RRSIG, `silent` takes nothing."""

    def __init__(self):
        self.server, self.spoils, self.silent, self._stop = None, False, False, threading.Event()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0.2)
        self.port, self.asked = self._socket.getsockname()[1], set()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._stop.is_set():
            try:
                query, asker = self._socket.recvfrom(4096)
                if self.silent:
                    continue
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as onward:
                    onward.settimeout(1)
                    onward.sendto(query, self.server)
                    reply = onward.recv(4096)
            except TimeoutError:
                continue
            message = dns.message.from_wire(reply)
            question = message.question[0]
            self.asked.add((question.name.to_text(), dns.rdatatype.to_text(question.rdtype)))
            self._socket.sendto(self._spoiled(message) if self.spoils else reply, asker)

    @staticmethod
    def _spoiled(message):
        for rrset in message.answer + message.authority:
            if rrset.rdtype == dns.rdatatype.RRSIG:
                changed = [rdata.replace(signature=rdata.signature[:-1] + bytes([rdata.signature[-1] ^ 1])) for rdata in rrset]
                rrset.clear()
                for rdata in changed:
                    rrset.add(rdata)
        return message.to_wire()

    def stop(self):
        self._stop.set()
        self._thread.join(5)
        self._socket.close()


@pytest.fixture(scope="module")
def world(parts):
    # The forwarder needs the daemon's port, and the daemon the forwarder's.
    forwarder = Forwarder()
    sealwire = stack.Sealwire(
        parts, workers=1,
        config_extra=f"  fast: {{ksk: sealed, {TIMES}}}\ncanary: {{interval: 1s, server: \"127.0.0.1:{forwarder.port}\"}}\n",
    )
    forwarder.server = ("127.0.0.1", sealwire.port)
    zone = sealwire.home / "shop.example.zone"
    zone.write_text(ZONE)
    wish = sealwire.home / "zones.yaml"
    wish.write_text(f"zones:\n  - {{name: shop.example, backend: {{file: {zone}}}, policy: fast}}\n")
    sealwire.ctl("apply", wish)
    sealwire.toggle_on("shop.example")
    sealwire.forwarder = forwarder
    yield sealwire
    forwarder.stop()


def metric(sealwire, name):
    with urllib.request.urlopen(f"http://127.0.0.1:{sealwire.metrics}/metrics", timeout=5) as page:
        found = re.search(rf"^{re.escape(name)} (\S+)$", page.read().decode(), re.M)
    return float(found.group(1)) if found else None


def history(sealwire, zone="shop.example"):
    request = urllib.request.Request(f"http://127.0.0.1:{sealwire.http}/v1/zones/{zone}/history",
                                     headers={"Authorization": f"Bearer {sealwire.token_file.read_text().strip()}"})
    with urllib.request.urlopen(request, timeout=5) as reply:
        return json.load(reply)["history"]


def threads_of(sealwire):
    return len(os.listdir(f"/proc/{sealwire.process.pid}/task"))


def rollovers(sealwire, zone="shop.example"):
    return sealwire.ctl("dnssec", "status", zone, status=(0, 3), as_json=True)["rollovers"]


def test_answers_validate_with_the_zones_own_ds(world):
    stack.until(20, "clean runs", lambda: (metric(world, 'sealwire_canary_probes_total{result="secure"}') or 0) >= 2)
    assert metric(world, 'sealwire_canary_probes_total{result="bogus"}') == 0
    assert metric(world, "sealwire_canary_zones_held") == 0
    types = {kind for _, kind in world.forwarder.asked}
    assert {"SOA", "DNSKEY", "A", "LOC"} <= types, world.forwarder.asked
    assert any(name.endswith(".wild.shop.example.") for name, _ in world.forwarder.asked), world.forwarder.asked


def test_silence_holds_nothing_and_is_told(world):
    world.forwarder.silent = True
    try:
        world.ctl("key", "roll", "shop.example", "--zsk", status=(3,))
        stack.until(40, "told", lambda: "canary-blind" in world.process.text())
        stack.until(40, "the rollover ends", lambda: not rollovers(world))
        assert metric(world, "sealwire_canary_zones_held") == 0
        assert metric(world, 'sealwire_canary_probes_total{result="bogus"}') == 0
    finally:
        world.forwarder.silent = False
    stack.until(20, "it sees again", lambda: "canary-sees" in world.process.text())


def test_a_bogus_answer_holds_the_keys_and_a_clean_run_lets_them_go(world):
    world.ctl("key", "roll", "shop.example", "--zsk", status=(3,))
    world.forwarder.spoils = True
    stack.until(40, "held", lambda: metric(world, "sealwire_canary_zones_held") == 1)
    seen = world.ctl("dnssec", "status", "shop.example", status=(0, 3), as_json=True)
    roll = seen["rollovers"][0]
    assert roll["code"] == "held" and "shop.example." in roll["reason"], roll
    assert seen["next_step"]["code"] == "held", seen
    refused = world.ctl("key", "roll", "shop.example", "--ksk", status=(1,))
    assert rollovers(world) == [roll], refused
    world.forwarder.spoils = False
    stack.until(60, "clean again", lambda: metric(world, "sealwire_canary_zones_held") == 0)
    stack.until(40, "the rollover ends", lambda: not rollovers(world))
    what = {line["what"] for line in history(world)}
    assert {"canary-bogus", "canary-clean"} <= what, what


def test_the_override_is_named(world):
    world.ctl("key", "roll", "shop.example", "--zsk", status=(3,))
    world.forwarder.spoils = True
    try:
        stack.until(40, "held", lambda: metric(world, "sealwire_canary_zones_held") == 1)
        world.ctl("dnssec", "on", "shop.example", "--override", "ignore-canary", status=(0, 3))
        stack.until(40, "the rollover ends", lambda: not rollovers(world))
        assert metric(world, "sealwire_canary_zones_held") == 1
    finally:
        world.forwarder.spoils = False


def test_a_node_without_signed_zones_starts_no_thread_for_it(parts):
    node = stack.Sealwire(parts, name="unsigned", workers=1, config_extra="canary: {interval: 1s}\n")
    before = threads_of(node)
    zone = node.home / "plain.example.zone"
    zone.write_text(ZONE)
    node.ctl("zone", "add", "plain.example", "--file", zone)
    time.sleep(3)
    assert threads_of(node) == before
    node.toggle_on("plain.example")
    stack.until(20, "its first run", lambda: metric(node, 'sealwire_canary_probes_total{result="secure"}') >= 1)
    assert threads_of(node) > before


@pytest.fixture(scope="module")
def fleet(parts):
    """Three nodes, each of which asks itself through a forwarder of its own."""
    etcd = stack.Etcd(parts, name="canary-etcd")
    folder = parts.folder("canary-zones")
    (folder / "shop.example.zone").write_text(ZONE)
    nodes = []
    for name in ("canary1", "canary2", "canary3"):
        forwarder = Forwarder()
        node = stack.Sealwire(
            parts, name=name, workers=1, ink_pairs=2048, state=etcd.config(parts.folder(name), name), token_of=nodes[0] if nodes else None,
            config_extra=f"  fast: {{ksk: sealed, {TIMES}}}\ncanary: {{interval: 1s, server: \"127.0.0.1:{forwarder.port}\"}}\n")
        forwarder.server, node.forwarder = ("127.0.0.1", node.port), forwarder
        nodes.append(node)
    wish = folder / "zones.yaml"
    wish.write_text(f"zones:\n  - {{name: shop.example, backend: {{file: {folder}/shop.example.zone}}, policy: fast}}\n")
    nodes[0].ctl("apply", wish)
    nodes[0].toggle_on("shop.example")
    listed = stack.until(20, "one leads", lambda: (lambda by: by if any(n["leader"] for n in by) else None)(
        nodes[0].ctl("node", "list", as_json=True)["nodes"]))
    leader = next(n["name"] for n in listed if n["leader"])
    for node in nodes:
        stack.until(30, "asked everywhere", lambda node=node: metric(node, 'sealwire_canary_probes_total{result="secure"}') or 0)
    yield sorted(nodes, key=lambda node: node.home.name != leader)
    for node in nodes:
        node.forwarder.stop()


def test_what_a_follower_refuses_holds_the_node_that_leads(fleet):
    leader, follower, third = fleet
    leader.ctl("key", "roll", "shop.example", "--zsk", status=(3,))
    follower.forwarder.spoils = True
    try:
        stack.until(40, "held by the follower", lambda: metric(follower, "sealwire_canary_zones_held") == 1)
        for node in (leader, third):
            roll = stack.until(10, "held by all", lambda node=node: [r for r in rollovers(node) if r["code"] == "held"])[0]
            assert follower.home.name in roll["reason"] and "shop.example." in roll["reason"], roll
        assert metric(leader, "sealwire_canary_zones_held") == 0
        step = rollovers(leader)[0]["step"]
        time.sleep(6)  # longer than a step of this policy
        assert rollovers(leader)[0]["step"] == step
        leader.ctl("key", "roll", "shop.example", "--ksk", status=(1,))
        third.ctl("dnssec", "on", "shop.example", "--override", "ignore-canary", status=(0, 3))
        stack.until(60, "the rollover ends", lambda: not rollovers(leader))
        assert metric(follower, "sealwire_canary_zones_held") == 1
    finally:
        follower.forwarder.spoils = False


def test_a_clean_run_of_the_follower_lets_the_leader_go_on(fleet):
    leader, follower, third = fleet
    leader.ctl("zone", "add", "other.example", "--file", _zone_of(leader, "other.example"), "--policy", "fast")
    leader.toggle_on("other.example")
    follower.forwarder.spoils = True
    try:
        stack.until(60, "held by the follower", lambda: "canary-bogus" in _told(follower, "other.example"))
        stack.until(10, "the leader hears of it", lambda: _next_step(leader, "other.example") == "held")
    finally:
        follower.forwarder.spoils = False
    leader.ctl("key", "roll", "other.example", "--zsk", status=(1,))
    stack.until(60, "clean again", lambda: "canary-clean" in _told(follower, "other.example"))
    stack.until(10, "the leader hears of it", lambda: _next_step(leader, "other.example") != "held")
    leader.ctl("key", "roll", "other.example", "--zsk", status=(3,))
    stack.until(60, "the rollover ends", lambda: not rollovers(leader, "other.example"))


def _zone_of(node, name):
    path = node.home.parent / "canary-zones" / f"{name}.zone"
    path.write_text(ZONE)
    return path


def _next_step(node, zone):
    return node.ctl("dnssec", "status", zone, status=(0, 3), as_json=True)["next_step"]["code"]


def _told(node, zone):
    return [line["what"] for line in history(node, zone)]
