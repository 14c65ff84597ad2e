"""A backend that lies, signs itself, loops, cuts short or talks garbage: none of it leaves Sealwire signed.

No real server does these things, so a small one that does as the first label of the name says stands here in its place.
"""

import socketserver
import struct
import threading

import dns.dnssec
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype as rdt
import dns.rrset
import pytest

import stack

ZONE = "hostile.example"
SOA = f"{ZONE}. 300 IN SOA ns.{ZONE}. h.{ZONE}. 1 2 3 4 60"
RRSIG = "A 13 3 300 20361126112427 20261123102427 4711 hostile.example. " + "A" * 86 + "=="


def rrset(text):
    name, ttl, rdclass, rdtype, data = text.split(" ", 4)
    return dns.rrset.from_text(name, int(ttl), rdclass, rdtype, data)


def honest(query):
    reply = dns.message.make_response(query)
    reply.flags |= dns.flags.AA
    return reply


def with_records(query, answer=(), authority=(), additional=()):
    reply = honest(query)
    reply.answer += [rrset(text) for text in answer]
    reply.authority += [rrset(text) for text in authority]
    reply.additional += [rrset(text) for text in additional]
    return reply.to_wire()


def raw(query, records, counts=(1, 0, 0)):
    """A reply of which the records are octets."""
    head = struct.pack("!6H", query.id, 0x8400, 1, *counts)
    return head + query.question[0].name.to_wire() + struct.pack("!HH", query.question[0].rdtype, 1) + records


def a_record(owner, rdlength=4, data=b"\xc0\x00\x02\x01"):
    return owner + struct.pack("!HHIH", 1, 1, 60, rdlength) + data


