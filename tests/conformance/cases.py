"""The cases: what is asked, what is expected, and which section of which RFC says so.

Expectations come from the RFCs and zones.py. Where an RFC leaves a choice, the expectation takes every choice that is right.
"""

import dataclasses
import typing

import dns.flags
import dns.rcode
import dns.rdatatype as rdt

import expect
import manners
import proofs
import zones
from expect import OUT, YXDOMAIN, absolute, cut, nodata, nxdomain, reply


@dataclasses.dataclass(frozen=True)
class Case:
    group: str
    title: str
    rfc: str
    check: typing.Callable        # server -> None, or what is wrong in a few words
    needs: frozenset = frozenset()  # types, names, and octets of an answer that the server must be able to hold
    question: tuple = ()          # (name, type), for the validators; empty when there is none
    secure: bool = True           # whether a validator with the zone's keys must find it secure


CASES = []


def question(group, title, rfc, name, rdtype, what, needs=(), secure=True):
    qname = absolute(name)
    CASES.append(Case(group, title, rfc, lambda server: expect.check(server, qname, rdtype, what), frozenset(needs),
                      (qname, rdtype), secure))


def check(group, title, rfc, needs=()):
    """Registers a function of a server as a case."""
    def register(function):
        CASES.append(Case(group, title, rfc, function, frozenset(needs)))
        return function
    return register


def _types():
    for label, (rdtype, _) in zones.TYPES.items():
        rfc = {"DNAME": "6672 2.4", "TYPE65280": "3597 5", "TYPE65281": "3597 5", "SVCB": "9460 2", "HTTPS": "9460 2"}.get(rdtype, "1034 4.3.2")
        question("types", f"{rdtype}", rfc, label, rdtype, reply([f"{label} {rdtype}"]), needs={rdtype})
    question("types", "MX at the apex", "1034 4.3.2", "@", "MX", reply(["@ MX"]))
    question("types", "an RRset of one name with two types", "2181 5", "www", "AAAA", reply(["www AAAA"]))


def _denials():
    question("nodata", "a type that is not there", "9824 3.2", "www", "TXT", reply(end=nodata("www")))
    question("nodata", "a type that is not there, twice asked", "9824 3.2", "t-a", "AAAA", reply(end=nodata("t-a")))
    question("nodata", "an unknown type", "3597 2", "www", "TYPE65280", reply(end=nodata("www")))
    question("nodata", "a type above 256", "4034 4.1.2", "www", "TYPE65535", reply(end=nodata("www")))
    question("nodata", "at the apex", "9824 3.2", "@", "TXT", reply(end=nodata("@")))
    question("nodata", "DS at a name that is no cut", "4035 3.1.4.1", "www", "DS", reply(end=nodata("www")))
    question("nodata", "beside a DNAME", "6672 2.4", "dn", "A", reply(end=nodata("dn")), needs={"DNAME"})
    question("nodata", "empty non-terminal", "9824 3.2", "b.ent", "A", reply(end=nodata("b.ent")))
    question("nodata", "empty non-terminal, two above", "4592 2.2.2", "ent", "TXT", reply(end=nodata("ent")))
    question("nodata", "empty non-terminal above a wildcard", "4592 2.2.2", "ent2", "A", reply(end=nodata("ent2")))
    question("nxdomain", "no such name", "9824 3.1", "missing", "A", reply(end=nxdomain("missing")))
    question("nxdomain", "many labels", "9824 3.1", "a.b.c.d.e.f.missing", "MX", reply(end=nxdomain("a.b.c.d.e.f.missing")))
    question("nxdomain", "below a name with data", "8020 2", "below.www", "A", reply(end=nxdomain("below.www")))
    question("nxdomain", "below an empty non-terminal", "8020 2", "x.b.ent", "A", reply(end=nxdomain("x.b.ent")))
    question("nxdomain", "DS of a name that is not there", "4035 3.1.4.1", "missing", "DS", reply(end=nxdomain("missing")))
    question("nxdomain", "octets that no host name has", "2181 11", "\\000\\255\\@.x", "A", reply(end=nxdomain("\\000\\255\\@.x")))
    question("nxdomain", "the label \\000 below a name", "9824 3.1", "\\000.missing", "A", reply(end=nxdomain("\\000.missing")))
    question("nxdomain", "an asterisk that is not the first label", "4592 2.1.1", "x.*.missing", "A", reply(end=nxdomain("x.*.missing")))


