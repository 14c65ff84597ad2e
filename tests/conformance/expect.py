"""What is expected of a reply, and whether a reply is that.

Expectations are written with names relative to conf.example and take their data from zones.py, never from a server:

    reply(chain=["alias CNAME", "www A"])                 data at the end of a chain
    reply(chain=["any.wild A < *.wild"])                  made from a wildcard
    reply(chain=["dn DNAME", "x.dn CNAME = x.sub", "x.sub A"])   a CNAME synthesized from a DNAME
    reply(chain=["tonx CNAME"], end=nxdomain("missing"))  what the last name of the chain is
"""

import dataclasses

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype as rdt
import dns.rrset
import dns.zone

import proofs
import stack
import zones

NOT_APPLICABLE = "n/a"
COMPACT_OK = 0x4000
_ZONES = {dns.name.from_text(zone): dns.zone.from_text(zones.text(zone), origin=zone, relativize=False, check_origin=False)
          for zone in zones.ALL}
APEX, HOSTED = dns.name.from_text(zones.APEX), dns.name.from_text(zones.HOSTED)
_CUTS = {name for apex, zone in _ZONES.items() for name, node in zone.items()
         if name != apex and node.get_rdataset(dns.rdataclass.IN, rdt.NS)}


def absolute(label):
    return dns.name.from_text(label, APEX) if label != "@" else APEX


def zone_of(name):
    """The apex of our zone that `name` belongs to, or None."""
    found = [apex for apex in _ZONES if name.is_subdomain(apex)]
    return max(found, key=lambda apex: len(apex.labels)) if found else None


def held(name, rdtype):
    """The RRset of the zone files, or None."""
    apex = zone_of(name)
    return _ZONES[apex].get_rdataset(name, rdtype) if apex else None


def names_of_zone(apex):
    """Every name that a denial of this zone must leave alone: not those below its cuts."""
    for name in _ZONES[apex]:
        if not any(name.is_subdomain(cut) and name != cut for cut in _CUTS if zone_of(cut.parent()) == apex):
            yield name


@dataclasses.dataclass(frozen=True)
class End:
    kind: str          # data, nodata, nxdomain, cut, out, yxdomain
    label: str = ""


DATA, OUT, YXDOMAIN = End("data"), End("out"), End("yxdomain")


def nodata(label):
    return End("nodata", label)


def nxdomain(label):
    return End("nxdomain", label)


def cut(label):
    return End("cut", label)


@dataclasses.dataclass(frozen=True)
class Reply:
    chain: tuple = ()
    end: End = DATA


def reply(chain=(), end=DATA):
    return Reply(tuple(chain), end)


class Expected:
    """A Reply worked out: RRsets, and which of them are signed."""

    def __init__(self, what, hosted_is_signed):
        self.end = what.end
        self.rrsets, self.unsigned = [], set()
        for step in what.chain:
            words = step.split()
            owner, rdtype = absolute(words[0]), rdt.from_text(words[1])
            if words[2:3] == ["="]:      # RFC 6672 section 5.3.1: not signed
                self.unsigned.add((owner, rdtype))
                data = dns.rdata.from_text("IN", rdtype, absolute(words[3]).to_text())
                self.rrsets.append((owner, rdtype, {data}, None))
                continue
            rdataset = held(absolute(words[3]) if words[2:3] == ["<"] else owner, rdtype)
            self.rrsets.append((owner, rdtype, set(rdataset), rdataset.ttl))
            if zone_of(owner) == HOSTED and not hosted_is_signed:
                self.unsigned |= {(owner, rdtype), (HOSTED, rdt.NS)}    # NS that a server may add
        if self.end.kind == "cut":
            self.unsigned.add((absolute(self.end.label), rdt.NS))


def ask(server, name, rdtype, *, do=True, tcp=True, payload=1232, co=False, edns=True):
    query = dns.message.make_query(name, rdtype, use_edns=0 if edns else False, want_dnssec=do and edns, payload=payload)
    query.flags &= ~dns.flags.RD
    if co:
        query.ednsflags |= COMPACT_OK
    send = dns.query.tcp if tcp else dns.query.udp
    return send(query, "127.0.0.1", port=server.port, timeout=3)


def keys_of(server):
    """{zone: DNSKEY RRset} as the server itself gives them; asked once."""
    if not hasattr(server, "keys"):
        server.keys = {}
        for zone in server.zones:
            for rrset in ask(server, zone, "DNSKEY").answer:
                if rrset.rdtype == rdt.DNSKEY:
                    server.keys[rrset.name] = rrset
    return server.keys


