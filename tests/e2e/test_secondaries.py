"""Copies of zones for secondaries that sign nothing: complete, signed, told by NOTIFY, and only for those listed."""

import subprocess

import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.tsigkeyring
import dns.zone
import pytest

import primaries
import stack

ZONE = "hidden.example"
KEY = "xfr.example"


def dig(port, *words):
    return subprocess.run(["dig", "@127.0.0.1", "-p", str(port), "+nocookie", *words], capture_output=True, text=True, timeout=30).stdout


class World:
    def __init__(self, parts):
        keys = parts.folder("keys")
        self.sealwire = stack.Sealwire(parts, config_extra="tsig:\n" + primaries.tsig_section(keys, name=KEY))
        port = self.sealwire.port
        # A hidden primary behind Sealwire; public secondaries before it.
        self.primary = primaries.Bind(parts, {ZONE: primaries.zone_text(ZONE, 10)}, notify=port)
        self.bind = primaries.Bind(parts, secondary_of={ZONE: port}, key=KEY, name="bindsecondary")
        self.nsd = primaries.NsdSecondary(parts, {"file.example": port})
        self.file = self.sealwire.home / "file.example.zone"
        self.file.write_text(primaries.zone_text("file.example", 5, extra="old DNAME www\nwide 60 IN A 192.0.2.9\nwide 60 IN A 192.0.2.8\n"))
        self.sealwire.ctl("zone", "add", ZONE, "--transfer", f"127.0.0.1:{self.primary.port}", "--secondary", f"127.0.0.1:{self.bind.port}@{KEY}")
        self.sealwire.ctl("zone", "add", "file.example", "--file", self.file, "--secondary", f"127.0.0.1:{self.nsd.port}")
        stack.until(10, "the zone is here", lambda: stack.answers(port, ZONE))
        self.sealwire.toggle_on(ZONE)
        self.sealwire.toggle_on("file.example")


@pytest.fixture(scope="module")
def world(parts):
    return World(parts)


def soa_serial(port, zone, **how):
    reply = stack.ask(port, zone, "SOA", **how)
    return int(next(iter(stack.rdata_of(reply, zone, "SOA"))).split()[2]) if reply.answer else None


def has_signed(port, name, rdtype):
    reply = stack.ask(port, name, rdtype, dnssec=True)
    return any(r.rdtype == dns.rdatatype.RRSIG for r in reply.answer)


def copy_of(world, zone, *words):
    return dig(world.sealwire.port, "+noall", "+answer", zone, "AXFR", *words)


@pytest.mark.parametrize("zone,words", [(ZONE, ("-y", f"hmac-sha256:{KEY}:{primaries.SECRET}")), ("file.example", ())])
def test_ldns_verifies_the_copy(world, zone, words, tmp_path):
    stack.until(10, "the copy is signed", lambda: "CDNSKEY" in copy_of(world, zone, *words))
    path = tmp_path / "zone"
    path.write_text(copy_of(world, zone, *words))
    said = subprocess.run(["ldns-verify-zone", path], capture_output=True, text=True, timeout=30)
    assert said.returncode == 0, said.stdout + said.stderr + path.read_text()
    kinds = {line.split()[3] for line in path.read_text().splitlines()}
    assert {"DNSKEY", "CDS", "CDNSKEY", "NSEC", "RRSIG", "NS"} <= kinds


def test_bind_serves_what_a_validator_accepts(world):
    stack.until(20, f"bind has it signed\n{world.bind.process.text()[-3000:]}", lambda: has_signed(world.bind.port, f"www.{ZONE}", "A"))
    anchors = world.sealwire.ds(ZONE)
    for name, kind in [("www", "A"), ("x.wild", "TXT"), ("nowhere", "A"), ("b.ent", "TXT"), ("ent", "A"), ("alias", "A"), ("www", "TXT")]:
        said = stack.delv(world.bind.port, ZONE, anchors, f"{name}.{ZONE}", kind)
        assert "fully validated" in said and "unsigned answer" not in said, (name, kind, said)


def test_nsd_serves_what_unbound_accepts(world, parts):
    stack.until(20, f"nsd has it signed\n{world.nsd.process.text()[-3000:]}", lambda: has_signed(world.nsd.port, "www.file.example", "A"))
    unbound = stack.Unbound(parts, {"file.example": world.nsd.port}, world.sealwire.ds("file.example"))
    for name, kind in [("www", "A"), ("x.wild", "TXT"), ("nowhere", "A"), ("wide", "A"), ("depot", "DS"), ("x.old", "A"), ("www", "TXT")]:
        reply = unbound.ask(f"{name}.file.example", kind)
        assert reply.flags & dns.flags.AD, (name, kind, reply, unbound.process.text()[-2000:])


