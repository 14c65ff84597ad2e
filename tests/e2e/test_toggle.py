"""The toggle under load, and what happens when a part dies."""

import os
import re
import signal
import subprocess
import threading
import time

import dns.flags
import dns.rcode
import pytest

import stack

SHOP = (stack.EXAMPLE / "shop.example.zone").read_text()
PARENT = """\
$ORIGIN example.
$TTL 2
@ SOA ns hostmaster {serial} 7200 1800 1209600 2
@ NS ns
ns A 127.0.0.1
shop NS ns.shop
ns.shop A 127.0.0.1
{ds}
"""


def parent_zone(serial, ds=()):
    return PARENT.format(serial=serial, ds="\n".join(line.replace(" IN ", " 2 IN ") for line in ds))


class World:
    def __init__(self, parts):
        self.parent = stack.Knot(parts, {"example": parent_zone(1)}, name="parent")
        self.sealwire = stack.Sealwire(parts, parent=f'{{servers: ["127.0.0.1:{self.parent.port}"]}}')
        zone_file = self.sealwire.home / "shop.example.zone"
        zone_file.write_text(SHOP)
        self.sealwire.ctl("zone", "add", "shop.example", "--file", zone_file)

    def status(self):
        return self.sealwire.ctl("dnssec", "status", "shop.example", status=(0, 3), as_json=True)


@pytest.fixture(scope="module")
def world(parts):
    return World(parts)


