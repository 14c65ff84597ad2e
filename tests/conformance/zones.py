"""The zones that every server of the matrix serves: each name in them is there for a case in cases.py."""

import dns.rdatatype
import dns.zone

APEX, OTHER, HOSTED = "conf.example", "other.example", "hosted.conf.example"

# Names at the limits of RFC 1035 section 2.3.4: conf.example. takes 14 of the 255 octets.
FULL = "f" * 63
LONGEST = f"{'a' * 63}.{'b' * 63}.{'c' * 63}.{'d' * 48}"       # 255 octets with the apex
LONG_254 = f"{'a' * 63}.{'b' * 63}.{'c' * 63}.{'e' * 47}"
LONG_DNAME_TARGET = f"{'t' * 63}.{'t' * 63}.{'t' * 63}.{'t' * 40}"

# {owner label: (type, data)}: one RRset of each type that DNS hosters are asked for.
TYPES = {
    "t-a": ("A", "192.0.2.1"),
    "t-aaaa": ("AAAA", "2001:db8::1"),
    "t-mx": ("MX", "10 t-a.conf.example."),
    "t-txt": ("TXT", '"one" "two; three" "\\"quoted\\""'),
    "_sip._tcp.t-srv": ("SRV", "1 2 5060 t-a.conf.example."),
    "t-caa": ("CAA", '128 issue "ca.example.net; policy=ev"'),
    "_443._tcp.t-tlsa": ("TLSA", "3 1 1 " + "0123456789abcdef" * 4),
    "t-sshfp": ("SSHFP", "4 2 " + "fedcba9876543210" * 4),
    "t-loc": ("LOC", "52 22 23.000 N 4 53 32.000 E -2.00m 1.00m 10000.00m 10.00m"),
    "t-naptr": ("NAPTR", '100 10 "S" "SIP+D2U" "" _sip._udp.conf.example.'),
    "_http._tcp.t-uri": ("URI", '10 1 "https://www.conf.example/path"'),
    "t-svcb": ("SVCB", "1 t-a.conf.example. alpn=h2,h3 port=8443"),
    "t-https": ("HTTPS", "1 . alpn=h2,h3 ipv4hint=192.0.2.1"),
    "t-ptr": ("PTR", "T-A.conf.example."),
    "t-hinfo": ("HINFO", '"PDP-11" "UNIX"'),
    "t-rp": ("RP", "Admin.conf.example. t-txt.conf.example."),
    "_smimecert.t-smimea": ("SMIMEA", "3 0 1 " + "00112233445566778899aabbccddeeff" * 2),
    "_openpgpkey.t-pgp": ("OPENPGPKEY", "mQENBFVHm5sBCAC7Bg=="),
    "t-cert": ("CERT", "1 12345 13 AQIDBAUGBwg="),
    "t-dname": ("DNAME", "sub.conf.example."),
    "t-cname": ("CNAME", "t-a.conf.example."),
    "t-unknown": ("TYPE65280", "\\# 4 0a000001"),
    "t-empty": ("TYPE65281", "\\# 0"),
}