def test_a_change_at_the_hidden_primary_reaches_the_secondary_signed(world):
    world.primary.update(ZONE, "update add fresh.hidden.example 60 A 192.0.2.99")
    stack.until(20, f"bind has the change\n{world.sealwire.process.text()[-3000:]}",
                lambda: has_signed(world.bind.port, f"fresh.{ZONE}", "A"))
    said = stack.delv(world.bind.port, ZONE, world.sealwire.ds(ZONE), f"fresh.{ZONE}", "A")
    assert "fully validated" in said, said
    # What is answered live and what was copied are one version.
    stack.until(5, "one serial", lambda: soa_serial(world.bind.port, ZONE) == soa_serial(world.sealwire.port, ZONE))


def sent_by_ixfr(world, zone):
    return sum("zone-sent" in line and zone in line and "way=ixfr" in line for line in world.sealwire.process.text().splitlines())


def same_records(world, port, zone, *words):
    """The secondary's zone is, record by record, ours."""
    def records(text):
        return {" ".join(line.split()) for line in text.splitlines() if line and not line.startswith(";")}
    theirs, ours = records(dig(port, "+noall", "+answer", zone, "AXFR")), records(copy_of(world, zone, *words))
    assert theirs and theirs == ours, sorted(theirs ^ ours)[:10]


@pytest.mark.parametrize("who", ["bind", "nsd"])
def test_rfc1995_section_4_a_secondary_is_sent_what_changed(world, who, tmp_path):
    zone, port = (ZONE, world.bind.port) if who == "bind" else ("file.example", world.nsd.port)
    words = ("-y", f"hmac-sha256:{KEY}:{primaries.SECRET}") if who == "bind" else ()
    stack.until(20, "it has the zone", lambda: has_signed(port, f"www.{zone}", "A"))
    for step in range(2):
        before = sent_by_ixfr(world, zone)
        if who == "bind":
            world.primary.update(zone, f"update add step{step}.{zone} 60 TXT {step}", f"update delete www.{zone} AAAA")
        else:
            # Names come and go, and with them links of the NSEC chain.
            world.file.write_text(primaries.zone_text(zone, 5, extra=f"step{step} TXT {step}\nold DNAME www\n"))
        stack.until(20, f"it has the change\n{world.sealwire.process.text()[-2000:]}", lambda: has_signed(port, f"step{step}.{zone}", "TXT"))
        stack.until(5, f"by IXFR\n{world.sealwire.process.text()[-2000:]}", lambda: sent_by_ixfr(world, zone) > before)
    same_records(world, port, zone, *words)
    path = tmp_path / "zone"
    path.write_text(dig(port, "+noall", "+answer", zone, "AXFR"))
    said = subprocess.run(["ldns-verify-zone", path], capture_output=True, text=True, timeout=30)
    assert said.returncode == 0, said.stdout + said.stderr


def test_only_those_listed_get_a_copy(world):
    assert "Transfer failed" in dig(world.sealwire.port, ZONE, "AXFR")  # no key
    wrong = "hmac-sha256:" + KEY + ":AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
    said = dig(world.sealwire.port, ZONE, "AXFR", "-y", wrong)
    assert "Transfer failed" in said or "BADSIG" in said or "NOTAUTH" in said, said
    assert "Transfer failed" in dig(world.sealwire.port, "file.example", "AXFR", "-b", "127.0.0.2")
    query = dns.message.make_query("file.example", "AXFR")
    assert dns.query.udp(query, "127.0.0.1", port=world.sealwire.port, timeout=3).rcode() == dns.rcode.REFUSED


def test_rfc1995_ixfr_over_udp_is_told_to_come_over_tcp(world):
    query = dns.message.make_query("file.example", "IXFR")
    assert dns.query.udp(query, "127.0.0.1", port=world.sealwire.port, timeout=3).flags & dns.flags.TC
    assert "NSEC" in dig(world.sealwire.port, "file.example", "IXFR=1")


def test_a_signed_query_is_answered_signed(world):
    ring = dns.tsigkeyring.from_text({KEY: primaries.SECRET})
    for send in (dns.query.udp, dns.query.tcp):
        query = dns.message.make_query(ZONE, "SOA")
        query.use_tsig(ring, dns.name.from_text(KEY))
        reply = send(query, "127.0.0.1", port=world.sealwire.port, timeout=3)
        assert reply.had_tsig and reply.answer


def test_the_serial_never_goes_back(world):
    before = soa_serial(world.sealwire.port, "file.example")
    world.sealwire.restart()
    stack.until(10, "it is copied again", lambda: "NSEC" in copy_of(world, "file.example"))
    stack.until(5, "it grew", lambda: soa_serial(world.sealwire.port, "file.example") > before)
    again = soa_serial(world.sealwire.port, "file.example")
    world.file.write_text(primaries.zone_text("file.example", 6))
    stack.until(15, "the file is read", lambda: soa_serial(world.sealwire.port, "file.example") > again)
    stack.until(20, "nsd has it", lambda: soa_serial(world.nsd.port, "file.example") == soa_serial(world.sealwire.port, "file.example"))
