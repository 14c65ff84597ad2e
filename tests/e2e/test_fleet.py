"""Three nodes that share one etcd: one toggle, the same keys everywhere, and what happens when parts die."""

import json
import signal
import urllib.error
import urllib.request

import dns.flags
import dns.rcode
import pytest

import stack

SHOP = (stack.EXAMPLE / "shop.example.zone").read_text()
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


def parent_zone(serial, ds=()):
    return PARENT.format(serial=serial, ds="\n".join(line.replace(" IN ", " 2 IN ") for line in ds))


class World:
    def __init__(self, parts):
        self.parts = parts
        self.parent = stack.Knot(parts, {"example": parent_zone(1)}, name="parent")
        self.etcd = stack.Etcd(parts)
        self.zone_file = parts.folder("zones") / "shop.example.zone"
        self.zone_file.write_text(SHOP)
        self.nodes = []
        for number in (1, 2, 3):
            self.add(f"edge{number}")

    def add(self, name):
        node = stack.Sealwire(
            self.parts, name=name, workers=1, ink_pairs=2048,
            parent=f'{{servers: ["127.0.0.1:{self.parent.port}"]}}',
            state=self.etcd.config(self.parts.folder(name), name), token_of=self.nodes[0] if self.nodes else None)
        self.nodes.append(node)
        return node

    def live(self):
        return [node for node in self.nodes if node.process.alive()]

    def listed(self, by=None):
        return {node["name"]: node for node in (by or self.live()[0]).ctl("node", "list", as_json=True)["nodes"]}

    def leader(self, by=None):
        names = [name for name, node in self.listed(by).items() if node["leader"]]
        by_name = {node.home.name: node for node in self.nodes}
        return by_name[names[0]] if names and by_name[names[0]].process.alive() else None


@pytest.fixture(scope="module")
def world(parts):
    return World(parts)


def status(node, zone):
    return node.ctl("dnssec", "status", zone, status=(0, 3), as_json=True)


def patch(node, zone, enabled):
    """The status and body of the answer to a toggle over HTTP."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{node.http}/v1/zones/{zone}/dnssec", method="PATCH", data=json.dumps({"enabled": enabled}).encode(),
        headers={"Authorization": "Bearer " + node.token_file.read_text().strip(), "Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        return refused.code, json.load(refused)


def forward_zone(world, name, node):
    """A zone that any of them can answer without a file of that name: shop.example's data behind NSD."""
    if not hasattr(world, "backend"):
        world.backend = stack.nsd(world.parts, {f"z{n}.test": SHOP.replace("shop.example", f"z{n}.test") for n in range(8)})
    node.ctl("zone", "add", name, "--forward", f"127.0.0.1:{world.backend}")


def test_nodes_see_each_other_and_one_leads(world):
    for node in world.nodes:
        stack.until(10, "all three are listed", lambda node=node: set(world.listed(node)) == {"edge1", "edge2", "edge3"})
    leaders = stack.until(10, "somebody leads", lambda: [n for n, seen in world.listed().items() if seen["leader"]])
    assert len(leaders) == 1
    for node in world.nodes:
        assert [n for n, seen in world.listed(node).items() if seen["leader"]] == leaders


def test_a_toggle_at_one_node_is_served_by_all_with_the_same_keys(world):
    first, second, third = world.nodes
    second.ctl("zone", "add", "shop.example", "--file", world.zone_file)
    for node in world.nodes:
        stack.until(10, "the zone is answered everywhere", lambda node=node: stack.answers(node.port, "shop.example"))
    assert patch(third, "shop.example", True)[0] == 200
    for node in world.nodes:
        stack.until(20, "it is signed everywhere", lambda node=node: node.is_signed("shop.example"))
        stack.until(20, "it is pending everywhere", lambda node=node: status(node, "shop.example")["status"] == "pending")
    keys = [sorted(node.dnskeys("shop.example")) for node in world.nodes]
    assert keys[0] == keys[1] == keys[2] and len(keys[0]) == 2
    stack.until(10, "all three serve them", lambda: status(first, "shop.example")["deployment"] == {"nodes": 3, "of": 3, "waiting_for": []})
    # One validator that asks all three believes every one of them.
    unbound = stack.Unbound(world.parts, {"shop.example": [n.port for n in world.nodes]}, first.ds("shop.example"), name="fleet")
    for number in range(30):
        reply = unbound.ask(f"n{number}.user.shop.example", "A")
        assert reply.flags & dns.flags.AD, reply


def test_a_tag_of_before_the_change_at_another_node_is_refused(world):
    first = world.nodes[0]
    request = urllib.request.Request(
        f"http://127.0.0.1:{first.http}/v1/zones/shop.example/dnssec", method="PATCH", data=b'{"enabled":true}',
        headers={"Authorization": "Bearer " + first.token_file.read_text().strip(), "Content-Type": "application/json",
                 "If-Match": '"1"'})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=10)
    assert refused.value.code == 412


def test_ds_is_not_shown_before_every_node_serves_the_keys(world):
    first = world.leader()
    held = next(node for node in world.nodes if node is not first)
    forward_zone(world, "z1.test", first)
    held.process.signal(stack.STOP)
    try:
        assert patch(first, "z1.test", True)[0] == 200
        stack.until(10, "the leader signs it", lambda: first.is_signed("z1.test"))
        seen = stack.until(10, "two of three serve it", lambda: (lambda s: s if s["deployment"]["nodes"] == 2 else None)(status(first, "z1.test")))
        assert seen["status"] == "deploying" and seen["ds"] == [] and seen["deployment"]["waiting_for"] == [held.home.name]
    finally:
        held.process.signal(stack.CONTINUE)
    stack.until(15, "all serve it", lambda: status(first, "z1.test")["status"] == "pending")
    assert status(first, "z1.test")["ds"]
    assert held.is_signed("z1.test")


