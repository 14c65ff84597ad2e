"""What a signed reply proves, judged by the RFCs alone: a second opinion that shares no code with Sealwire.

Signatures are checked by dnspython (RFC 4034), denials here: NSEC (RFC 4035 section 5.4), NSEC3 (RFC 5155 section 8), compact
denial (RFC 9824). Every function returns None when all is well, or a few words that say what is not.
"""

import base64
import time

import dns.dnssec
import dns.exception
import dns.name
import dns.rdatatype as rdt

NXNAME = 128
_NSEC3_ALPHABET = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789ABCDEFGHIJKLMNOPQRSTUV")


def types_of(rdata):
    """The types in the bitmap of an NSEC or NSEC3 record."""
    return {window * 256 + i * 8 + bit for window, bitmap in rdata.windows
            for i, octet in enumerate(bitmap) for bit in range(8) if octet & (0x80 >> bit)}


def nsec_records(reply):
    return [(rrset.name, rrset[0]) for rrset in reply.authority + reply.answer if rrset.rdtype == rdt.NSEC]


def canonical(name):
    """A sort key: the order of RFC 4034 section 6.1."""
    return [label.lower() for label in reversed(name.labels)]


def covers(owner, following, name, apex):
    """Whether the NSEC (owner, following) says that there is no `name` (RFC 4034 section 4.1.1)."""
    low, high, at = canonical(owner), canonical(following), canonical(name)
    if high <= low or following == apex:    # the last NSEC of the zone
        return at > low and name.is_subdomain(apex)
    return low < at < high


def signatures(reply, keys, unsigned=()):
    """Every RRset of answer and authority that is its zone's own is signed, and each signature holds.

    `keys` is {zone: DNSKEY RRset}. `unsigned` are (owner, type) that must not be signed: NS at a cut, the CNAME of a DNAME.
    """
    for section in (reply.answer, reply.authority):
        covered = {(r.name, r.covers): r for r in section if r.rdtype == rdt.RRSIG}
        for rrset in section:
            if rrset.rdtype == rdt.RRSIG:
                continue
            what = f"{rrset.name} {rdt.to_text(rrset.rdtype)}"
            rrsigs = covered.pop((rrset.name, rrset.rdtype), None)
            if (rrset.name, rrset.rdtype) in unsigned:
                if rrsigs:
                    return f"{what} is signed, but not ours to sign"
                continue
            if rrsigs is None:
                return f"{what} is not signed"
            fault = _check_rrsigs(rrset, rrsigs, keys)
            if fault:
                return f"{what}: {fault}"
        if covered:
            owner, kind = next(iter(covered))
            if (owner, kind) not in unsigned and reply.question[0].rdtype not in (rdt.RRSIG, rdt.ANY):
                return f"RRSIG without {owner} {rdt.to_text(kind)}"
    return None


def _check_rrsigs(rrset, rrsigs, keys):
    """RFC 4034 section 3.1 field by field, then the signature itself (RFC 4035 section 5.3)."""
    now = time.time()
    for rrsig in rrsigs:
        if not rrset.name.is_subdomain(rrsig.signer) or rrsig.signer not in keys:
            return f"signer {rrsig.signer}"
        if not rrsig.inception <= now <= rrsig.expiration:
            return "inception or expiration"
        if rrset.ttl > rrsig.original_ttl:
            return f"TTL {rrset.ttl} above the original TTL {rrsig.original_ttl}"
        owner_labels = len(rrset.name.labels) - 1 - (rrset.name.labels[0] == b"*")
        if rrsig.labels > owner_labels:
            return f"{rrsig.labels} labels"
        if rrsig.key_tag not in {dns.dnssec.key_id(key) for key in keys[rrsig.signer]}:
            return f"no key {rrsig.key_tag}"
        try:
            dns.dnssec.validate_rrsig(rrset, rrsig, keys)
        except dns.exception.DNSException as fault:
            return str(fault) or type(fault).__name__
    return None


def wildcard_expanded(reply):
    """Owners whose signature says that a wildcard was expanded (RFC 4035 section 5.3.4), with the next closer name."""
    for rrset in reply.answer:
        if rrset.rdtype == rdt.RRSIG and len(rrset.name.labels) - 1 > rrset[0].labels and rrset.name.labels[0] != b"*":
            yield rrset.name, rrset.name.split(rrset[0].labels + 2)[1]


