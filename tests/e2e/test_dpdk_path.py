"""The DPDK path end to end: a namespace asks over a veth pair, sealwired answers from AF_XDP or AF_PACKET.

The fixtures make the namespace, the pair and, when none are free, do without hugepages; and remove all of it again.
"""

import contextlib
import ctypes
import os
import pathlib
import re
import socket
import subprocess
import time

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import pytest

import stack

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: namespaces, veth, XDP")

CLONE_NEWNET = 0x40000000
SERVER4, SERVER6, CLIENT4, CLIENT6 = "198.18.53.1", "fd53::1", "198.18.53.2", "fd53::2"
NAMES = [("shop.example", "SOA"), ("www.shop.example", "AAAA"), ("alias.shop.example", "A"), ("any.user.shop.example", "A"),
         ("www.shop.example", "TXT"), ("nowhere.shop.example", "A"), ("ent.shop.example", "A"), ("x.elsewhere.example", "A")]


def run(*words):
    subprocess.run([str(word) for word in words], check=True, capture_output=True, text=True)


class Wire:
    """A veth pair: `device` here, its other end in a namespace of its own."""

    def __init__(self):
        self.namespace, self.device, self.peer = f"sw{os.getpid()}", f"swd{os.getpid() % 100000}", "client0"
        run("ip", "netns", "add", self.namespace)
        run("ip", "link", "add", self.device, "type", "veth", "peer", "name", self.peer, "netns", self.namespace)
        run("ip", "addr", "add", f"{SERVER4}/24", "dev", self.device)
        run("ip", "addr", "add", f"{SERVER6}/64", "dev", self.device, "nodad")
        run("ip", "link", "set", self.device, "up")
        for words in (["addr", "add", f"{CLIENT4}/24", "dev", self.peer], ["addr", "add", f"{CLIENT6}/64", "dev", self.peer, "nodad"],
                      ["link", "set", self.peer, "up"], ["link", "set", "lo", "up"]):
            run("ip", "-n", self.namespace, *words)

    def remove(self):
        subprocess.run(["ip", "link", "del", self.device], capture_output=True)
        subprocess.run(["ip", "netns", "del", self.namespace], capture_output=True)

    @contextlib.contextmanager
    def entered(self):
        """Sockets made inside belong to the client's namespace."""
        libc = ctypes.CDLL(None, use_errno=True)
        with open("/proc/self/ns/net") as home, open(f"/run/netns/{self.namespace}") as there:
            assert libc.setns(there.fileno(), CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
            try:
                yield
            finally:
                assert libc.setns(home.fileno(), CLONE_NEWNET) == 0

    def ask(self, name, rdtype, *, server=SERVER4, tcp=False, dnssec=False, timeout=3):
        query = dns.message.make_query(name, rdtype, want_dnssec=dnssec, use_edns=True, payload=1232)
        query.flags &= ~dns.flags.RD
        with self.entered():
            send = dns.query.tcp if tcp else dns.query.udp
            return send(query, server, port=53, timeout=timeout)

    def command(self, *words, seconds=30):
        return subprocess.run(["ip", "netns", "exec", self.namespace, *map(str, words)], capture_output=True, text=True, timeout=seconds)


@pytest.fixture(scope="module")
def wire():
    made = Wire()
    yield made
    made.remove()


@pytest.fixture(scope="module", params=["af_packet", "af_xdp"])
def edge(request, wire, tmp_path_factory):
    """sealwired with a DPDK edge on the wire and, for TCP and for comparison, kernel sockets."""
    directory = tmp_path_factory.mktemp(request.param)
    directory.chmod(0o755)
    with stack.Parts(directory) as parts:
        # Hugepages for one if any are free, ordinary pages for the other: both ways are tried.
        memory = {"af_packet": "ordinary", "af_xdp": "auto"}[request.param]
        listen = [f'{{io: dpdk, device: "{request.param}:{wire.device}", addresses: ["{SERVER4}", "{SERVER6}"], poll: adaptive, memory: {memory}}}',
                  f'{{address: "{SERVER4}:53"}}', f'{{address: "[{SERVER6}]:53"}}']
        sealwire = stack.Sealwire(parts, listen=listen, workers=1)
        backend = stack.nsd(parts, {"shop.example": (stack.EXAMPLE / "shop.example.zone").read_text()})
        sealwire.ctl("zone", "add", "shop.example", "--forward", f"127.0.0.1:{backend}")
        sealwire.kind = request.param
        stack.until(10, "the edge serves the zone",
                    lambda: wire.ask("shop.example", "SOA", timeout=1).rcode() == dns.rcode.NOERROR)
        yield sealwire


def counter(sealwire, name):
    text = subprocess.run(["curl", "-sf", f"http://127.0.0.1:{sealwire.metrics}/metrics"], check=True, capture_output=True, text=True).stdout
    return sum(float(value) for value in re.findall(rf"^sealwire_dpdk_{name}\{{[^}}]*\}} (\S+)$", text, re.M))


def same(left, right):
    """Equal but for id, signatures and their times."""
    def parts(reply):
        return (reply.rcode(), reply.flags & ~dns.flags.AD,
                [sorted(rrset.to_text() for rrset in section if rrset.rdtype != dns.rdatatype.RRSIG)
                 for section in (reply.answer, reply.authority, reply.additional)])
    assert parts(left) == parts(right)


@pytest.mark.parametrize("server", [SERVER4, SERVER6])
@pytest.mark.parametrize("name, rdtype", NAMES)
def test_both_paths_answer_alike(edge, wire, server, name, rdtype):
    before = counter(edge, "queries_total")
    same(wire.ask(name, rdtype, server=server), stack.ask(edge.port, name, rdtype, options=[]))
    assert counter(edge, "queries_total") > before, "the kernel path answered"


def test_signed_answers_come_from_the_edge(edge, wire):
    edge.toggle_on("shop.example")
    reply = wire.ask("www.shop.example", "AAAA", dnssec=True)
    assert any(rrset.rdtype == dns.rdatatype.RRSIG for rrset in reply.answer), reply
    denial = wire.ask("unique-name.shop.example", "A", dnssec=True)
    assert any(rrset.rdtype == dns.rdatatype.NSEC for rrset in denial.authority), denial


def test_tcp_and_arp_stay_with_the_kernel(edge, wire):
    run("ip", "-n", wire.namespace, "neigh", "flush", "dev", wire.peer)
    for server in (SERVER4, SERVER6):
        assert wire.ask("www.shop.example", "AAAA", server=server, tcp=True).rcode() == dns.rcode.NOERROR


def test_fragmented_queries_are_sent_to_tcp(edge, wire):
    query = dns.message.make_query("www.shop.example", "AAAA", use_edns=True, payload=4096,
                                   options=[dns.edns.GenericOption(12, bytes(1800))])
    with wire.entered(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect((SERVER4, 53))
        client.settimeout(3)
        client.send(query.to_wire(max_size=65535))
        reply = dns.message.from_wire(client.recv(4096))
    assert reply.id == query.id and reply.question == query.question and reply.rcode() == dns.rcode.NOERROR
    if edge.kind == "af_xdp":
        assert reply.flags & dns.flags.TC and not reply.answer
    else:  # DPDK's driver has the kernel put fragments together before it sees them
        assert reply.answer and not reply.flags & dns.flags.TC


def test_other_ports_are_refused_by_the_kernel(edge, wire):
    with wire.entered(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(3)
        client.connect((SERVER4, 54))
        client.send(b"is anybody there")
        with pytest.raises(ConnectionRefusedError):
            client.recv(100)


def test_nobody_gets_two_answers(edge, wire):
    query = dns.message.make_query("www.shop.example", "AAAA")
    with wire.entered(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect((SERVER4, 53))
        client.settimeout(3)
        client.send(query.to_wire())
        client.recv(4096)
        client.settimeout(0.3)
        with pytest.raises(TimeoutError):
            client.recv(4096)


def test_load_is_answered_whole(edge, wire, tmp_path):
    queries = tmp_path / "queries"
    queries.write_text("".join(f"n{i % 100}.user.shop.example A\n" for i in range(4000)))
    # A fixed, modest rate: the test is about loss, not speed.
    done = wire.command("dnsperf", "-s", SERVER4, "-d", queries, "-Q", 1000, "-e", "-D", "-t", 3, "-n", 1)
    lost = re.search(r"Queries lost:\s+(\d+)", done.stdout)
    assert lost and int(lost.group(1)) == 0, done.stdout + done.stderr
    assert re.search(r"NOERROR 4000 ", done.stdout), done.stdout


def test_the_link_may_go_down_and_come_back(edge, wire):
    run("ip", "link", "set", wire.device, "down")
    stack.until(5, "the link is seen down", lambda: counter(edge, "link_up") == 0)
    run("ip", "link", "set", wire.device, "up")
    run("ip", "addr", "replace", f"{SERVER6}/64", "dev", wire.device, "nodad")
    stack.until(10, "answers come again", lambda: answered(wire))
    assert edge.process.alive()


def answered(wire, name="www.shop.example"):
    try:
        return wire.ask(name, "AAAA", timeout=1).rcode() == dns.rcode.NOERROR
    except (OSError, dns.exception.DNSException):
        return False


def test_a_killed_edge_leaves_the_wire_usable(edge, wire):
    edge.restart(kill=True)
    stack.until(10, "the next one answers", lambda: answered(wire))


def test_the_doctor_examines_the_edge(edge, wire):
    told = edge.ctl("doctor", "--dpdk", "--config", edge.config, status=(0, 1))
    assert f"{edge.kind}:{wire.device}" in told, told
    assert edge.ctl("doctor", status=(2,)) == "", "a zone or --dpdk is wanted"


def test_stages_and_driver_are_counted(edge, wire):
    wire.ask("www.shop.example", "AAAA")
    for stage in ("receive", "parse", "answer", "send"):
        assert counter(edge, f"{stage}_cycles_total") > 0, stage
    assert counter(edge, "port_statistic") > 0, "the driver's own statistics"


def test_an_idle_edge_sleeps(edge, wire):
    def cpu_seconds():
        fields = pathlib.Path(f"/proc/{edge.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    before = cpu_seconds()
    time.sleep(2)
    assert cpu_seconds() - before < 1.0, "more than half a CPU while nothing comes"


def test_it_stops_cleanly(edge, wire):
    assert edge.process.stop() == 0
    if edge.kind == "af_xdp":
        shown = subprocess.run(["ip", "link", "show", wire.device], capture_output=True, text=True).stdout
        assert "xdp" not in shown, shown
    edge.process.start()
    edge.wait_ready(len(re.findall(r"\bready\b", edge.process.text())))
