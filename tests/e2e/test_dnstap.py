"""dnstap, read back by others' programs: fstrm_capture at a socket, dnstap-ldns on the file."""

import re
import subprocess
import urllib.request

import pytest

import stack

SHOP = (stack.EXAMPLE / "shop.example.zone").read_text()


def start(parts, name, config):
    world = stack.Sealwire(parts, name=name, config_extra=f"dnstap: {{{config}}}\n")
    zone_file = world.home / "shop.example.zone"
    zone_file.write_text(SHOP)
    world.ctl("zone", "add", "shop.example", "--file", zone_file)
    return world


def metric(world, name):
    with urllib.request.urlopen(f"http://127.0.0.1:{world.metrics}/metrics", timeout=5) as reply:
        return float(re.search(rf"^{name} (\S+)$", reply.read().decode(), re.M).group(1))


def read(path):
    """What dnstap-ldns makes of a file: a line for each message."""
    done = subprocess.run(["dnstap-ldns", "-r", path, "-q"], capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_file_holds_every_query_and_its_answer(parts):
    path = parts.directory / "all.fstrm"
    world = start(parts, "to-file", f"file: {path}, sample: 1")
    for number in range(20):
        stack.ask(world.port, f"n{number}.shop.example", "A", dnssec=True)
    stack.ask(world.port, "www.shop.example", "TXT", tcp=True)
    stack.until(5, "42 frames", lambda: metric(world, "sealwire_dnstap_frames_total") == 42)
    assert world.process.stop() == 0
    lines = read(path)
    assert len(lines) == 42
    assert sum(" AQ " in line for line in lines) == 21 and sum(" AR " in line for line in lines) == 21
    assert all("127.0.0.1" in line for line in lines)
    assert any("n7.shop.example" in line and " UDP " in line for line in lines)
    assert sum(" TCP " in line and "www.shop.example" in line for line in lines) == 2
    whole = subprocess.run(["dnstap-ldns", "-r", path, "-y"], capture_output=True, text=True, timeout=20).stdout
    assert "identity: " in whole and "AUTH_RESPONSE" in whole and "www.shop.example" in whole


def test_a_file_samples_a_share(parts):
    path = parts.directory / "some.fstrm"
    world = start(parts, "sampled", f"file: {path}, sample: 0.2, responses: false")
    for number in range(500):
        stack.ask(world.port, f"n{number}.shop.example", "A")
    world.process.stop()
    lines = read(path)
    assert 50 < len(lines) < 160 and all(" AQ " in line for line in lines)


def test_a_collector_may_come_late_and_leave(parts, tmp_path):
    socket, path = parts.directory / "tap.sock", parts.directory / "captured.fstrm"
    world = start(parts, "to-socket", f"socket: {socket}, sample: 1")
    for number in range(5):
        stack.ask(world.port, f"early{number}.shop.example", "A")
    stack.until(5, "lost frames", lambda: metric(world, "sealwire_dnstap_lost_total") == 10)
    assert metric(world, "sealwire_dnstap_connected") == 0
    capture = parts.spawn("fstrm_capture", ["fstrm_capture", "-t", "protobuf:dnstap.Dnstap", "-u", socket, "-w", path])
    stack.until(10, "connected", lambda: metric(world, "sealwire_dnstap_connected") == 1)
    for number in range(30):
        stack.ask(world.port, f"late{number}.shop.example", "A", dnssec=True)
    stack.until(5, "60 frames", lambda: metric(world, "sealwire_dnstap_frames_total") == 60)
    # A collector that stands still for a moment loses nothing, and nobody waits for it.
    capture.signal(stack.STOP)
    for number in range(30):
        assert stack.ask(world.port, f"still{number}.shop.example", "A", timeout=1).answer is not None
    capture.signal(stack.CONTINUE)
    stack.until(10, "120 frames", lambda: metric(world, "sealwire_dnstap_frames_total") == 120)
    assert world.process.stop() == 0
    capture.stop()
    lines = read(path)
    assert len(lines) == 120 and any("still29.shop.example" in line for line in lines)


@pytest.mark.parametrize("config, fault", [
    ("sample: 0.1", "either a socket or a file"),
    ("file: /tmp/x, sample: 2", "is no share"),
    ("file: /tmp/x, queries: false, responses: false", "leave dnstap out"),
    ("file: /tmp/x, colour: red", "colour"),
])
def test_a_wrong_section_is_told_with_its_line(parts, tmp_path, config, fault):
    path = tmp_path / "sealwire.yaml"
    path.write_text(f'listen:\n  - {{address: "127.0.0.1:5300"}}\ndnstap: {{{config}}}\n')
    done = subprocess.run([stack.BIN / "sealwired", "--config", path, "--check-config"], capture_output=True, text=True)
    assert done.returncode != 0
    assert f"{path}:3:" in done.stdout + done.stderr and fault in done.stdout + done.stderr