def _wildcards():
    question("wildcard", "positive", "9824 3.3", "any.wild", "A", reply(["any.wild A < *.wild"]))
    question("wildcard", "two labels below", "4592 3.3.1", "a.b.wild", "TXT", reply(["a.b.wild TXT < *.wild"]))
    question("wildcard", "NODATA", "9824 3.3", "any.wild", "AAAA", reply(end=nodata("any.wild")))
    question("wildcard", "asked for itself", "4592 2.1.1", "*.wild", "A", reply(["*.wild A"]))
    question("wildcard", "asked for itself, NODATA", "4592 2.1.1", "*.wild", "MX", reply(end=nodata("*.wild")))
    question("wildcard", "blocked by a name: NODATA", "4592 2.2.1", "host.wild", "A", reply(end=nodata("host.wild")))
    question("wildcard", "blocked below a name: NXDOMAIN", "4592 2.2.1", "x.host.wild", "A", reply(end=nxdomain("x.host.wild")))
    question("wildcard", "blocked by an empty non-terminal", "4592 2.2.2", "ent.wild", "A", reply(end=nodata("ent.wild")))
    question("wildcard", "blocked below an empty non-terminal", "4592 2.2.2", "x.ent.wild", "A", reply(end=nxdomain("x.ent.wild")))
    question("wildcard", "below an asterisk", "4592 2.1.3", "x.*.wild", "A", reply(end=nxdomain("x.*.wild")))
    question("wildcard", "does not match its own parent", "4592 3.3.1", "wild", "A", reply(end=nodata("wild")))
    question("wildcard", "CNAME", "4592 3.3.3", "any.redir", "A", reply(["any.redir CNAME < *.redir", "www A"]))
    question("wildcard", "CNAME, then NXDOMAIN", "6604 3", "any.redirnx", "A",
             reply(["any.redirnx CNAME < *.redirnx"], nxdomain("missing")))


def _aliases():
    question("cname", "in the zone", "1034 4.3.2", "alias", "A", reply(["alias CNAME", "www A"]))
    question("cname", "asked for itself", "1034 3.6.2", "alias", "CNAME", reply(["alias CNAME"]))
    question("cname", "three in a row", "1034 4.3.2", "chain1", "AAAA",
             reply(["chain1 CNAME", "chain2 CNAME", "chain3 CNAME", "www AAAA"]))
    question("cname", "into another zone of ours", "1034 4.3.2", "toother", "A", reply(["toother CNAME", "www.other.example. A"]))
    question("cname", "from there back", "1034 4.3.2", "back.other.example.", "A", reply(["back.other.example. CNAME", "www A"]))
    question("cname", "out of all zones", "1034 4.3.2", "out", "A", reply(["out CNAME"], OUT), secure=False)
    question("cname", "to a wildcard", "4592 3.3.3", "towild", "A", reply(["towild CNAME", "any.wild A < *.wild"]))
    question("cname", "to a name that is not there", "6604 3", "tonx", "A", reply(["tonx CNAME"], nxdomain("missing")))
    question("cname", "to another zone's name that is not there", "6604 3", "toothernx", "A",
             reply(["toothernx CNAME"], nxdomain("missing.other.example.")))
    question("cname", "to NODATA", "2308 2.2", "alias", "TXT", reply(["alias CNAME"], nodata("www")))
    question("cname", "to an empty non-terminal", "4592 2.2.2", "toent", "A", reply(["toent CNAME"], nodata("b.ent")))
    question("cname", "to below a cut", "1034 4.3.2", "tocut", "A", reply(["tocut CNAME"], cut("insecure")), secure=False)
    question("dname", "data behind it", "6672 3.1", "x.dn", "A", reply(["dn DNAME", "x.dn CNAME = x.sub", "x.sub A"]), needs={"DNAME"})
    question("dname", "a CNAME behind it", "6672 3.1", "y.dn", "A",
             reply(["dn DNAME", "y.dn CNAME = y.sub", "y.sub CNAME", "www A"]), needs={"DNAME"})
    # Unbound 1.17 finds no answer to this secure, BIND's neither: it asks DS for the CNAME's owner and gets the DNAME.
    question("dname", "CNAME asked for", "6672 3.1", "x.dn", "CNAME", reply(["dn DNAME", "x.dn CNAME = x.sub"]), needs={"DNAME"},
             secure=False)
    question("dname", "asked for itself", "6672 3.2", "dn", "DNAME", reply(["dn DNAME"]), needs={"DNAME"})
    question("dname", "data beside it", "6672 2.4", "dn", "TXT", reply(["dn TXT"]), needs={"DNAME"})
    question("dname", "into another zone of ours", "6672 3.2", "www.dn-other", "A",
             reply(["dn-other DNAME", "www.dn-other CNAME = www.other.example.", "www.other.example. A"]), needs={"DNAME"})
    question("dname", "out of all zones", "6672 3.2", "x.dn-out", "A",
             reply(["dn-out DNAME", "x.dn-out CNAME = x.elsewhere.test."], OUT), needs={"DNAME"}, secure=False)
    question("dname", "to a name that is not there", "6604 3", "x.dn-nx", "A",
             reply(["dn-nx DNAME", "x.dn-nx CNAME = x.missing"], nxdomain("x.missing")), needs={"DNAME"})
    question("dname", "target too long: YXDOMAIN", "6672 2.2", f"{'l' * 50}.dn-long", "A", reply(["dn-long DNAME"], YXDOMAIN),
             needs={"DNAME"}, secure=False)


