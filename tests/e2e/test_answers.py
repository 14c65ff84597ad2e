"""Every kind of answer: equal to the backend's unsigned one, and secure for independent validators."""

import subprocess

import dns.dnssec
import dns.flags
import dns.rcode
import dns.rdatatype
import pytest

import stack

SHOP = (stack.EXAMPLE / "shop.example.zone").read_text()

# (name, type, kind): what the file zone holds. Wildcards, aliases, empty non-terminals, a delegation.
FILE_CASES = [
    ("shop.example", "A", "positive"),
    ("shop.example", "MX", "positive"),
    ("shop.example", "CAA", "positive"),
    ("shop.example", "SOA", "positive"),
    ("shop.example", "NS", "positive"),
    ("www.shop.example", "AAAA", "positive"),
    ("www.shop.example", "HTTPS", "positive"),
    ("WwW.ShOp.ExAmPlE", "A", "positive"),
    ("_443._tcp.www.shop.example", "TLSA", "positive"),
    ("alias.shop.example", "A", "alias"),
    ("any.user.shop.example", "A", "wildcard"),
    ("a.b.c.user.shop.example", "TXT", "wildcard"),
    ("any.redir.shop.example", "A", "wildcard alias"),
    ("x.old.shop.example", "TYPE65280", "dname, no data"),
    ("www.shop.example", "TXT", "no data"),
    ("any.user.shop.example", "AAAA", "wildcard no data"),
    ("ent.shop.example", "A", "empty non-terminal"),
    ("b.ent.shop.example", "A", "empty non-terminal"),
    ("nowhere.shop.example", "A", "no such name"),
    ("a.b.c.nowhere.shop.example", "MX", "no such name"),
    ("alias.shop.example", "MX", "alias, no data"),
]
FORWARD_CASES = [
    ("cdn.example", "SOA", "positive"),
    ("cdn.example", "MX", "positive"),
    ("mail.cdn.example", "AAAA", "positive"),
    ("_sip._tcp.cdn.example", "SRV", "positive"),
    ("both.cdn.example", "A", "positive"),
    ("both.cdn.example", "AAAA", "positive"),
    ("x.wild.cdn.example", "A", "wildcard"),
    ("mail.cdn.example", "TXT", "no data"),
    ("ent.tree.cdn.example", "A", "empty non-terminal"),
    ("nowhere.cdn.example", "A", "no such name"),
]


class World:
    def __init__(self, parts):
        self.gdnsd = stack.gdnsd(parts)
        self.nsd = stack.nsd(parts, {"shop.example": SHOP})
        self.sealwire = stack.Sealwire(parts)
        zone_file = self.sealwire.home / "shop.example.zone"
        zone_file.write_text(SHOP)
        self.sealwire.ctl("zone", "add", "shop.example", "--file", zone_file)
        self.sealwire.ctl("zone", "add", "cdn.example", "--forward", f"127.0.0.1:{self.gdnsd}")
        self.before = {zone: stack.ask(self.sealwire.port, f"www.{zone}", "A", dnssec=True) for zone in ("shop.example", "cdn.example")}
        for zone in ("shop.example", "cdn.example"):
            self.sealwire.toggle_on(zone)
        self.anchors = {zone: self.sealwire.ds(zone) for zone in ("shop.example", "cdn.example")}
        self.unbound = stack.Unbound(
            parts, {zone: self.sealwire.port for zone in self.anchors}, sum(self.anchors.values(), [])
        )


@pytest.fixture(scope="module")
def world(parts):
    return World(parts)


def zone_of(name):
    return ".".join(name.lower().split(".")[-2:])


def backend_of(world, name):
    return world.nsd if zone_of(name) == "shop.example" else world.gdnsd


def plain(reply):
    """The answer section without signatures: {(owner, type, data)}; the CNAME of a DNAME included."""
    return {
        (rrset.name.to_text().lower(), dns.rdatatype.to_text(rrset.rdtype), rdata.to_text())
        for rrset in reply.answer if rrset.rdtype != dns.rdatatype.RRSIG for rdata in rrset
    }