class Script:
    """What the backend says: one method for each first label, `tcp` telling the transport."""

    def __init__(self, query, tcp):
        self.query, self.tcp, self.name = query, tcp, query.question[0].name.to_text()

    def say(self):
        label = self.query.question[0].name.labels[0].decode("ascii", "replace").lower().split("-")[0]
        return getattr(self, f"say_{label}", self.say_honest)()

    def _a(self):
        return f"{self.name} 60 IN A 192.0.2.1"

    def say_honest(self):
        if self.query.question[0].rdtype == rdt.A and self.name.lower() != f"{ZONE}.":
            return with_records(self.query, [self._a()])
        return with_records(self.query, authority=[SOA])

    def say_foreign(self):
        return with_records(self.query, [self._a(), "www.victim.example. 60 IN A 203.0.113.66"],
                            ["victim.example. 60 IN NS ns.evil.test."], ["ns.victim.example. 60 IN A 203.0.113.66"])

    def say_above(self):
        return with_records(self.query, [self._a()], ["example. 60 IN NS ns.evil.test.", ". 60 IN NS ns.evil.test."])

    def say_signs(self):
        return with_records(self.query, [self._a(), f"{self.name} 60 IN RRSIG {RRSIG}"],
                            [f"{self.name} 60 IN NSEC zzz.{ZONE}. A NSEC RRSIG"])

    def say_denies(self):
        """NODATA with an NSEC of its own, over half the zone."""
        return with_records(self.query, authority=[SOA, f"a.{ZONE}. 60 IN NSEC zzz.{ZONE}. A NSEC RRSIG"])

    def say_question(self):
        other = dns.message.make_query(f"other.{ZONE}", "A", id=self.query.id)
        return with_records(other, [f"other.{ZONE}. 60 IN A 203.0.113.66"])

    def say_type(self):
        other = dns.message.make_query(self.name, "AAAA", id=self.query.id)
        return with_records(other, [f"{self.name} 60 IN AAAA 2001:db8::66"])

    def say_id(self):
        other = dns.message.make_query(self.name, "A", id=self.query.id ^ 1)
        return with_records(other, [f"{self.name} 60 IN A 203.0.113.66"])

    def say_query(self):
        wire = bytearray(with_records(self.query, [self._a()]))
        wire[2] &= 0x7f                                        # QR clear
        return bytes(wire)

    def say_pointer(self):
        at = 12 + len(self.query.question[0].name.to_wire()) + 4
        return raw(self.query, a_record(struct.pack("!H", 0xc000 | at)))       # an owner that points at itself

    def say_forward(self):
        return raw(self.query, a_record(b"\xff\xff"))                        # one that points behind the message

    def say_counts(self):
        return raw(self.query, a_record(b"\xc0\x0c"), counts=(0xffff, 0xffff, 0xffff))

    def say_length(self):
        return raw(self.query, a_record(b"\xc0\x0c", rdlength=4000))

    def say_cut(self):
        return with_records(self.query, [self._a()])[:-3]

    def say_five(self):
        return raw(self.query, a_record(b"\xc0\x0c", 5, b"\xc0\x00\x02\x01\x09"))

    def say_garbage(self):
        return struct.pack("!H", self.query.id) + bytes(range(200))

    def say_empty(self):
        return b""

    def say_truncated(self):
        """TC for ever, over TCP too."""
        reply = honest(self.query)
        reply.flags |= dns.flags.TC
        return reply.to_wire()

    def say_large(self):
        return with_records(self.query, [self._a()]) if self.tcp else self.say_truncated()

    def say_chain(self):
        """Each alias leads to one that nobody has seen."""
        number = int(self.name.split(".")[0].split("-")[1]) + 1
        return with_records(self.query, [f"{self.name} 60 IN CNAME chain-{number}.{ZONE}."])

    def say_two(self):
        return with_records(self.query, [f"{self.name} 60 IN CNAME a.{ZONE}.", f"{self.name} 60 IN CNAME b.{ZONE}."])

    def say_class(self):
        return raw(self.query, b"\xc0\x0c" + struct.pack("!HHIH", 1, 3, 60, 4) + b"\xc0\x00\x02\x01")

    def say_ttl(self):
        return raw(self.query, b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 0xffffffff, 4) + b"\xc0\x00\x02\x01")

    def say_refused(self):
        reply = dns.message.make_response(self.query)
        reply.set_rcode(dns.rcode.REFUSED)
        return reply.to_wire()

    def say_cutabove(self):
        """A referral to a cut that is the zone itself, with glue of another's."""
        return with_records(self.query, authority=[f"{ZONE}. 60 IN NS ns.evil.test."], additional=["ns.evil.test. 60 IN A 203.0.113.66"])


class _Udp(socketserver.BaseRequestHandler):
    def handle(self):
        octets, sock = self.request
        said = Script(dns.message.from_wire(octets), tcp=False).say()
        sock.sendto(said, self.client_address)


class _Tcp(socketserver.BaseRequestHandler):
    def handle(self):
        stream = self.request.makefile("rb")
        while len(size := stream.read(2)) == 2:
            said = Script(dns.message.from_wire(stream.read(struct.unpack("!H", size)[0])), tcp=True).say()
            self.request.sendall(struct.pack("!H", len(said)) + said)


class Backend:
    def __init__(self):
        self.port = stack.free_port()
        self._servers = [socketserver.ThreadingUDPServer(("127.0.0.1", self.port), _Udp),
                         socketserver.ThreadingTCPServer(("127.0.0.1", self.port), _Tcp)]
        for server in self._servers:
            server.daemon_threads = True
            threading.Thread(target=server.serve_forever, daemon=True).start()

    def close(self):
        for server in self._servers:
            server.shutdown()
            server.server_close()


@pytest.fixture(scope="module")
def sealwire(parts):
    backend = Backend()
    made = stack.Sealwire(parts, workers=1)
    made.ctl("zone", "add", ZONE, "--forward", f"127.0.0.1:{backend.port}")
    made.toggle_on(ZONE)
    keys = stack.ask(made.port, ZONE, "DNSKEY", dnssec=True, tcp=True)
    made.keys = {r.name: r for r in keys.answer if r.rdtype == rdt.DNSKEY}
    yield made
    backend.close()


