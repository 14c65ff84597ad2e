"""Two thousand zones turned on in one batch while queries come in: none is lost, and none gets an answer that a validator would refuse."""

import json
import re
import subprocess
import threading
import time
import urllib.request

import dns.dnssec
import dns.exception
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import pytest

import stack

COUNT = 2000
ZONE = "@ 60 SOA ns h 1 2 3 4 60\n@ 60 NS ns\nns 60 A 192.0.2.1\nwww 60 A 192.0.2.2\n* 60 A 192.0.2.3\n"
NAMES = [f"t{number:04}.example" for number in range(COUNT)]


@pytest.fixture(scope="module")
def sealwire(parts):
    # Key-signing keys that are made here and sealed: SoftHSM makes its own one after the other, and is not what is looked at.
    node = stack.Sealwire(parts, config_extra="  sealed: {ksk: sealed}\n")
    file = node.home / "zone"
    file.write_text(ZONE)
    plan = node.home / "zones.yaml"
    plan.write_text("zones:\n" + "".join(f"  - {{name: {name}, backend: {{file: {file}}}, policy: sealed}}\n" for name in NAMES))
    command = [stack.BIN / "sealctl", "--url", f"unix:{node.socket}", "apply", plan]
    subprocess.run(command, check=True, capture_output=True, timeout=240)
    return node


def call(node, method, path, body=None):
    request = urllib.request.Request(f"http://127.0.0.1:{node.http}{path}", method=method, data=None if body is None else json.dumps(body).encode(),
                                     headers={"Authorization": f"Bearer {node.token_file.read_text().strip()}", "Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.loads(answer.read())


class Validator:
    """Looks at one zone after the other: an answer that has a signature must validate with the DNSKEY RRset that is served."""

    def __init__(self, port, names=NAMES):
        self._port, self._names, self._stop = port, names, threading.Event()
        self.faults, self.signed, self.unsigned = [], 0, 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _look(self, zone, host):
        reply = stack.ask(self._port, f"{host}.{zone}", "A", dnssec=True, timeout=10)
        if reply.rcode() != dns.rcode.NOERROR:
            return self.faults.append(reply.to_text())
        owner = dns.name.from_text(f"{host}.{zone}")
        signature = reply.get_rrset(reply.answer, owner, dns.rdataclass.IN, dns.rdatatype.RRSIG, dns.rdatatype.A)
        if signature is None:
            self.unsigned += 1
            return None
        apex = dns.name.from_text(zone)
        keys = stack.ask(self._port, zone, "DNSKEY", dnssec=True, tcp=True, timeout=10)
        keyset = keys.get_rrset(keys.answer, apex, dns.rdataclass.IN, dns.rdatatype.DNSKEY)
        keysig = keys.get_rrset(keys.answer, apex, dns.rdataclass.IN, dns.rdatatype.RRSIG, dns.rdatatype.DNSKEY)
        dns.dnssec.validate(keyset, keysig, {apex: keyset})
        dns.dnssec.validate(reply.get_rrset(reply.answer, owner, dns.rdataclass.IN, dns.rdatatype.A), signature, {apex: keyset})
        self.signed += 1
        return None

    def _run(self):
        number = 0
        while not self._stop.is_set():
            number += 1
            try:
                self._look(self._names[(number * 7) % len(self._names)], "www" if number % 2 else f"n{number}")
            except (OSError, dns.exception.DNSException, AttributeError) as fault:
                self.faults.append(repr(fault))

    def stop(self):
        self._stop.set()
        self._thread.join(30)


def test_a_batch_loses_no_query_and_makes_no_answer_bogus(sealwire):
    queries = sealwire.home / "queries"
    queries.write_text("".join(f"{host}.{name} A\n" for name in NAMES[::3] for host in ("www", "x", "ns")))
    dnsperf = subprocess.Popen(["dnsperf", "-s", "127.0.0.1", "-p", str(sealwire.port), "-d", queries, "-l", "600", "-Q", "500", "-t", "20", "-e", "-D"],
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    validator = Validator(sealwire.port)
    try:
        stack.until(10, "the validator looks", lambda: validator.unsigned > 5)
        operation = call(sealwire, "POST", "/v1/batch", {"names": NAMES, "enabled": True, "reason": "a test"})
        assert operation["total"] == COUNT
        stack.until(180, "all are signed", lambda: call(sealwire, "GET", f"/v1/operations/{operation['id']}")["done"] == COUNT)
        signed = validator.signed
        stack.until(20, "the validator looks on", lambda: validator.signed > signed + 20)
    finally:
        validator.stop()
        dnsperf.send_signal(2)
        said = dnsperf.communicate(timeout=60)[0]
    assert not validator.faults, validator.faults[:3]
    sent, lost = (int(re.search(rf"Queries {what}:\s+(\d+)", said).group(1)) for what in ("sent", "lost"))
    assert sent > 500 and lost == 0, said
    assert re.search(r"Response codes:\s+NOERROR \d+ \(100\.00%\)", said), said


def test_the_batch_is_off_again_in_one_call_and_still_signed(sealwire):
    """Off is safe for two thousand as it is for one: no parent could be asked, so all go on being signed."""
    started = time.monotonic()
    operation = call(sealwire, "POST", "/v1/batch", {"names": NAMES, "enabled": False})
    assert operation["failed"] == 0 and operation["waiting"] == COUNT, operation
    assert time.monotonic() - started < 30
    assert all(sealwire.is_signed(name) for name in NAMES[::200])