class Load:
    """dnsperf at a modest rate; on leaving, what it lost."""

    def __init__(self, port, folder, seconds, rate=500):
        queries = folder / "queries"
        queries.write_text("".join(f"n{i}.user.shop.example A\nwww.shop.example A\nx{i}.shop.example A\n" for i in range(2000)))
        self._process = subprocess.Popen(
            ["dnsperf", "-s", "127.0.0.1", "-p", str(port), "-d", queries, "-l", str(seconds), "-Q", str(rate), "-e", "-D", "-t", "3"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )

    def result(self):
        said = self._process.communicate(timeout=120)[0]
        sent = int(re.search(r"Queries sent:\s+(\d+)", said).group(1))
        lost = int(re.search(r"Queries lost:\s+(\d+)", said).group(1))
        rcodes = dict(re.findall(r"(\w+) (\d+) \(", said.split("Response codes:")[1].splitlines()[0]))
        return sent, lost, rcodes


class Watch:
    """Asks a validator without pause; collects every answer that is bogus (SERVFAIL)."""

    def __init__(self, unbound):
        self._unbound, self._stop = unbound, threading.Event()
        self.secure = self.insecure = 0
        self.bogus = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        number = 0
        while not self._stop.is_set():
            for name in (f"w{number}.user.shop.example", "www.shop.example", f"no{number}.shop.example"):
                reply = self._unbound.ask(name, "A")
                if reply.rcode() == dns.rcode.SERVFAIL:
                    self.bogus.append(reply.to_text())
                elif reply.flags & dns.flags.AD:
                    self.secure += 1
                else:
                    self.insecure += 1
            number += 1

    def stop(self):
        self._stop.set()
        self._thread.join(10)


def test_on_under_load_loses_and_breaks_nothing(world, parts, tmp_path):
    unbound = stack.Unbound(parts, {"example": world.parent.port, "shop.example": world.sealwire.port}, [], name="unbound-on")
    watch = Watch(unbound)
    load = Load(world.sealwire.port, tmp_path, 6)
    time.sleep(1.5)
    started = time.monotonic()
    world.sealwire.ctl("dnssec", "on", "shop.example", status=(0, 3))
    stack.until(5, "signed answers", lambda: world.sealwire.is_signed("shop.example"))
    took = time.monotonic() - started
    sent, lost, rcodes = load.result()
    watch.stop()
    assert sent > 1000 and lost == 0, (sent, lost)
    assert set(rcodes) <= {"NOERROR", "NXDOMAIN"}, rcodes
    assert not watch.bogus and watch.insecure > 0, watch.bogus[:1]
    assert took < 5, took
    assert world.status()["status"] in ("deploying", "pending")


def test_active_when_the_parent_has_the_ds(world, parts):
    world.parent.replace("example", parent_zone(2, world.sealwire.ds("shop.example")))

    def active():
        world.sealwire.ctl("dnssec", "check", "shop.example", status=(0, 3))
        return world.status()["status"] == "active"

    stack.until(20, f"active: {world.status()}", active)
    assert world.status()["enabled"] is True


def test_off_is_pending_while_the_parent_has_the_ds(world):
    """Off keeps signing while a validator may still hold the DS."""
    world.sealwire.ctl("dnssec", "off", "shop.example", status=(0, 3))
    world.sealwire.ctl("dnssec", "check", "shop.example", status=(0, 3))
    status = world.status()
    assert status["enabled"] is False and status["status"] == "pending-disabled", status
    assert world.sealwire.is_signed("shop.example")
    # RFC 8078 section 4: the delete CDS asks the parent to take the DS away.
    def cds():
        reply = stack.ask(world.sealwire.port, "shop.example", "CDS", dnssec=True, tcp=True)
        return stack.rdata_of(reply, "shop.example", "CDS")

    stack.until(10, "every worker serves the delete CDS", lambda: cds() == {"0 0 0 00"})
    # Neither the zone nor its keys can be taken away in this state.
    world.sealwire.ctl("zone", "rm", "shop.example", status=(1,))


def test_on_again_resumes_with_the_same_keys(world):
    before = world.sealwire.ds("shop.example")
    world.sealwire.ctl("dnssec", "on", "shop.example", status=(0, 3))
    assert world.sealwire.ds("shop.example") == before
    stack.until(10, "active again", lambda: world.sealwire.ctl("dnssec", "check", "shop.example", status=(0, 3)) and
                world.status()["status"] == "active")


def test_kill_9_loses_no_zone_and_no_key(world):
    before = world.sealwire.ds("shop.example")
    world.sealwire.restart(kill=True)
    assert world.sealwire.ds("shop.example") == before
    stack.until(10, "signed again", lambda: world.sealwire.is_signed("shop.example"))
    assert "shop.example" in world.sealwire.ctl("zone", "list")


def test_terminate_drains_and_exits_with_0(world):
    assert world.sealwire.restart() == 0
    stack.until(10, "signed again", lambda: world.sealwire.is_signed("shop.example"))


def test_hsm_process_killed_and_hung_while_queries_go_on(world, parts, tmp_path):
    unbound = stack.Unbound(
        parts, {"example": world.parent.port, "shop.example": world.sealwire.port},
        world.sealwire.ds("shop.example"), name="unbound-hsm",
    )
    watch = Watch(unbound)
    load = Load(world.sealwire.port, tmp_path, 8)
    first = stack.until(5, "the HSM process runs", world.sealwire.hsm_pid)
    os.kill(first, signal.SIGKILL)
    second = stack.until(10, "a new HSM process", lambda: world.sealwire.hsm_pid() not in (None, first) and world.sealwire.hsm_pid())
    os.kill(second, signal.SIGSTOP)
    time.sleep(2)
    assert world.sealwire.is_signed("shop.example")
    sent, lost, rcodes = load.result()
    if world.sealwire.hsm_pid() == second:
        os.kill(second, signal.SIGCONT)
    watch.stop()
    assert sent > 1000 and lost == 0, (sent, lost)
    assert set(rcodes) <= {"NOERROR", "NXDOMAIN"}, rcodes
    assert not watch.bogus and watch.secure > 0 and watch.insecure == 0, (watch.secure, watch.insecure, watch.bogus[:1])
    # And keys can be made again.
    world.sealwire.ctl("zone", "add", "second.example", "--file", _second(world))
    world.sealwire.toggle_on("second.example")


def _second(world):
    path = world.sealwire.home / "second.example.zone"
    path.write_text(SHOP.replace("shop.example", "second.example"))
    return path


def test_off_ends_after_the_ds_is_gone_and_its_ttl_has_run_out(world, parts, tmp_path):
    unbound = stack.Unbound(
        parts, {"example": world.parent.port, "shop.example": world.sealwire.port}, [], name="unbound-off"
    )
    watch = Watch(unbound)
    load = Load(world.sealwire.port, tmp_path, 10)
    world.sealwire.ctl("dnssec", "off", "shop.example", status=(0, 3))
    world.parent.replace("example", parent_zone(3))
    stack.until(60, f"disabled: {world.status()}", lambda: world.sealwire.ctl("dnssec", "check", "shop.example", status=(0, 3)) and
                world.status()["status"] == "disabled")
    sent, lost, rcodes = load.result()
    watch.stop()
    assert lost == 0 and set(rcodes) <= {"NOERROR", "NXDOMAIN"}, (sent, lost, rcodes)
    assert not watch.bogus, watch.bogus[:1]
    assert not world.sealwire.is_signed("shop.example")
    world.sealwire.ctl("zone", "rm", "shop.example")
    assert stack.ask(world.sealwire.port, "www.shop.example", "A").rcode() == dns.rcode.REFUSED
