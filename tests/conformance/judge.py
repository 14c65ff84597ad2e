"""Whether a signed reply says what an unsigned server says, and proves it. Used with zones of generated.py."""

import dns.dnssec
import dns.flags
import dns.rcode
import dns.rdatatype as rdt

import proofs

MANY_ALIASES = 8      # Sealwire follows as many; a resolver asks on from there


def plain(reply):
    """The answer section without signatures: {(owner, type): (TTL, data)}."""
    return {(r.name, r.rdtype): (r.ttl, set(r)) for r in reply.answer if r.rdtype != rdt.RRSIG}


def aliases(reply):
    return [r for r in reply.answer if r.rdtype in (rdt.CNAME, rdt.DNAME)]


def end_of_chain(reply):
    """The last name of the chain of aliases in the answer section; None when it leads round."""
    name, seen = reply.question[0].name, set()
    if reply.question[0].rdtype == rdt.CNAME:
        return name
    while name not in seen:
        seen.add(name)
        alias = next((r for r in reply.answer if r.rdtype == rdt.CNAME and r.name == name), None)
        if alias is None:
            return name
        name = alias[0].target
    return None


class Judge:
    """Knows the zones, each zone's keys, and which of them deny otherwise than by compact denial: {apex: "white-lies" or "nsec3"}."""

    def __init__(self, zones, keys, asked_only=frozenset(), denial=None):
        self.zones = {zone.apex: zone for zone in zones.values()}
        self._keys, self._asked_only, self._denial = keys, asked_only, denial or {}

    def zone_of(self, name):
        """The zone that `name` belongs to, or None."""
        while name not in self.zones:
            if len(name.labels) <= 1:
                return None
            name = name.parent()
        return self.zones[name]

    def fault(self, signed, truth):
        """The first thing in which `signed` (DO set) departs from `truth`, or does not prove it; else None."""
        if len(aliases(truth)) >= MANY_ALIASES or end_of_chain(truth) is None:
            return proofs.signatures(signed, self._keys, self._unsigned(signed))
        last = self.zone_of(end_of_chain(truth))
        if signed.rcode() not in self._rcodes(truth, last):
            return f"{dns.rcode.to_text(signed.rcode())}, truly {dns.rcode.to_text(truth.rcode())}"
        if plain(signed) != plain(truth):
            return "another answer section"
        if (signed.flags ^ truth.flags) & dns.flags.AA:
            return "AA"
        return (proofs.signatures(signed, self._keys, self._unsigned(signed)) or self._denials(signed) or
                self._denials_by_hash(signed) or self._wildcards(signed) or self._end(signed, truth))

    def _rcodes(self, truth, zone):
        """Compact denial hides NXDOMAIN from those who set DO (RFC 9824 section 4); white lies fall back on it (decision 0101)."""
        denial = self._denial.get(zone.apex) if zone else None
        if truth.rcode() != dns.rcode.NXDOMAIN or denial == "nsec3":
            return {truth.rcode()}
        return {dns.rcode.NOERROR, dns.rcode.NXDOMAIN} if denial else {dns.rcode.NOERROR}

    def _unsigned(self, signed):
        """What must not be signed: CNAMEs that a DNAME of the answer makes, NS at cuts."""
        unsigned = {(r.name, rdt.NS) for r in signed.authority if r.rdtype == rdt.NS}
        for dname in (r for r in signed.answer if r.rdtype == rdt.DNAME):
            unsigned |= {(r.name, rdt.CNAME) for r in signed.answer
                         if r.rdtype == rdt.CNAME and r.name.is_subdomain(dname.name) and r.name != dname.name}
        return unsigned

    def _denials(self, signed):
        """No NSEC covers or denies what its zone has."""
        for owner, rdata in proofs.nsec_records(signed):
            zone = self.zone_of(owner)
            unseen = {rdt.DNAME} if zone.apex in self._asked_only else set()
            for name, kind in zone.rrsets:
                if zone.below_cut(name) and (name not in zone.cuts or kind not in (rdt.NS, rdt.DS)):
                    continue
                if proofs.covers(owner, rdata.next, name, zone.apex):
                    return f"the NSEC of {owner} (to {rdata.next}) denies {name}"
                if owner == name and kind not in proofs.types_of(rdata) and kind not in unseen:
                    return f"the NSEC of {owner} denies {rdt.to_text(kind)}"
        return None

    def _denials_by_hash(self, signed):
        """No NSEC3 covers or denies what its zone has, empty non-terminals too."""
        apexes = {self.zone_of(r.name).apex for r in signed.authority if r.rdtype == rdt.NSEC3}
        for zone in (self.zones[apex] for apex in apexes):
            proof = proofs.Nsec3(signed, zone.apex)
            unseen = {rdt.DNAME} if zone.apex in self._asked_only else set()
            for name, kinds in zone.existing().items():
                if proof.covering(name):
                    return f"an NSEC3 denies {name}"
                at = proof.match(name)
                denied = kinds - proofs.types_of(at) - unseen if at else set()
                if denied:
                    return f"the NSEC3 of {name} denies {rdt.to_text(min(denied))}"
        return None

    def _wildcards(self, signed):
        """RFC 4035 section 5.3.4: an answer made from a wildcard proves that nothing closer is there."""
        for owner, next_closer in proofs.wildcard_expanded(signed):
            apex = self.zone_of(owner).apex
            if not any(proofs.covers(o, r.next, next_closer, apex) for o, r in proofs.nsec_records(signed)) and \
                    not proofs.Nsec3(signed, apex).covering(next_closer):
                return f"no proof that {owner} is not there itself"
        return None

    def _end(self, signed, truth):
        name, rdtype = end_of_chain(signed), signed.question[0].rdtype
        zone = self.zone_of(name)
        ns = next((r for r in truth.authority if r.rdtype == rdt.NS), None)
        if zone is None or truth.rcode() == dns.rcode.YXDOMAIN or (name, rdtype) in plain(signed):
            return None
        if truth.rcode() == dns.rcode.NXDOMAIN:
            return proofs.no_name(signed, name, zone.apex) if signed.rcode() == truth.rcode() else proofs.no_name_compact(signed, name)
        if ns is not None and ns.name in zone.cuts:
            return self._referral(signed, ns, zone)
        if not any(r.rdtype == rdt.SOA and r.name == zone.apex for r in signed.authority):
            return "no SOA"
        if rdtype == rdt.DS and name == zone.apex:     # only the child's side is here (RFC 4035 section 3.1.4.1)
            there = any(owner == name for owner, _ in proofs.nsec_records(signed)) or proofs.Nsec3(signed, zone.apex).match(name)
            return None if there else "no NSEC at the apex"
        return proofs.no_data(signed, name, rdtype, zone.apex)

    def _referral(self, signed, ns, zone):
        ours = next((r for r in signed.authority if r.rdtype == rdt.NS), None)
        if ours is None or ours.name != ns.name or set(ours) != set(ns):
            return "another referral"
        if (ns.name, rdt.DS) in zone.rrsets:
            return None if any(r.rdtype == rdt.DS and r.name == ns.name for r in signed.authority) else "referral without DS"
        return proofs.no_data(signed, ns.name, rdt.DS, zone.apex)