_DATA = f"""
@          3600 SOA ns1 hostmaster 2026010101 7200 1800 1209600 300
@          3600 NS  ns1
@          3600 NS  ns2.other.example.
@          3600 MX  10 mail
@          3600 A   192.0.2.80
ns1        A 127.0.0.1
mail       A 192.0.2.25
www        A 192.0.2.80
www        A 192.0.2.81
www        AAAA 2001:db8::80
WwW-MiXeD  A 192.0.2.82
leaf.b.ent A 192.0.2.83
*.wild     A 192.0.2.84
*.wild     TXT "any"
host.wild  TXT "blocks the wildcard"
leaf.ent.wild TXT "makes ent.wild an empty non-terminal"
*.redir    CNAME www
*.redirnx  CNAME missing
*.ent2     AAAA 2001:db8::85
alias      CNAME www
chain1     CNAME chain2
chain2     CNAME chain3
chain3     CNAME www
toother    CNAME www.other.example.
out        CNAME www.elsewhere.test.
towild     CNAME any.wild
tonx       CNAME missing
toothernx  CNAME missing.other.example.
toent      CNAME b.ent
tocut      CNAME host.insecure
loop1      CNAME loop2
loop2      CNAME loop1
self       CNAME self
x.sub      A 192.0.2.86
y.sub      CNAME www
dn         DNAME sub
dn         TXT "beside the DNAME"
dn-other   DNAME other.example.
dn-out     DNAME elsewhere.test.
dn-nx      DNAME missing
dn-long    DNAME {LONG_DNAME_TARGET}
insecure   NS ns1.insecure
insecure   NS ns2.insecure
ns1.insecure A 192.0.2.53
ns1.insecure AAAA 2001:db8::53
ns2.insecure A 192.0.2.54
occluded.insecure TXT "below the cut: never an answer"
secure     NS ns1.secure
secure     DS 12345 13 2 {"9f86d081884c7d659a2feaa0c55ad015" * 2}
ns1.secure A 192.0.2.55
sibling    NS ns1.insecure
hosted     NS ns1
{FULL}     A 192.0.2.87
x.{FULL}   A 192.0.2.88
{LONGEST}  A 192.0.2.89
{LONG_254} A 192.0.2.90
ttl        120 A 192.0.2.91
zero       0 A 192.0.2.92
"""


def _large():
    """Sets that need TCP: 300 addresses, 16 kB and 60 kB of text."""
    yield from (f"many A 198.51.{100 + i // 250}.{i % 250}" for i in range(300))
    yield from (f'large TXT "{i:04d}{"x" * 196}"' for i in range(60))
    yield from (f'huge TXT "{i:04d}{"y" * 246}"' for i in range(230))


def text(apex=APEX):
    """A zone as a master file, names relative to the apex."""
    lines = [f"$ORIGIN {apex}.", "$TTL 300"]
    if apex == APEX:
        lines += _DATA.strip().splitlines()
        lines += [f"{label} {rdtype} {data}" for label, (rdtype, data) in TYPES.items()]
        lines += _large()
    elif apex == OTHER:
        lines += ["@ 3600 SOA ns2 hostmaster 7 7200 1800 1209600 300", "@ 3600 NS ns2", "ns2 A 127.0.0.1",
                  "www A 203.0.113.1", "back CNAME www.conf.example."]
    elif apex == HOSTED:
        lines += ["@ 3600 SOA ns1.conf.example. hostmaster 3 7200 1800 1209600 300", "@ 3600 NS ns1.conf.example.",
                  "www A 203.0.113.2"]
    return "\n".join(lines) + "\n"


def _generic(rdata):
    wire = rdata.to_wire()
    return f"TYPE{int(rdata.rdtype)} \\# {len(wire)} {wire.hex()}"


def plain(apex=APEX, generic=(), without=()):
    """The same with absolute names and one record a line, for readers that know less: records of the types `generic`
    in the form of RFC 3597, names that `without`
    lists, and those that have a type it lists, left out."""
    zone = dns.zone.from_text(text(apex), origin=apex, relativize=False, check_origin=False)
    left_out = {name for name, node in zone.items() for rds in node if dns.rdatatype.to_text(rds.rdtype) in without}
    left_out |= {name for name in zone if name.relativize(zone.origin).to_text() in without}
    lines = []
    for name, node in zone.items():
        if name in left_out:
            continue
        for rdataset in node:
            kind = dns.rdatatype.to_text(rdataset.rdtype)
            for rdata in rdataset:
                data = _generic(rdata) if kind in generic else f"{kind} {rdata.to_text()}"
                lines.append(f"{name} {rdataset.ttl} IN {data}")
    lines.sort(key=lambda line: " SOA " not in line)
    return "\n".join(lines) + "\n"


ALL = (APEX, OTHER, HOSTED)