@pytest.mark.parametrize("name,rdtype,kind", FILE_CASES + FORWARD_CASES)
def test_answer_section_equals_the_backends(world, name, rdtype, kind):
    from_backend = stack.ask(backend_of(world, name), name, rdtype)
    for dnssec in (False, True):
        for tcp in (False, True):
            reply = stack.ask(world.sealwire.port, name, rdtype, dnssec=dnssec, tcp=tcp)
            assert plain(reply) == plain(from_backend), kind
            assert reply.flags & dns.flags.AA
            signed = any(rrset.rdtype == dns.rdatatype.RRSIG for rrset in reply.answer + reply.authority)
            assert signed == dnssec
    # Without DO the RCODE is the backend's own (RFC 9824 section 5).
    assert stack.ask(world.sealwire.port, name, rdtype).rcode() == from_backend.rcode()


@pytest.mark.parametrize("name,rdtype,kind", FILE_CASES + FORWARD_CASES)
def test_unbound_finds_it_secure(world, name, rdtype, kind):
    reply = world.unbound.ask(name, rdtype)
    assert reply.rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN), f"{kind}: {reply}\n{world.unbound.process.text()[-3000:]}"
    assert reply.flags & dns.flags.AD, f"{kind}: {reply}\n{world.unbound.process.text()[-3000:]}"


@pytest.mark.parametrize("name,rdtype,kind", FILE_CASES + FORWARD_CASES)
def test_delv_fully_validates(world, name, rdtype, kind):
    zone = zone_of(name)
    said = stack.delv(world.sealwire.port, zone, world.anchors[zone], name, rdtype)
    assert "fully validated" in said, f"{kind}: {said}"
    assert "unsigned answer" not in said


@pytest.mark.parametrize("name,rdtype", [("www.shop.example", "A"), ("any.user.shop.example", "A"), ("mail.cdn.example", "A"),
                                         ("shop.example", "DNSKEY"), ("cdn.example", "DNSKEY")])
def test_ldns_verifies_the_signatures(world, name, rdtype, tmp_path):
    zone = zone_of(name)
    keys = stack.ask(world.sealwire.port, zone, "DNSKEY", dnssec=True, tcp=True)
    anchor = tmp_path / "keys"
    anchor.write_text("\n".join(r.to_text() for r in keys.answer if r.rdtype == dns.rdatatype.DNSKEY) + "\n")
    reply = stack.ask(world.sealwire.port, name, rdtype, dnssec=True)
    wanted = dns.rdatatype.from_text(rdtype)
    said = subprocess.run(
        ["drill", "-D", "-k", anchor, "-p", str(world.sealwire.port), "@127.0.0.1", name, rdtype],
        capture_output=True, text=True, timeout=20,
    )
    assert said.returncode == 0, said.stdout + said.stderr
    # dnspython is a validator of its own: it checks data, signature and key against one another.
    rrset = next(r for r in reply.answer if r.rdtype == wanted)
    rrsig = next(r for r in reply.answer if r.rdtype == dns.rdatatype.RRSIG and r.covers == wanted)
    key_set = next(r for r in keys.answer if r.rdtype == dns.rdatatype.DNSKEY)
    dns.dnssec.validate(rrset, rrsig, {key_set.name: key_set})


def test_unsigned_delegation_is_insecure(world):
    """RFC 9824 section 3.4: an NSEC at the cut without DS; below it nothing is signed."""
    reply = stack.ask(world.sealwire.port, "host.depot.shop.example", "A", dnssec=True)
    assert not reply.flags & dns.flags.AA and not reply.answer
    kinds = {dns.rdatatype.to_text(r.rdtype) for r in reply.authority}
    assert kinds == {"NS", "NSEC", "RRSIG"}, reply
    assert {r.covers for r in reply.authority if r.rdtype == dns.rdatatype.RRSIG} == {dns.rdatatype.NSEC}
    nsec = next(r for r in reply.authority if r.rdtype == dns.rdatatype.NSEC)
    assert nsec.name.to_text().lower() == "depot.shop.example." and "DS" not in nsec[0].to_text().split()
    glue = {rdata.to_text() for r in reply.additional for rdata in r}
    assert glue == {"192.0.2.53", "2001:db8::53"}


def test_ds_at_the_cut_is_answered_by_the_parent_side(world):
    reply = stack.ask(world.sealwire.port, "depot.shop.example", "DS", dnssec=True)
    assert reply.flags & dns.flags.AA and not reply.answer and reply.rcode() == dns.rcode.NOERROR
    assert any(r.rdtype == dns.rdatatype.NSEC for r in reply.authority)
    assert world.unbound.ask("depot.shop.example", "DS").flags & dns.flags.AD