def _cuts():
    for group_name, label in (("below it", "host.insecure"), ("at it", "insecure"), ("at its glue", "ns1.insecure"),
                              ("at occluded data", "occluded.insecure")):
        question("delegation", f"unsigned: {group_name}", "9824 3.4", label, "A", reply(end=cut("insecure")), secure=False)
    question("delegation", "unsigned: TXT at occluded data", "2181 6.1", "occluded.insecure", "TXT", reply(end=cut("insecure")), secure=False)
    question("delegation", "unsigned: NS asked for", "1034 4.3.2", "insecure", "NS", reply(end=cut("insecure")), secure=False)
    question("delegation", "unsigned: DS", "4035 3.1.4.1", "insecure", "DS", reply(end=nodata("insecure")))
    question("delegation", "unsigned: DS below it", "4035 3.1.4.1", "host.insecure", "DS", reply(end=cut("insecure")), secure=False)
    question("delegation", "signed: below it", "4035 3.1.4", "a.b.secure", "AAAA", reply(end=cut("secure")), {"DS"}, secure=False)
    question("delegation", "signed: at it", "4035 3.1.4", "secure", "A", reply(end=cut("secure")), {"DS"}, secure=False)
    question("delegation", "signed: DNSKEY asked for", "4035 3.1.4", "secure", "DNSKEY", reply(end=cut("secure")), {"DS"}, secure=False)
    question("delegation", "signed: DS", "4035 3.1.4.1", "secure", "DS", reply(["secure DS"]), needs={"DS"})
    question("delegation", "sibling glue", "9471 2.2", "x.sibling", "A", reply(end=cut("sibling")), secure=False)
    question("delegation", "child served here: its data", "1034 4.3.2", "www.hosted", "A", reply(["www.hosted A"]), {"hosted"}, secure=False)
    question("delegation", "child served here: its apex", "1034 4.3.2", "hosted", "SOA", reply(["hosted SOA"]), {"hosted"}, secure=False)
    question("delegation", "child served here: DS from the parent's side", "4035 3.1.4.1", "hosted", "DS",
             reply(end=nodata("hosted")), {"hosted"})


def _apex():
    question("apex", "SOA", "1034 4.3.2", "@", "SOA", reply(["@ SOA"]), {"SOA TTL", "serial"})
    question("apex", "NS", "1034 4.3.2", "@", "NS", reply(["@ NS"]))
    question("apex", "A", "1034 4.3.2", "@", "A", reply(["@ A"]))
    question("apex", "DS of a zone whose parent is elsewhere", "4035 3.1.4.1", "@", "DS", reply(end=nodata("@")), secure=False)

    @check("apex", "DNSKEY", "4035 2.1")
    def dnskey(server):
        got = expect.ask(server, zones.APEX, "DNSKEY")
        keys = next((r for r in got.answer if r.rdtype == rdt.DNSKEY), None)
        if keys is None or not any(key.flags == 257 for key in keys):
            return "no key with SEP"
        if any(key.protocol != 3 or not key.flags & 0x100 for key in keys):
            return "flags or protocol of a key"
        return proofs.signatures(got, expect.keys_of(server))

    @check("apex", "CDS and CDNSKEY speak of keys that are there, or are denied", "7344 4")
    def cds(server):
        for kind in (rdt.CDS, rdt.CDNSKEY):
            got = expect.ask(server, zones.APEX, kind)
            fault = proofs.signatures(got, expect.keys_of(server))
            if fault:
                return fault
            if not got.answer:
                fault = proofs.no_data(got, expect.APEX, kind, expect.APEX)
                if fault:
                    return fault
        return None