def get(sealwire, label, tcp=False):
    return stack.ask(sealwire.port, f"{label}.{ZONE}", "A", dnssec=True, tcp=tcp, timeout=15)


@pytest.fixture(autouse=True)
def believed_before(sealwire):
    """Whatever it said before, the backend is up and believed: a case says something of itself only."""
    stack.until(20, "the backend is asked again", lambda: get(sealwire, "honest").rcode() == dns.rcode.NOERROR)


def validated(sealwire, reply):
    """Every RRset is of our zone and holds; the owners and types that there are."""
    found = set()
    for section in (reply.answer, reply.authority):
        signatures = {(r.name, r.covers): r for r in section if r.rdtype == rdt.RRSIG}
        for data in section:
            if data.rdtype != rdt.RRSIG:
                assert data.name.is_subdomain(dns.name.from_text(ZONE)), data
                dns.dnssec.validate(data, signatures[data.name, data.rdtype], sealwire.keys)
                found.add((data.name.to_text().lower(), rdt.to_text(data.rdtype)))
    return found


@pytest.mark.parametrize("label", ["honest", "foreign", "above", "signs", "large", "ttl"])
def test_only_what_was_asked_of_our_zone_is_believed(sealwire, label):
    reply = get(sealwire, label)
    assert reply.rcode() == dns.rcode.NOERROR
    assert validated(sealwire, reply) == {(f"{label}.{ZONE}.", "A")}
    assert stack.rdata_of(reply, f"{label}.{ZONE}", "A") == {"192.0.2.1"}
    assert all(r.rdtype == rdt.OPT for r in reply.additional)


def test_rfc9824_section_3_2_a_backends_own_nsec_is_not_passed_on(sealwire):
    reply = get(sealwire, "denies")
    nsec = next(r for r in reply.authority if r.rdtype == rdt.NSEC)
    assert validated(sealwire, reply) == {(f"{ZONE}.", "SOA"), (f"denies.{ZONE}.", "NSEC")}
    assert nsec[0].next == dns.name.from_text(f"\\000.denies.{ZONE}")


@pytest.mark.parametrize("label", ["question", "type", "id", "query", "pointer", "forward", "counts", "length", "cut", "five", "garbage",
                                   "empty", "truncated", "two", "refused"])
def test_what_cannot_be_believed_is_servfail(sealwire, label):
    reply = get(sealwire, label)
    assert reply.rcode() == dns.rcode.SERVFAIL
    assert not reply.answer and not reply.authority
    assert {int(option.code) for option in reply.options if int(option.otype) == 15} <= {22, 23}


def test_a_record_of_another_class_is_no_answer(sealwire):
    reply = get(sealwire, "class")
    assert reply.rcode() == dns.rcode.SERVFAIL or not reply.answer and validated(sealwire, reply)


def test_an_endless_chain_ends(sealwire):
    reply = get(sealwire, "chain-1", tcp=True)
    aliases = [r for r in reply.answer if r.rdtype == rdt.CNAME]
    assert reply.rcode() == dns.rcode.NOERROR and 1 < len(aliases) <= 16
    validated(sealwire, reply)


def test_the_zone_is_not_delegated_away_by_its_backend(sealwire):
    reply = get(sealwire, "cutabove")
    assert not any(r.rdtype == rdt.NS for r in reply.authority)
    assert all(r.rdtype == rdt.OPT for r in reply.additional)


def test_a_question_that_is_never_answered_does_not_keep_the_backend_down(sealwire):
    """Whoever knows such a question may ask it again and again; others are answered soon after."""
    for number in range(6):
        get(sealwire, f"id-{number}")
    stack.until(5, "others are answered", lambda: get(sealwire, "honest").rcode() == dns.rcode.NOERROR)
    assert sealwire.process.alive()
