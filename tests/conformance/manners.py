"""Packets octet by octet: what RFC 8906 (and those it tests) expects of a server that is spoken to oddly."""

import socket
import struct

import dns.flags
import dns.message
import dns.opcode
import dns.rcode

NAME = b"\x04conf\x07example\x00"
SOA, A = 6, 1
DO, UNKNOWN_FLAGS = 0x8000, 0x3fff      # without DO and CO
CASES = []


def opt(version=0, flags=0, options=b"", size=1232, owner=b"\x00"):
    return owner + struct.pack("!HHBBHH", 41, size, 0, version, flags, len(options)) + options


def option(code, data=b""):
    return struct.pack("!HH", code, len(data)) + data


def packet(name=NAME, rdtype=SOA, rdclass=1, flags=0, opcode=0, qdcount=1, additional=(), question=None, trailing=b"", ident=0x5ea1):
    body = question if question is not None else name + struct.pack("!HH", rdtype, rdclass)
    return struct.pack("!6H", ident, flags | opcode << 11, qdcount, 0, 0, len(additional)) + body + b"".join(additional) + trailing


def exchange(server, octets, timeout=0.6):
    """The reply's octets, or None when there is silence."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.settimeout(timeout)
        udp.connect(("127.0.0.1", server.port))
        udp.send(octets)
        try:
            return udp.recv(65535)
        except (TimeoutError, socket.timeout, ConnectionError):
            return None


def exchange_tcp(server, octets):
    with socket.create_connection(("127.0.0.1", server.port), timeout=2) as tcp:
        tcp.sendall(octets)
        reply = b""
        while len(reply) < 2 or len(reply) < 2 + struct.unpack("!H", reply[:2])[0]:
            more = tcp.recv(65535)
            if not more:
                return None
            reply += more
        return reply[2:]


def case(title, rfc):
    def register(function):
        CASES.append((title, rfc, function))
        return function
    return register


def parsed(octets):
    return dns.message.from_wire(octets, ignore_trailing=False) if octets else None


def expect_rcode(octets, *allowed, silence=False):
    if octets is None:
        return None if silence else "silence"
    rcode = octets[3] & 15
    names = [dns.rcode.to_text(value) for value in allowed]
    return None if rcode in allowed else f"{dns.rcode.to_text(rcode)}, not {' or '.join(names)}"


def ordinary(octets, edns):
    """An ordinary SOA answer, with an OPT record exactly when the query had one."""
    got = parsed(octets)
    if got is None:
        return "silence"
    if got.rcode() != 0 or not got.flags & dns.flags.AA or not got.answer:
        return f"no ordinary answer ({dns.rcode.to_text(got.rcode())})"
    if got.edns >= 0 and not edns:
        return "OPT where none was sent"
    if got.edns < 0 and edns:
        return "no OPT"
    return None


@case("plain DNS", "8906 8.1.1")
def plain(server):
    return ordinary(exchange(server, packet()), edns=False)


@case("an unknown type is NODATA", "8906 8.1.2")
def unknown_type(server):
    octets = exchange(server, packet(rdtype=1000))
    return expect_rcode(octets, 0) or (None if parsed(octets).authority else "no SOA")


def _header_flag(title, rfc, flag, echoed):
    @case(title, rfc)
    def header_flag(server):
        octets = exchange(server, packet(flags=flag))
        fault = ordinary(octets, edns=False)
        if fault:
            return fault
        back = struct.unpack("!H", octets[2:4])[0] & flag
        return None if bool(back) == echoed else ("not echoed" if echoed else "echoed")


_header_flag("CD set", "8906 8.1.3.1", 0x0010, True)
_header_flag("AD set", "8906 8.1.3.2", 0x0020, False)
_header_flag("the reserved bit set", "8906 8.1.3.3", 0x0040, False)
_header_flag("RD set: RA stays clear", "8906 8.1.3.4", 0x0100, True)


def _opcode(value):
    @case(f"opcode {value} is NOTIMP", "8906 8.1.4")
    def unknown_opcode(server):
        octets = exchange(server, packet(opcode=value))
        fault = expect_rcode(octets, 4)
        return fault or (None if octets[2] >> 3 & 15 == value and octets[2] & 0x80 else "opcode or QR not right")


for _value in (1, 2, 3, 15):
    _opcode(_value)


@case("TCP, two queries in one segment", "7766 6.2.1.1")
def pipelined(server):
    one = packet(ident=1)
    two = packet(ident=2)
    with socket.create_connection(("127.0.0.1", server.port), timeout=2) as tcp:
        tcp.sendall(struct.pack("!H", len(one)) + one + struct.pack("!H", len(two)) + two)
        seen, octets = set(), b""
        while len(seen) < 2:
            more = tcp.recv(65535)
            if not more:
                return "closed before both were answered"
            octets += more
            while len(octets) >= 2 and len(octets) >= 2 + struct.unpack("!H", octets[:2])[0]:
                size = struct.unpack("!H", octets[:2])[0]
                seen.add(struct.unpack("!H", octets[2:4])[0])
                octets = octets[2 + size:]
    return None if seen == {1, 2} else f"ids {seen}"


@case("TCP, a query octet by octet", "7766 8")
def in_pieces(server):
    octets = packet()
    with socket.create_connection(("127.0.0.1", server.port), timeout=2) as tcp:
        tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for octet in struct.pack("!H", len(octets)) + octets:
            tcp.sendall(bytes([octet]))
        return None if len(tcp.recv(65535)) > 12 else "no answer"


def _edns(title, rfc, additional, check=None):
    @case(title, rfc)
    def edns(server):
        octets = exchange(server, packet(additional=additional))
        fault = ordinary(octets, edns=True)
        return fault or (check(parsed(octets)) if check else None)


_edns("EDNS version 0", "8906 8.2.1", [opt()], lambda got: None if got.edns == 0 else f"version {got.edns}")
_edns("EDNS: an unknown option is passed over", "8906 8.2.3", [opt(options=option(100))],
      lambda got: None if not any(int(o.otype) == 100 for o in got.options) else "echoed")
_edns("EDNS: unknown flags are passed over", "8906 8.2.4", [opt(flags=UNKNOWN_FLAGS)],
      lambda got: None if not got.ednsflags & UNKNOWN_FLAGS else "echoed")
_edns("EDNS: DO comes back", "3225 3", [opt(flags=DO)], lambda got: None if got.ednsflags & DO else "not echoed")
_edns("EDNS: many options", "8906 8.2.8",
      [opt(options=option(3) + option(10, b"8octets!") + option(8, b"\x00\x01\x18\x00\xc0\x00\x02") + option(9))])
_edns("EDNS: a size below 512 means 512", "6891 6.2.3", [opt(size=100)])
_edns("EDNS: the largest size", "6891 6.2.3", [opt(size=65535)])


def _badvers(title, rfc, additional):
    @case(title, rfc)
    def badvers(server):
        octets = exchange(server, packet(additional=additional))
        got = parsed(octets)
        if got is None:
            return "silence"
        if got.edns != 0:
            return "no OPT of version 0"
        if got.rcode() != dns.rcode.BADVERS:
            return dns.rcode.to_text(got.rcode())
        return "an answer beside BADVERS" if got.answer else None


_badvers("EDNS version 1 is BADVERS", "8906 8.2.2", [opt(version=1)])
_badvers("EDNS version 1 with unknown flags", "8906 8.2.5", [opt(version=1, flags=UNKNOWN_FLAGS)])
_badvers("EDNS version 1 with an unknown option", "8906 8.2.6", [opt(version=1, options=option(100))])
_badvers("EDNS version 255 with DO", "8906 8.2.7", [opt(version=255, flags=DO)])


def _rcode(title, rfc, octets, *allowed, silence=False):
    @case(title, rfc)
    def odd(server):
        return expect_rcode(exchange(server, octets), *allowed, silence=silence)


_rcode("two OPT records are FORMERR", "6891 6.1.1", packet(additional=[opt(), opt()]), 1)
_rcode("an OPT record with an owner is FORMERR", "6891 6.1.2", packet(additional=[opt(owner=NAME)]), 1)
_rcode("an option longer than its OPT is FORMERR", "6891 6.1.2", packet(additional=[opt(options=b"\x00\x0a\x00\x40ab")]), 1)
_rcode("class CH for our name is not answered", "8906 3.1.4", packet(rdclass=3), 5, 4)
_rcode("class 2000", "8906 3.1.4", packet(rdclass=2000), 5, 4, 1)
_rcode("a name that is not ours is REFUSED", "8906 3.1.1", packet(name=b"\x03www\x07nowhere\x04test\x00"), 5)
_rcode("the root is REFUSED", "8906 3.1.1", packet(name=b"\x00"), 5)
_rcode("two questions are FORMERR", "9619 4", packet(qdcount=2, question=(NAME + b"\x00\x06\x00\x01") * 2), 1)
_rcode("no question is FORMERR", "9619 4", packet(qdcount=0, question=b""), 1, 5)
_rcode("an OPT record as question is refused", "6891 6.1.1", packet(rdtype=41), 1, 4, 5)
_rcode("AXFR over UDP is refused", "5936 4.2", packet(rdtype=252), 1, 4, 5)
_rcode("a label type that is not there", "6891 5", packet(name=b"\x41\x04conf\x00"), 1, silence=True)
_rcode("a question that points at itself", "1035 4.1.4", packet(name=b"\xc0\x0c"), 1, silence=True)
_rcode("a question cut short", "1035 4.1.1", packet()[:20], 1, silence=True)
_rcode("a name without end", "1035 4.1.2", packet(question=b"\x3f" + b"x" * 20), 1, silence=True)
_rcode("a name of 256 octets", "1035 2.3.4", packet(name=(b"\x3f" + b"x" * 63) * 4 + b"\x00"), 1, silence=True)
_rcode("a record count that is not kept", "1035 4.1.1", packet()[:10] + b"\x00\x05" + packet()[12:], 1, silence=True)
_rcode("octets behind the message", "1035 4.1", packet(trailing=b"trailing"), 0, 1, silence=True)


@case("a cookie of wrong length is FORMERR, or cookies are unknown", "7873 5.2.2")
def short_cookie(server):
    good = parsed(exchange(server, packet(additional=[opt(options=option(10, b"8octets!"))])))
    knows_cookies = any(int(o.otype) == 10 for o in good.options)
    return expect_rcode(exchange(server, packet(additional=[opt(options=option(10, b"abc"))])), 1 if knows_cookies else 0)


def _silence(title, rfc, octets):
    @case(title, rfc)
    def silent(server):
        got = exchange(server, octets, timeout=0.25)
        return None if got is None else f"answered with {dns.rcode.to_text(got[3] & 15)}"


_silence("a response is not answered", "1035 7.3", packet(flags=0x8000))
_silence("a response with an odd opcode is not answered", "1035 7.3", packet(flags=0x8000, opcode=15))
_silence("eleven octets are not answered", "1035 4.1.1", packet()[:11])
_silence("one octet is not answered", "1035 4.1.1", b"\x5e")


@case("the answer fits 512 octets without EDNS, or is TC", "1035 4.2.1")
def fits(server):
    octets = exchange(server, packet(name=b"\x05large" + NAME, rdtype=16))
    return None if octets and len(octets) <= 512 and octets[2] & 2 else "no TC, or too long"