class Nsec3:
    def __init__(self, reply, apex):
        self.apex = apex
        self.records = [(rrset.name.labels[0].upper(), rrset[0]) for rrset in reply.authority + reply.answer
                        if rrset.rdtype == rdt.NSEC3]

    def _hash(self, name, rdata):
        return dns.dnssec.nsec3_hash(name, rdata.salt or None, rdata.iterations, rdata.algorithm).encode().upper()

    def match(self, name):
        return next((rdata for label, rdata in self.records if self._hash(name, rdata) == label), None)

    def covering(self, name):
        for label, rdata in self.records:
            following = base64.b32encode(rdata.next).translate(_NSEC3_ALPHABET)
            at = self._hash(name, rdata)
            if label < at < following or (following <= label and (at > label or at < following)):
                return rdata
        return None

    def closest_encloser(self, name):
        """(closest encloser, next closer name), RFC 5155 section 8.3."""
        following = name
        while following != self.apex:
            above = following.parent()
            if self.match(above) and self.covering(following):
                return above, following
            following = above
        return None


def _deny_type_by(types, rdtype, compact_ok=True):
    if rdtype in types:
        return "bitmap claims the type asked for"
    if rdt.CNAME in types:
        return "bitmap claims CNAME"
    if NXNAME in types:
        return "bitmap says NXNAME of a name that exists"
    if rdtype != rdt.DS and rdt.NS in types and rdt.SOA not in types:
        return "bitmap of a zone cut"
    if rdtype == rdt.DS and rdt.SOA in types:
        return "bitmap of the child's side"
    return None


def no_data(reply, name, rdtype, apex):
    """RFC 4035 section 5.4 (with RFC 4592 wildcards), RFC 5155 sections 8.5 to 8.7, RFC 9824 section 3.2."""
    nsecs = nsec_records(reply)
    for owner, rdata in nsecs:
        if owner == name:
            return _deny_type_by(types_of(rdata), rdtype)
    for owner, rdata in nsecs:
        if covers(owner, rdata.next, name, apex):
            if rdata.next.is_subdomain(name):
                return None    # an empty non-terminal
            return next((_deny_type_by(types_of(wild), rdtype) for at, wild in nsecs
                         if at.is_wild() and name.is_subdomain(at.parent())), "no NSEC of a wildcard")
    proof = Nsec3(reply, apex)
    found = proof.match(name)
    if found:
        return _deny_type_by(types_of(found), rdtype)
    encloser = proof.closest_encloser(name)
    if encloser:
        wild = proof.match(dns.name.Name((b"*",) + encloser[0].labels))
        if wild:
            return _deny_type_by(types_of(wild), rdtype)
        if rdtype == rdt.DS and proof.covering(encloser[1]).flags & 1:
            return None        # opt-out (RFC 5155 section 8.6)
    return "no proof of NODATA"


def no_name(reply, name, apex):
    """None when NSEC or NSEC3 prove, classically, that neither `name` nor a wildcard for it exists."""
    nsecs = nsec_records(reply)
    for owner, rdata in nsecs:
        if covers(owner, rdata.next, name, apex) and not rdata.next.is_subdomain(name):
            encloser = max((_common(name, owner), _common(name, rdata.next)), key=lambda n: len(n.labels))
            wild = dns.name.Name((b"*",) + encloser.labels)
            if any(covers(o, r.next, wild, apex) for o, r in nsecs):
                return None
            return f"no NSEC covers {wild}"
    proof = Nsec3(reply, apex)
    encloser = proof.closest_encloser(name)
    if encloser:
        return None if proof.covering(dns.name.Name((b"*",) + encloser[0].labels)) else "no NSEC3 covers the wildcard"
    return "no proof of NXDOMAIN"


def no_name_compact(reply, name):
    """RFC 9824 section 3.1: one NSEC at the name, with the bitmap RRSIG NSEC NXNAME and nothing else."""
    for owner, rdata in nsec_records(reply):
        if owner == name:
            types = types_of(rdata)
            if types == {rdt.RRSIG, rdt.NSEC, NXNAME}:
                return None
            return "NODATA of an existing name" if NXNAME not in types else "NXNAME beside other types"
    return "no NSEC at the name"


def _common(a, b):
    relation, _, labels = a.fullcompare(b)
    return a.split(labels)[1]
