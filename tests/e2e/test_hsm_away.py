"""What an HSM does to queries that is killed, hangs, or loses its token: nothing. And a start without one."""

import os
import re
import shutil
import signal
import subprocess
import time
import urllib.request

import dns.rcode
import pytest

import stack

# Relative: it is every zone's.
ZONE = "@ 60 SOA ns h 1 2 3 4 60\n@ 60 NS ns\nns 60 A 192.0.2.1\nwww 60 A 192.0.2.2\n* 60 A 192.0.2.3\n"
ZONES = ("shop.example", "sealed.example")


@pytest.fixture(scope="module")
def sealwire(parts):
    made = stack.Sealwire(parts, config_extra="  inside: {denial: compact, ksk: sealed, zsk: sealed}\n")
    zone_file = made.home / "zone"
    zone_file.write_text(ZONE)
    for zone, policy in zip(ZONES, ("default", "inside")):
        made.ctl("zone", "add", zone, "--file", zone_file, "--policy", policy)
        made.toggle_on(zone)
    return made


class Load:
    """dnsperf asks while the block runs; afterwards `lost` and `rcodes`."""

    def __init__(self, node, names, rate=500):
        self.node, self.rate = node, rate
        self.queries = node.home / "queries"
        self.queries.write_text("".join(f"{name} A\n" for name in names))

    def __enter__(self):
        self.process = subprocess.Popen(
            ["dnsperf", "-s", "127.0.0.1", "-p", str(self.node.port), "-d", self.queries, "-l", "1000", "-Q", str(self.rate), "-D", "-t", "3"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        time.sleep(0.5)
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)
        said = self.process.communicate(timeout=30)[0]
        self.sent, self.lost = (int(re.search(rf"Queries {what}:\s+(\d+)", said).group(1)) for what in ("sent", "lost"))
        self.rcodes = re.search(r"Response codes:\s+(.*)", said).group(1)


def metric(node, name):
    with urllib.request.urlopen(f"http://127.0.0.1:{node.metrics}/metrics", timeout=5) as page:
        for line in page.read().decode().splitlines():
            if line.startswith(name):
                return float(line.rsplit(" ", 1)[1])
    raise AssertionError(f"no metric {name}")


def hosts():
    """Names that the answer cache does not hold: each is signed when it is asked for."""
    return [f"x{number}.{zone}" for zone in ZONES for number in range(2000)]


def is_up(node):
    return metric(node, "sealwire_hsm_up") == 1


def test_no_query_is_lost_while_the_hsm_is_killed_again_and_again(sealwire):
    with Load(sealwire, hosts()) as load:
        for _ in range(5):
            os.kill(stack.until(20, "the HSM process runs", sealwire.hsm_pid), signal.SIGKILL)
            time.sleep(0.3)
    assert load.sent > 500 and load.lost == 0, (load.sent, load.lost)
    assert set(re.findall(r"[A-Z]+", load.rcodes)) == {"NOERROR"}, load.rcodes
    stack.until(30, "the HSM is back", lambda: is_up(sealwire))


def test_no_query_is_lost_while_the_hsm_hangs(sealwire):
    pid = stack.until(20, "the HSM process runs", sealwire.hsm_pid)
    with Load(sealwire, hosts()) as load:
        os.kill(pid, signal.SIGSTOP)
        stack.until(60, "the process that hangs is replaced", lambda: sealwire.hsm_pid() not in (None, pid))
    assert load.sent > 500 and load.lost == 0, (load.sent, load.lost)
    assert set(re.findall(r"[A-Z]+", load.rcodes)) == {"NOERROR"}, load.rcodes
    stack.until(30, "the HSM is back", lambda: is_up(sealwire))


def test_no_query_is_lost_while_the_token_is_gone(sealwire):
    tokens = sealwire.home / "tokens"
    tokens.rename(sealwire.home / "tokens.away")
    pid = stack.until(20, "the HSM process runs", sealwire.hsm_pid)
    os.kill(pid, signal.SIGKILL)
    stack.until(30, "the loss is seen", lambda: not is_up(sealwire))
    with Load(sealwire, hosts()) as load:
        time.sleep(2)
    assert load.lost == 0 and set(re.findall(r"[A-Z]+", load.rcodes)) == {"NOERROR"}, load.rcodes
    (sealwire.home / "tokens.away").rename(tokens)
    stack.until(60, "the HSM is back", lambda: is_up(sealwire))


def test_sealed_zones_wait_for_the_hsm_after_a_start_and_are_never_unsigned(sealwire):
    tokens = sealwire.home / "tokens"
    tokens.rename(sealwire.home / "tokens.away")
    try:
        sealwire.restart()
        answer = stack.ask(sealwire.port, "www.shop.example", "A", dnssec=True, timeout=5)
        assert answer.rcode() == dns.rcode.SERVFAIL or stack.rdata_of(answer, "www.shop.example", "RRSIG")
        # Whoever asks for no signatures needs no keys.
        assert stack.ask(sealwire.port, "www.shop.example", "A", timeout=5).rcode() == dns.rcode.NOERROR
    finally:
        (sealwire.home / "tokens.away").rename(tokens)
    for zone in ZONES:
        stack.until(60, f"{zone} is signed again", lambda: sealwire.is_signed(zone))
    assert metric(sealwire, "sealwire_zone_keys_open") == len(ZONES)


def test_first_query_after_a_start_is_signed(sealwire):
    sealwire.restart()
    for zone in ZONES:
        answer = stack.ask(sealwire.port, f"www.{zone}", "A", dnssec=True, timeout=5)
        assert answer.rcode() == dns.rcode.NOERROR
        assert stack.rdata_of(answer, f"www.{zone}", "RRSIG"), answer.to_text()


def test_more_zones_than_may_be_open_are_all_answered_signed(parts):
    node = stack.Sealwire(parts, name="bounded", config_extra="keys: {cache: 3}\n")
    zone_file = node.home / "zone"
    zone_file.write_text(ZONE)
    zones = [f"z{number}.example" for number in range(12)]
    for zone in zones:
        node.ctl("zone", "add", zone, "--file", zone_file)
        node.toggle_on(zone)
    stack.until(20, "keys are closed to make room", lambda: metric(node, "sealwire_zone_keys_open") <= 3)
    for _ in range(3):
        for zone in zones:
            answer = stack.ask(node.port, f"www.{zone}", "A", dnssec=True, timeout=5)
            assert stack.rdata_of(answer, f"www.{zone}", "RRSIG"), answer.to_text()
    assert metric(node, "sealwire_zone_keys_called_total") >= 24
    assert metric(node, "sealwire_zone_keys_evicted_total") >= 24
    stack.until(20, "no more are open than may be", lambda: metric(node, "sealwire_zone_keys_open") <= 3)


def test_restored_token_of_before_the_last_ksk_is_seen_as_such(sealwire, tmp_path):
    """A backup that is too old: the rest of the zones go on, and the state says what is wrong."""
    before = tmp_path / "tokens"
    shutil.copytree(sealwire.home / "tokens", before)
    zone_file = sealwire.home / "late"
    zone_file.write_text(ZONE)
    sealwire.ctl("zone", "add", "late.example", "--file", zone_file)
    sealwire.toggle_on("late.example")
    tokens = sealwire.home / "tokens"
    shutil.rmtree(tokens)
    shutil.copytree(before, tokens)
    sealwire.restart()
    # Its DNSKEY RRset is signed ahead: the loss of the KSK stops only what needs it.
    stack.until(20, "the zone is signed", lambda: sealwire.is_signed("late.example"))
    for zone in ZONES:
        assert sealwire.is_signed(zone)