def _special():
    @check("any", "one RRset, or HINFO", "8482 4")
    def any_positive(server):
        got = expect.ask(server, absolute("www"), rdt.ANY)
        data = [r for r in got.answer if r.rdtype not in (rdt.RRSIG, rdt.NSEC)]
        if not data:
            return "nothing"
        for rrset in data:
            whole = expect.held(rrset.name, rrset.rdtype)
            if rrset.rdtype != rdt.HINFO and (whole is None or set(whole) != set(rrset)):
                return f"{rdt.to_text(rrset.rdtype)} is not what the zone has"
        return proofs.signatures(got, expect.keys_of(server))

    question("any", "of a name that is not there", "8482 4", "missing", "ANY", reply(end=nxdomain("missing")))
    @check("any", "of an empty non-terminal: NODATA, or HINFO", "8482 4.2")
    def any_empty(server):
        got = expect.ask(server, absolute("b.ent"), rdt.ANY)
        if any(r.rdtype == rdt.HINFO and r[0].cpu == b"RFC8482" for r in got.answer):
            return proofs.signatures(got, expect.keys_of(server))
        return expect.check(server, absolute("b.ent"), "ANY", reply(end=nodata("b.ent")))

    @check("any", "a small reply over UDP", "8482 1", {"huge"})
    def any_small(server):
        got = expect.ask(server, absolute("huge"), rdt.ANY, tcp=False)
        return None if len(got.to_wire()) <= 1232 else f"{len(got.to_wire())} octets"

    @check("any", "RRSIG asked for: valid, and no denial", "8482 7")
    def rrsig(server):
        got = expect.ask(server, absolute("www"), rdt.RRSIG)
        if got.rcode() != dns.rcode.NOERROR or not any(r.rdtype == rdt.RRSIG for r in got.answer):
            return f"no RRSIG ({dns.rcode.to_text(got.rcode())})"
        signers = {rdata.signer for r in got.answer if r.rdtype == rdt.RRSIG for rdata in r}
        return None if signers == {expect.APEX} else f"signer {signers}"

    @check("any", "NSEC asked for: there, signed, and claiming what is there", "4035 2.3", {"compact"})
    def nsec(server):
        got = expect.ask(server, absolute("www"), rdt.NSEC)
        if not any(r.rdtype == rdt.NSEC for r in got.answer):
            return "the server's NSEC is denied by itself"
        fault = proofs.signatures(got, expect.keys_of(server))
        return fault or expect.denies_nothing_held(got, server.unseen)

    @check("any", "NXNAME asked for: FORMERR with EDE 30", "9824 3.5", {"online"})
    def nxname(server):
        got = expect.ask(server, absolute("www"), "TYPE128")
        if got.rcode() != dns.rcode.FORMERR:
            return dns.rcode.to_text(got.rcode())
        codes = [option.code for option in got.options if int(option.otype) == 15]
        return None if codes == [30] else "no EDE 30"

    @check("nxdomain", "CO: RCODE 3 and the flag echoed", "9824 5.1", {"compact"})
    def compact_ok(server):
        got = expect.ask(server, absolute("missing"), "A", co=True)
        if got.rcode() != dns.rcode.NXDOMAIN:
            return dns.rcode.to_text(got.rcode())
        return None if got.ednsflags & expect.COMPACT_OK else "CO not echoed"

    @check("nxdomain", "DO clear but EDNS there: RCODE 3, no NSEC", "9824 4")
    def without_do(server):
        got = expect.ask(server, absolute("missing"), "A", do=False)
        if got.rcode() != dns.rcode.NXDOMAIN:
            return dns.rcode.to_text(got.rcode())
        return None if {r.rdtype for r in got.authority} == {rdt.SOA} else "more than a SOA"

    for label in ("loop1", "self"):
        @check("cname", f"in a circle ({label})", "1034 3.6.2", {label})
        def circle(server, label=label):
            got = expect.ask(server, absolute(label), "A")
            if got.rcode() != dns.rcode.NOERROR:
                return dns.rcode.to_text(got.rcode())
            aliases = [r for r in got.answer if r.rdtype == rdt.CNAME]
            if not aliases or aliases[0].name != absolute(label):
                return "no CNAME"
            if len(aliases) != len({r.name for r in aliases}):
                return "a CNAME twice"
            return proofs.signatures(got, expect.keys_of(server))