def test_a_silent_node_is_waited_for_and_then_no_more(world):
    stack.until(15, "all are back", lambda: all(n["silent_since"] is None for n in world.listed().values()) and len(world.listed()) == 3)
    leader = world.leader()
    victim = next(node for node in world.nodes if node is not leader)
    forward_zone(world, "z2.test", leader)
    stack.until(20, "all know the zone", lambda: all(stack.answers(n.port, "z2.test") for n in world.nodes))
    victim.process.signal(signal.SIGKILL)  # its idle threads may take long to end: they are not waited for
    assert patch(leader, "z2.test", True)[0] == 200
    stack.until(10, "the leader signs it", lambda: leader.is_signed("z2.test"))
    assert status(leader, "z2.test")["status"] == "deploying"
    # A lease of 3 s and a silence of 15 s: then it is said that nobody waits any longer.
    stack.until(60, "the others go on", lambda: status(leader, "z2.test")["status"] == "pending")
    assert "node-not-waited-for" in leader.process.text() and "node-silent" in leader.process.text()
    victim.restart(kill=True)
    stack.until(20, "it serves what it missed", lambda: victim.is_signed("z2.test"))
    stack.until(20, "it is waited for again", lambda: len(world.listed(leader)) == 3)


def test_another_node_finishes_what_a_dead_leader_began(world):
    leader = stack.until(10, "somebody leads", world.leader)
    others = [node for node in world.nodes if node is not leader]
    forward_zone(world, "z3.test", others[0])
    stack.until(10, "the leader knows the zone", lambda: stack.answers(leader.port, "z3.test"))
    assert patch(others[0], "z3.test", True)[0] == 200
    leader.process.kill()
    for node in others:
        stack.until(60, "the others deploy it", lambda node=node: status(node, "z3.test")["status"] == "pending")
        assert node.is_signed("z3.test")
    assert world.leader(others[0]) in others
    leader.restart(kill=True)
    stack.until(10, "it follows", lambda: leader.is_signed("z3.test"))
    assert sorted(leader.dnskeys("z3.test")) == sorted(others[0].dnskeys("z3.test"))


def test_without_etcd_queries_go_on_and_changes_are_refused(world):
    first, second, third = world.nodes
    forward_zone(world, "z4.test", first)
    stack.until(10, "all know it", lambda: all(stack.answers(n.port, "z4.test") for n in world.nodes))
    unbound = stack.Unbound(world.parts, {"shop.example": [n.port for n in world.nodes]}, first.ds("shop.example"), name="without")
    world.etcd.process.kill()
    for node in world.nodes:
        code, problem = patch(node, "z4.test", True)
        assert code == 503 and problem["type"] == "urn:x-sealwire:problem:state-away", problem
    for number in range(20):
        assert unbound.ask(f"m{number}.user.shop.example", "A").flags & dns.flags.AD
    # A restart starts from what was last known.
    assert third.restart() == 0
    assert third.is_signed("shop.example") and "etcd-away" in third.process.text()
    assert patch(third, "z4.test", True)[0] == 503
    for number in range(20):
        assert unbound.ask(f"o{number}.user.shop.example", "A").flags & dns.flags.AD
    world.etcd.process.start()
    world.etcd.wait_up()
    stack.until(20, "changes are taken again", lambda: patch(second, "z4.test", True)[0] == 200)
    for node in world.nodes:
        stack.until(30, "and carried out", lambda node=node: status(node, "z4.test")["status"] == "pending")
        assert node.is_signed("z4.test")


def test_a_gap_by_compaction_is_read_anew(world):
    first = stack.until(10, "somebody leads", world.leader)
    other = next(node for node in world.nodes if node is not first)
    other.process.kill()
    forward_zone(world, "z5.test", first)
    first.ctl("zone", "rm", "z4.test", status=(1,))  # signed: stays
    forward_zone(world, "z6.test", first)
    first.ctl("zone", "rm", "z6.test")
    world.etcd.compact()
    other.restart(kill=True)
    names = {zone["name"] for zone in other.ctl("zone", "list", as_json=True)["zones"]}
    assert "z5.test" in names and "z6.test" not in names
    assert names == {zone["name"] for zone in first.ctl("zone", "list", as_json=True)["zones"]}
    stack.until(10, "it answers what is new", lambda: stack.answers(other.port, "z5.test"))
    assert other.is_signed("shop.example")


def test_what_is_removed_or_named_at_one_node_is_so_at_all(world):
    first, second, third = world.nodes
    second.ctl("zone", "rm", "z5.test")
    stack.until(10, "it is gone everywhere", lambda: all(
        stack.ask(n.port, "z5.test", "SOA").rcode() == dns.rcode.REFUSED for n in world.nodes))
    made = third.ctl("token", "add", "robot", "--scope", "read", as_json=True)
    request = urllib.request.Request(f"http://127.0.0.1:{first.http}/v1/zones", headers={"Authorization": "Bearer " + made["token"]})

    def admitted():
        try:
            return urllib.request.urlopen(request, timeout=5).status == 200
        except urllib.error.HTTPError:
            return False

    stack.until(10, "the token is known to the others", admitted)


def test_every_node_stops_cleanly(world):
    for node in world.nodes:
        assert node.process.stop() == 0, node.process.text()[-2000:]
