"""A zone that BIND signed moves in with its keys, and a key that was lost goes out at once."""

import os
import pathlib
import shutil
import subprocess

import dns.flags
import dns.rcode
import dns.rdatatype
import pytest

import stack

# Relative: it is every zone's.
ZONE = "@ 60 SOA ns h 1 2 3 4 60\n@ 60 NS ns\nns 60 A 192.0.2.1\nwww 60 A 192.0.2.2\n* 60 A 192.0.2.3\n"


def keygen(folder, zone, *words):
    """A key pair made by BIND; the path of its .private file."""
    folder.mkdir(exist_ok=True)
    said = subprocess.run(["dnssec-keygen", "-q", "-K", folder, "-a", "ECDSAP256SHA256", *words, zone], check=True, capture_output=True, text=True)
    return folder / f"{said.stdout.strip()}.private"


def ds_of(ksk, zone):
    said = subprocess.run(["dnssec-dsfromkey", "-2", ksk.with_suffix(".key")], check=True, capture_output=True, text=True)
    return said.stdout.strip()


@pytest.fixture(scope="module")
def sealwire(parts):
    made = stack.Sealwire(parts)
    zone_file = made.home / "zone"
    zone_file.write_text(ZONE)
    for zone in ("moved.example", "shop.example", "half.example"):
        made.ctl("zone", "add", zone, "--file", zone_file)
    made.toggle_on("shop.example")
    return made


def tags(node, zone):
    return {key["key_tag"]: key for key in node.ctl("key", "list", zone, as_json=True)["keys"]}


@pytest.mark.skipif(shutil.which("dnssec-keygen") is None, reason="bind9utils is not installed")
def test_zone_signed_by_bind_moves_in_and_its_old_ds_still_holds(sealwire, parts):
    keys = sealwire.home / "bind"
    ksk, zsk = keygen(keys, "moved.example", "-f", "KSK"), keygen(keys, "moved.example")
    sealwire.ctl("key", "import", "moved.example", "--file", ksk, "--file", zsk)
    sealwire.toggle_on("moved.example")
    listed = tags(sealwire, "moved.example")
    assert set(listed) == {int(path.stem.split("+")[2]) for path in (ksk, zsk)}
    assert all(key["home"] == "sealed" and key["signing"] for key in listed.values())
    # The only trust is the DS record of before the move.
    unbound = stack.Unbound(parts, {"moved.example": sealwire.port}, [ds_of(ksk, "moved.example")], name="unbound-moved")
    for name, rdtype in (("www.moved.example", "A"), ("no.moved.example", "A"), ("moved.example", "DNSKEY")):
        reply = unbound.ask(name, rdtype)
        assert reply.rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN) and reply.flags & dns.flags.AD, reply.to_text()
    # Also after a restart: what was imported is sealed in the store.
    sealwire.restart()
    assert unbound.ask("x1.moved.example", "A").flags & dns.flags.AD


@pytest.mark.skipif(shutil.which("dnssec-keygen") is None, reason="bind9utils is not installed")
def test_half_a_pair_another_algorithm_and_what_is_no_key_are_refused(sealwire):
    keys = sealwire.home / "bind-half"
    ksk = keygen(keys, "half.example", "-f", "KSK")
    sealwire.ctl("key", "import", "half.example", "--file", ksk, status=(1,))
    assert tags(sealwire, "half.example") == {}
    rsa = subprocess.run(["dnssec-keygen", "-q", "-K", keys, "-a", "RSASHA256", "-b", "2048", "half.example"], check=True, capture_output=True, text=True)
    sealwire.ctl("key", "import", "shop.example", "--file", keys / f"{rsa.stdout.strip()}.private", status=(1,))
    nothing = keys / "nothing.pem"
    nothing.write_text("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    sealwire.ctl("key", "import", "shop.example", "--file", nothing, status=(1,))


def test_pem_key_stands_ready_beside_those_there_are_and_signs_only_after_a_rollover(sealwire):
    pem = sealwire.home / "zsk.pem"
    subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", pem], check=True)
    before = tags(sealwire, "shop.example")
    sealwire.ctl("key", "import", "shop.example", "--file", pem)
    (added,) = set(tags(sealwire, "shop.example")) - set(before)
    key = tags(sealwire, "shop.example")[added]
    assert key["role"] == "zsk" and key["published"] and not key["signing"]
    stack.until(10, "the key is served", lambda: len(stack.rdata_of(stack.ask(sealwire.port, "shop.example", "DNSKEY", dnssec=True, tcp=True), "shop.example", "DNSKEY")) == 3)
    # A second would wait for nothing.
    sealwire.ctl("key", "import", "shop.example", "--file", pem, status=(1,))
    assert "PRIVATE" not in sealwire.process.text()


def test_ksk_in_the_token_is_used_where_it_is(sealwire):
    subprocess.run(
        ["pkcs11-tool", "--module", stack.SOFTHSM, "--token-label", "sealwire", "--login", "--pin", "7215 pin", "--keypairgen", "--key-type",
         "EC:prime256v1", "--usage-sign", "--label", "made-elsewhere", "--id", "00112233445566778899aabbccddeeff"],
        check=True, capture_output=True, env=dict(os.environ, SOFTHSM2_CONF=str(sealwire.softhsm_conf)),
    )
    before = tags(sealwire, "shop.example")
    sealwire.ctl("key", "import", "shop.example", "--file", "pkcs11:token=sealwire;object=made-elsewhere")
    (added,) = set(tags(sealwire, "shop.example")) - set(before)
    key = tags(sealwire, "shop.example")[added]
    assert key["role"] == "ksk" and key["home"] == "hsm" and key["published"] and not key["ds"]


def test_revoked_zsk_signs_nothing_any_more_and_another_does(sealwire):
    before = tags(sealwire, "shop.example")
    old = next(tag for tag, key in before.items() if key["role"] == "zsk" and key["signing"])
    # The key that takes over has not been in caches for long: that needs to be said by name.
    sealwire.ctl("key", "revoke", "shop.example", old, status=(1,))
    assert tags(sealwire, "shop.example")[old]["signing"]
    sealwire.ctl("key", "revoke", "shop.example", old, "--override", "revoke-now")

    def signers(name):
        reply = stack.ask(sealwire.port, name, "A", dnssec=True, tcp=True)
        return {rdata.key_tag for rrset in reply.answer + reply.authority if rrset.rdtype == dns.rdatatype.RRSIG for rdata in rrset}

    stack.until(5, "the key signs nothing", lambda: old not in signers("www.shop.example"))
    for number in range(20):
        assert old not in signers(f"x{number}.shop.example")
    unbound_sees = stack.delv(sealwire.port, "shop.example", sealwire.ds("shop.example"), "www.shop.example", "A")
    assert "fully validated" in unbound_sees, unbound_sees
    stack.until(20, "the key is destroyed", lambda: old not in tags(sealwire, "shop.example"))
    sealwire.restart()
    assert old not in signers("www.shop.example")


def test_key_is_revoked_only_by_whoever_may_override(sealwire):
    token = sealwire.ctl("token", "add", "roller", "--scope", "keys").split()[-1]
    path = pathlib.Path(sealwire.home / "roller.token")
    path.write_text(token)
    path.chmod(0o600)
    tag = next(iter(tags(sealwire, "shop.example")))
    done = subprocess.run(
        [stack.BIN / "sealctl", "--url", f"http://127.0.0.1:{sealwire.http}", "--token-file", path, "key", "revoke", "shop.example", str(tag)],
        capture_output=True, text=True,
    )
    assert done.returncode == 1 and "override" in done.stderr
