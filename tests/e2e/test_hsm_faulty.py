"""A token that signs wrongly, returns errors or hangs, behind a module that does so on demand (tests/faulty_pkcs11).

Nothing wrong is ever served, queries go on, status, metric and log say what is the matter, and all goes on by itself
when the token behaves again. The daemon's own validator watches the whole time, and so does delv.
"""

import json
import re
import time
import urllib.request

import dns.rcode
import pytest

import stack
from life import TIMES
from test_hsm_away import Load, metric

FAULTY = stack.BIN.parent / "tests/faulty_pkcs11.so"
ZONE = "$TTL 2\n@ SOA ns h 1 2 3 4 2\n@ NS ns\nns A 192.0.2.1\nwww A 192.0.2.2\n* A 192.0.2.3\n"


@pytest.fixture(scope="module")
def sealwire(parts):
    fault = parts.folder("fault") / "word"
    made = stack.Sealwire(
        parts, workers=1, hsm_module=FAULTY, environment={"SEALWIRE_REAL_MODULE": stack.SOFTHSM, "SEALWIRE_FAULT": str(fault)},
        config_extra=f"  fast: {{ksk: hsm, zsk: sealed, {TIMES}}}\ncanary: {{interval: 1s}}\n")
    made.fault = fault
    add(made, "steady.example")
    return made


def add(node, zone):
    path = node.home / f"{zone}.zone"
    path.write_text(ZONE)
    node.ctl("zone", "add", zone, "--file", path, "--policy", "fast")
    node.ctl("dnssec", "on", zone, status=(0, 1, 3))  # 1: its keys could not be made yet
    if not node.fault.exists():
        stack.until(60, f"{zone} is signed", lambda: node.is_signed(zone))


def hsm_of(node):
    request = urllib.request.Request(f"http://127.0.0.1:{node.http}/v1/nodes",
                                     headers={"Authorization": f"Bearer {node.token_file.read_text().strip()}"})
    with urllib.request.urlopen(request, timeout=5) as reply:
        return json.load(reply)["nodes"][0]["hsm"]


def assert_all_valid(node, zone):
    for name, kind in ((zone, "SOA"), (zone, "DNSKEY"), (f"www.{zone}", "A"), (f"x{time.monotonic_ns()}.{zone}", "A")):
        said = stack.delv(node.port, zone, node.ds(zone), name, kind)
        assert "fully validated" in said, said


FAULTS = {
    # What the module does, what `last_error` says of it, and the event in the log.
    "flip": ("does not verify", "hsm-wrong-signature"),
    "error": ("CKR_DEVICE_ERROR", "hsm-away"),
    "hang": ("hangs", "hsm-away"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_nothing_wrong_is_served_and_all_goes_on_when_the_token_behaves(sealwire, fault):
    said, event = FAULTS[fault]
    zone, wrong_before = f"{fault}.example", metric(sealwire, "sealwire_hsm_wrong_signatures_total")
    logged_before = len(re.findall(rf" {event} ", sealwire.process.text()))
    sealwire.fault.write_text(fault)
    try:
        with Load(sealwire, [f"x{number}.steady.example" for number in range(2000)], rate=200) as load:
            add(sealwire, zone)  # its DNSKEY RRset cannot be signed
            sealwire.ctl("key", "roll", "steady.example", "--ksk", status=(0, 1, 3))  # nor that of both KSKs
            stack.until(30, "the fault is seen", lambda: said in (hsm_of(sealwire)["last_error"] or ""))
            stack.until(30, "the log says it", lambda: len(re.findall(rf" {event} ", sealwire.process.text())) > logged_before)
            assert (metric(sealwire, "sealwire_hsm_wrong_signatures_total") > wrong_before) == (fault == "flip")
            for _ in range(5):
                assert_all_valid(sealwire, "steady.example")
                # Not signed at all: no RRset of it may carry a signature that a validator would refuse.
                answer = stack.ask(sealwire.port, f"www.{zone}", "A", dnssec=True)
                assert answer.rcode() == dns.rcode.NOERROR and not stack.rdata_of(answer, f"www.{zone}", "RRSIG"), answer
                time.sleep(0.5)
            state = sealwire.ctl("dnssec", "status", zone, status=(0, 1, 3), as_json=True)
            assert state["status"] in ("deploying", "error") and not state["ds"], state
    finally:
        sealwire.fault.unlink()
    assert load.sent > 300 and load.lost == 0, (load.sent, load.lost)
    assert set(re.findall(r"[A-Z]+", load.rcodes)) == {"NOERROR"}, load.rcodes
    stack.until(120, "the new zone is signed", lambda: sealwire.is_signed(zone))
    stack.until(30, "the token answers", lambda: metric(sealwire, "sealwire_hsm_up") == 1)
    for name in (zone, "steady.example"):
        stack.until(30, "it has DS material", lambda name=name: sealwire.ds(name))
        assert_all_valid(sealwire, name)
    sealwire.ctl("key", "roll", "steady.example", "--ksk", status=(0, 1, 3))  # one that began before goes on instead
    stack.until(30, "a new KSK is served", lambda: len(sealwire.dnskeys("steady.example")) == 3)
    assert_all_valid(sealwire, "steady.example")
    sealwire.ctl("key", "cancel", "steady.example", "--ksk", status=(0, 3))
    stack.until(30, "and is gone", lambda: len(sealwire.dnskeys("steady.example")) == 2)


def test_a_wrong_secret_opens_nothing_and_the_keys_open_when_it_is_right(sealwire):
    sealwire.fault.write_text("derive")
    sealwire.restart()
    answer = stack.ask(sealwire.port, "www.steady.example", "A", dnssec=True, timeout=5)
    assert answer.rcode() == dns.rcode.SERVFAIL, answer
    assert stack.ask(sealwire.port, "www.steady.example", "A", timeout=5).rcode() == dns.rcode.NOERROR
    sealwire.fault.unlink()
    stack.until(90, "it is signed again", lambda: sealwire.is_signed("steady.example"))
    assert_all_valid(sealwire, "steady.example")


def test_the_validator_of_the_daemon_saw_nothing_bogus(sealwire):
    stack.until(30, "it asked", lambda: metric(sealwire, 'sealwire_canary_probes_total{result="secure"}') > 2)
    assert metric(sealwire, 'sealwire_canary_probes_total{result="bogus"}') == 0
    assert metric(sealwire, "sealwire_canary_zones_held") == 0