def _case_and_length():
    question("0x20", "data", "4343 4.1", "wWw.CoNf.ExAmPlE.", "A", reply(["www A"]))
    question("0x20", "an owner with capitals in the zone", "4343 4.1", "www-mixed", "A", reply(["www-mixed A"]))
    question("0x20", "wildcard", "4343 4.1", "AnY.wIlD", "A", reply(["AnY.wIlD A < *.wild"]))
    question("0x20", "DNAME", "6672 2.2", "X.dN", "A", reply(["dn DNAME", "x.dn CNAME = x.sub", "x.sub A"]), needs={"DNAME"})
    question("0x20", "no such name", "4343 4.1", "MiSsInG", "A", reply(end=nxdomain("missing")))
    question("0x20", "no such type", "4343 4.1", "T-a", "MX", reply(end=nodata("t-a")))

    @check("0x20", "the question comes back octet for octet", "draft-vixie-dnsext-dns0x20")
    def echoed(server):
        sent = manners.packet(name=b"\x03wWw\x04cOnF\x07eXaMpLe\x00")
        got = manners.exchange(server, sent)
        return None if got and got[12:12 + 22] == sent[12:12 + 22] else "changed"

    full, longest, longest2 = zones.FULL, zones.LONGEST, zones.LONG_254
    question("long names", "a label of 63 octets", "1035 2.3.4", full, "A", reply([f"{full} A"]))
    question("long names", "the same, NODATA", "9824 3.2", full, "MX", reply(end=nodata(full)))
    question("long names", "255 octets", "1035 2.3.4", longest, "A", reply([f"{longest} A"]))
    question("long names", "255 octets, NODATA", "9824 3.2", longest, "TXT", reply(end=nodata(longest)))
    question("long names", "254 octets, NODATA", "9824 3.2", longest2, "TXT", reply(end=nodata(longest2)))
    before = "a" * 62 + "`" + longest[63:]
    question("long names", "255 octets, just before a name that is there", "9824 3.1", before, "A", reply(end=nxdomain(before)))
    after = "a" * 62 + "b" + longest[63:]
    question("long names", "255 octets, just after it", "9824 3.1", after, "A", reply(end=nxdomain(after)))
    last = ".".join(["\\255" * 63] * 3 + ["\\255" * 48])
    question("long names", "the last name there can be", "4471 3.1.2", last, "A", reply(end=nxdomain(last)))
    for octets in (253, 254):
        name = ".".join(["z" * 63] * 3 + ["z" * (octets - 207)])
        question("long names", f"{octets} octets, no such name", "9824 3.1", name, "A", reply(end=nxdomain(name)))


def _large():
    for label, kind in (("many", "A"), ("large", "TXT"), ("huge", "TXT")):
        octets = {"many": 5000, "large": 13000, "huge": 61000}[label]
        question("large", f"{label}: whole over TCP", "7766 8", label, kind, reply([f"{label} {kind}"]), {octets, label}, secure=label != "huge")

        @check("large", f"{label}: TC over UDP within 1232 and 512 octets", "2181 9", {octets, label})
        def truncated(server, label=label, kind=kind):
            for edns, limit in ((True, 1232), (False, 512)):
                got = expect.ask(server, absolute(label), kind, tcp=False, edns=edns)
                if not got.flags & dns.flags.TC:
                    return f"no TC at {limit}"
                if len(got.to_wire()) > limit:
                    return f"{len(got.to_wire())} octets"
            return None
    question("ttl", "of 120", "1035 3.2.1", "ttl", "A", reply(["ttl A"]))
    question("ttl", "of zero", "1035 3.2.1", "zero", "A", reply(["zero A"]), {"ttl 0"})


for _group in (_types, _denials, _wildcards, _aliases, _cuts, _apex, _special, _case_and_length, _large):
    _group()
for _title, _rfc, _function in manners.CASES:
    CASES.append(Case("manners", _title, _rfc, _function))