def test_rfc9824_nonexistent_name_is_noerror_with_nxname(world):
    for zone in ("shop.example", "cdn.example"):
        reply = stack.ask(world.sealwire.port, f"nowhere.{zone}", "A", dnssec=True)
        assert reply.rcode() == dns.rcode.NOERROR and not reply.answer
        nsec = next(r for r in reply.authority if r.rdtype == dns.rdatatype.NSEC)
        assert nsec.name.to_text() == f"nowhere.{zone}."
        assert nsec[0].to_text().split() == [f"\\000.nowhere.{zone}.", "RRSIG", "NSEC", "TYPE128"]


def test_rfc9824_compact_ok_restores_nxdomain(world):
    reply = stack.ask(world.sealwire.port, "nowhere.shop.example", "A", dnssec=True, compact=True)
    assert reply.rcode() == dns.rcode.NXDOMAIN and reply.ednsflags & 0x4000


def test_alias_into_another_zone_of_ours_is_signed_by_each(world):
    for name, target, own, other in [("cdn.shop.example", "www.cdn.example", "shop.example.", "cdn.example."),
                                     ("shopfront.cdn.example", "www.shop.example", "cdn.example.", "shop.example.")]:
        reply = stack.ask(world.sealwire.port, name, "A", dnssec=True)
        signers = {rdata.signer.to_text() for r in reply.answer if r.rdtype == dns.rdatatype.RRSIG for rdata in r}
        assert signers == {own, other}, reply
        assert stack.rdata_of(reply, target, "A")
        assert world.unbound.ask(name, "A").flags & dns.flags.AD


def test_alias_out_of_our_zones_ends_there(world):
    reply = stack.ask(world.sealwire.port, "elsewhere.shop.example", "A", dnssec=True)
    assert [r.rdtype for r in reply.answer] == [dns.rdatatype.CNAME, dns.rdatatype.RRSIG]


def test_dname_is_signed_and_its_cname_is_synthesized(world):
    """RFC 6672 section 5.3.1: the DNAME is signed, the CNAME made from it is not."""
    reply = stack.ask(world.sealwire.port, "mail.old.shop.example", "A", dnssec=True)
    covered = {rdata.type_covered for r in reply.answer if r.rdtype == dns.rdatatype.RRSIG for rdata in r}
    assert dns.rdatatype.DNAME in covered and dns.rdatatype.CNAME not in covered
    assert stack.rdata_of(reply, "mail.old.shop.example", "CNAME") == {"mail.www.shop.example."}


def test_steered_answers_change_and_stay_signed(world):
    """Weighted answers: what the backend says at that moment, not what it said before."""
    seen = set()
    for _ in range(80):
        reply = stack.ask(world.sealwire.port, "www.cdn.example", "A", dnssec=True)
        seen |= stack.rdata_of(reply, "www.cdn.example", "A")
        assert any(r.rdtype == dns.rdatatype.RRSIG for r in reply.answer)
    assert seen >= {"192.0.2.11", "192.0.2.12"}, seen


def test_before_the_toggle_nothing_was_signed(world):
    for reply in world.before.values():
        assert reply.answer and not any(r.rdtype == dns.rdatatype.RRSIG for r in reply.answer)


def test_apex_keys_are_published_with_cds(world):
    """RFC 7344: CDS and CDNSKEY speak of the key-signing key, and the DNSKEY RRset is signed by it."""
    for zone, anchors in world.anchors.items():
        cds = stack.ask(world.sealwire.port, zone, "CDS", dnssec=True, tcp=True)
        assert {f"{zone}. IN DS {text}" .lower() for text in stack.rdata_of(cds, zone, "CDS")} == {a.lower() for a in anchors}
        keys = stack.ask(world.sealwire.port, zone, "DNSKEY", dnssec=True, tcp=True)
        assert {rdata.flags for r in keys.answer if r.rdtype == dns.rdatatype.DNSKEY for rdata in r} == {256, 257}
        assert world.unbound.ask(zone, "CDNSKEY").flags & dns.flags.AD


def test_not_ours_is_refused(world):
    assert stack.ask(world.sealwire.port, "www.example.net", "A", dnssec=True).rcode() == dns.rcode.REFUSED