def true_rcode(end):
    return {"nxdomain": dns.rcode.NXDOMAIN, "yxdomain": dns.rcode.YXDOMAIN}.get(end.kind, dns.rcode.NOERROR)


def check(server, name, rdtype, what):
    """Asks with DO over TCP, and without EDNS; the first fault in a few words, or None."""
    expected, rdtype = Expected(what, not server.is_ours), rdt.from_text(rdtype)
    signed = ask(server, name, rdtype)
    fault = _check_plain(signed, expected, rdtype) or _check_signed(server, signed, expected, rdtype)
    if fault:
        return fault
    plain = ask(server, name, rdtype, edns=False)
    if plain.rcode() != true_rcode(expected.end):
        return f"without DO: {dns.rcode.to_text(plain.rcode())}"
    if any(r.rdtype in (rdt.RRSIG, rdt.NSEC, rdt.NSEC3) for r in plain.answer + plain.authority) and \
            rdtype not in (rdt.RRSIG, rdt.NSEC):
        return "without DO: DNSSEC records (RFC 4035 section 3.2.1)"
    fault = _check_plain(plain, expected, rdtype)
    return fault and f"without DO: {fault}"


def _check_plain(got, expected, rdtype):
    end = expected.end
    if got.flags & dns.flags.TC:
        return "TC over TCP"
    if got.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN, dns.rcode.YXDOMAIN):
        return dns.rcode.to_text(got.rcode())
    authoritative = end.kind != "cut" or bool(expected.rrsets)
    if bool(got.flags & dns.flags.AA) != authoritative:
        return "AA missing" if authoritative else "AA in a referral"
    answer = [r for r in got.answer if r.rdtype != rdt.RRSIG]
    for owner, kind, data, ttl in expected.rrsets:
        found = next((r for r in answer if r.name == owner and r.rdtype == kind), None)
        if found is None:
            return f"no {owner.relativize(APEX)} {rdt.to_text(kind)}"
        if set(found) != data:
            return f"other data of {owner.relativize(APEX)} {rdt.to_text(kind)}"
        if ttl is not None and found.ttl != ttl:
            return f"TTL {found.ttl} of {owner.relativize(APEX)} {rdt.to_text(kind)}, in the zone {ttl}"
        answer.remove(found)
    if answer:
        return f"more than asked for: {answer[0].name.relativize(APEX)} {rdt.to_text(answer[0].rdtype)}"
    return _check_authority(got, end, rdtype)


def denying_apex(name, rdtype):
    """The zone that denies: for DS at a cut the parent's side (RFC 4035 section 3.1.4.1)."""
    return zone_of(name.parent() if rdtype == rdt.DS and name in _CUTS else name)


def _check_authority(got, end, rdtype):
    soa = next((r for r in got.authority if r.rdtype == rdt.SOA), None)
    if end.kind in ("nodata", "nxdomain"):
        if soa is None or soa.name != denying_apex(absolute(end.label), rdtype):
            return "no SOA (RFC 2308 section 3)"
        if soa.ttl > min(soa[0].minimum, 3600):
            return f"SOA TTL {soa.ttl} above MINIMUM (RFC 2308 section 3)"
    elif soa is not None:
        return "SOA beside an answer"
    if end.kind == "cut":
        at = absolute(end.label)
        ns = next((r for r in got.authority if r.rdtype == rdt.NS), None)
        if ns is None or ns.name != at or set(ns) != set(held(at, rdt.NS)):
            return "not the NS RRset of the cut"
        return _check_glue(got, at, ns)
    return None


def _check_glue(got, at, ns):
    """RFC 9471 section 3: all glue of in-domain servers, and nothing else that the zone would not say."""
    for server in (rdata.target for rdata in ns):
        for kind in (rdt.A, rdt.AAAA):
            wanted = held(server, kind)
            found = next((r for r in got.additional if r.name == server and r.rdtype == kind), None)
            if wanted and server.is_subdomain(at) and (found is None or set(found) != set(wanted)):
                return f"glue {server.relativize(APEX)} {rdt.to_text(kind)} missing (RFC 9471)"
            if found and (wanted is None or set(found) != set(wanted)):
                return f"glue {server.relativize(APEX)} that the zone does not have"
    return None


def _check_signed(server, got, expected, rdtype):
    """The proofs of a DO answer."""
    keys, end = keys_of(server), expected.end
    fault = proofs.signatures(got, keys, expected.unsigned)
    if fault:
        return fault
    fault = denies_nothing_held(got, server.unseen)
    if fault:
        return fault
    for owner, next_closer in proofs.wildcard_expanded(got):
        apex = zone_of(owner)
        if not any(proofs.covers(o, r.next, next_closer, apex) for o, r in proofs.nsec_records(got)) and \
                not proofs.Nsec3(got, apex).covering(next_closer):
            return f"no proof that {owner.relativize(APEX)} is not there itself (RFC 4035 section 5.3.4)"
    return _check_end(server, got, end, rdtype)


def _check_end(server, got, end, rdtype):
    if end.kind in ("data", "out", "yxdomain"):
        return None if got.rcode() == true_rcode(end) else dns.rcode.to_text(got.rcode())
    name = absolute(end.label)
    apex = denying_apex(name, rdtype)
    if end.kind == "cut":
        if held(name, rdt.DS):
            sent = next((r for r in got.authority if r.rdtype == rdt.DS), None)
            return None if sent and set(sent) == set(held(name, rdt.DS)) else "referral without DS (RFC 4035 section 3.1.4)"
        fault = proofs.no_data(got, name, rdt.DS, apex)
        if fault is None:
            at = next((r for o, r in proofs.nsec_records(got) if o == name), None)
            if at is not None and proofs.types_of(at) != {rdt.NS, rdt.NSEC, rdt.RRSIG}:
                return "the NSEC of an unsigned referral has other types than NS, RRSIG, NSEC"
        return fault
    fault = _nsec_ttl(got)
    if fault:
        return fault
    if end.kind == "nodata":
        if got.rcode() != dns.rcode.NOERROR:
            return dns.rcode.to_text(got.rcode())
        if rdtype == rdt.DS and name == apex:    # RFC 4035 section 3.1.4.1: only the child's side is here
            there = any(o == name for o, _ in proofs.nsec_records(got)) or proofs.Nsec3(got, apex).match(name)
            return None if there else "no NSEC at the apex"
        return proofs.no_data(got, name, rdtype, apex)
    return _check_no_name(server, got, name, apex)


def _check_no_name(server, got, name, apex):
    compact = proofs.no_name_compact(got, name)
    if server.denial == "compact":
        return compact or (None if got.rcode() == dns.rcode.NOERROR else "RCODE 3 beside compact denial without CO")
    if got.rcode() == dns.rcode.NXDOMAIN:
        fault = proofs.no_name(got, name, apex)
    else:
        fault = compact
    if fault == "NODATA of an existing name":
        return "NODATA without NXNAME for a name that is not there"
    return fault


def _nsec_ttl(got):
    """RFC 9077 section 3: the lesser of the SOA's TTL and its MINIMUM."""
    soas = [r for r in got.authority if r.rdtype == rdt.SOA]
    for rrset in got.authority:
        if rrset.rdtype in (rdt.NSEC, rdt.NSEC3) and soas and rrset.ttl != min(soas[0].ttl, soas[0][0].minimum):
            return f"TTL {rrset.ttl} of {rdt.to_text(rrset.rdtype)} (RFC 9077)"
    return None


def denies_nothing_held(got, unseen=frozenset()):
    """No NSEC of the reply covers a name that its zone has, nor leaves out a type that is there, but for types `unseen`."""
    signer = {r.name: r[0].signer for r in got.authority + got.answer if r.rdtype == rdt.RRSIG and r.covers == rdt.NSEC}
    for owner, rdata in proofs.nsec_records(got):
        apex = signer.get(owner, zone_of(owner))
        for name in names_of_zone(apex):
            if proofs.covers(owner, rdata.next, name, apex):
                return f"the NSEC of {owner.relativize(APEX)} denies {name.relativize(APEX)}"
        node = _ZONES[apex].get_node(owner) if owner in set(names_of_zone(apex)) else None
        kinds = {rdataset.rdtype for rdataset in node} if node else set()
        if owner in _CUTS and owner != apex:
            kinds &= {rdt.NS, rdt.DS}
        denied = kinds - proofs.types_of(rdata) - unseen
        if denied:
            return f"the NSEC of {owner.relativize(APEX)} denies {rdt.to_text(min(denied))}"
    return None
