"""sealwired gives up root's rights: what is left of them, and that everything goes on without."""

import os
import pathlib
import pwd
import signal
import subprocess
import tempfile

import dns.rcode
import dns.rdatatype
import pytest

import stack
from test_dpdk_path import SERVER4, Wire, answered

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: there is something to give up")

USER = "nobody"
LOW = "127.53.0.1"  # port 53 there needs a right that the user does not have
ZONE = "user.example"
ZONE_TEXT = "$TTL 300\n@ IN SOA ns hostmaster 1 3600 600 86400 300\n@ IN NS ns\nns IN A 192.0.2.1\nwww IN A 192.0.2.2\n"


@pytest.fixture(scope="module")
def directory():
    # Not below pytest's own, which only root may enter.
    with tempfile.TemporaryDirectory(prefix="sealwire-user-") as made:
        path = pathlib.Path(made)
        path.chmod(0o755)
        yield path


@pytest.fixture(scope="module")
def wire():
    made = Wire()
    yield made
    made.remove()


@pytest.fixture(scope="module", params=["kernel", "af_packet", "af_xdp"])
def sealwire(request, wire, directory):
    path = directory / request.param
    path.mkdir(mode=0o755)
    listen = [f'{{address: "{LOW}:53"}}']
    if request.param != "kernel":
        listen.append(f'{{io: dpdk, device: "{request.param}:{wire.device}", addresses: ["{SERVER4}"]}}')
    with stack.Parts(path) as parts:
        made = stack.Sealwire(parts, listen=listen, workers=1, user=USER)
        made.kind = request.param
        (made.home / "zone").write_text(ZONE_TEXT)
        (made.home / "zone").chmod(0o644)
        made.ctl("zone", "add", ZONE, "--file", made.home / "zone")
        stack.until(10, "the zone is served", lambda: stack.answers(made.port, ZONE))
        yield made


def rights(pid):
    """User ids, capabilities and no_new_privs of each thread of a process."""
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        fields = dict(line.split(":\t", 1) for line in (task / "status").read_text().splitlines() if ":\t" in line)
        yield {name: fields[name].split() for name in ("Uid", "Gid", "Groups", "CapPrm", "CapEff", "CapAmb", "NoNewPrivs")}


def assert_given_up(pid):
    entry = pwd.getpwnam(USER)
    threads = list(rights(pid))
    assert threads
    for thread in threads:
        assert set(thread["Uid"]) == {str(entry.pw_uid)}, thread
        assert set(thread["Gid"]) == {str(entry.pw_gid)}, thread
        assert "0" not in thread["Groups"], thread
        assert all(int(thread[name][0], 16) == 0 for name in ("CapPrm", "CapEff", "CapAmb")), thread
        assert thread["NoNewPrivs"] == ["1"], thread
    # Files of a process that cannot be dumped are root's (proc(5)): nobody else of the user's reads its memory.
    assert pathlib.Path(f"/proc/{pid}/status").stat().st_uid == 0


def test_every_thread_and_the_hsm_process_are_the_user(sealwire):
    assert_given_up(sealwire.process.pid)
    assert_given_up(sealwire.hsm_pid())


def test_what_is_ours_belongs_to_the_user(sealwire):
    for file in ("state.db", "control.sock", "token"):
        assert (sealwire.home / file).owner() == USER, file


def test_a_zone_is_signed_and_survives_a_restart(sealwire):
    sealwire.toggle_on(ZONE)
    assert sealwire.restart() == 0
    stack.until(10, "still signed", lambda: sealwire.is_signed(ZONE))
    reply = stack.ask(53, f"nowhere.{ZONE}", "A", dnssec=True, address=LOW)
    assert any(rrset.rdtype == dns.rdatatype.NSEC for rrset in reply.authority), reply


def test_a_killed_hsm_process_comes_back_as_the_user(sealwire):
    before = sealwire.hsm_pid()
    os.kill(before, signal.SIGKILL)
    stack.until(20, "another HSM process", lambda: sealwire.hsm_pid() not in (None, before))
    assert_given_up(sealwire.hsm_pid())
    (sealwire.home / "second").write_text(ZONE_TEXT)
    (sealwire.home / "second").chmod(0o644)
    sealwire.ctl("zone", "add", f"second.{ZONE}", "--file", sealwire.home / "second")
    sealwire.toggle_on(f"second.{ZONE}")


def test_a_reload_reads_everything_again(sealwire):
    sealwire.process.signal(signal.SIGHUP)
    stack.until(5, "reloaded", lambda: " reloaded" in sealwire.process.text())
    assert "reload-refused" not in sealwire.process.text()


def test_a_second_one_on_the_state_ends_before_it_shares_a_port(sealwire):
    done = subprocess.run([stack.BIN / "sealwired", "--config", sealwire.config], capture_output=True, text=True, timeout=20)
    assert done.returncode == 1 and "is another sealwired using it?" in done.stderr, done.stderr
    assert stack.answers(sealwire.port, ZONE)


def test_the_link_is_followed_without_rights(sealwire, wire):
    if sealwire.kind == "kernel":
        pytest.skip("no link of ours")
    stack.until(10, "answers", lambda: answered(wire, f"www.{ZONE}"))
    subprocess.run(["ip", "link", "set", wire.device, "down"], check=True)
    subprocess.run(["ip", "link", "set", wire.device, "up"], check=True)
    stack.until(10, "answers come again", lambda: answered(wire, f"www.{ZONE}"))


def start(directory, extra, *before, state=None):
    state = state or f"{{sqlite: {directory}/refused.db}}"
    config = directory / "refused.yaml"
    config.write_text(f"listen: [{{address: '127.0.0.1:{stack.free_port()}'}}]\ncontrol: {{socket: {directory}/refused.sock, "
                      f"token_file: {directory}/refused.token}}\nstate: {state}\nink: {{pairs: 4096}}\n{extra}\n")
    config.chmod(0o644)
    return subprocess.run([*before, stack.BIN / "sealwired", "--config", config], capture_output=True, text=True, timeout=20)


@pytest.mark.parametrize("extra, said", [
    ("user: no-such-user-here", "there is no user 'no-such-user-here'"),
    (f"user: {USER}\ngroup: no-such-group-here", "there is no group 'no-such-group-here'"),
    ("user: root", "'root' is root"),
    ("group: nogroup", "group: needs a user beside it"),
])
def test_what_cannot_be_is_said(directory, extra, said):
    done = start(directory, extra)
    assert done.returncode == 1 and said in done.stderr, done.stderr


def as_user(*more):
    return "setpriv", f"--reuid={USER}", "--regid=nogroup", "--clear-groups", *more


def test_only_root_can_become_another(directory):
    done = start(directory, "user: daemon", *as_user())
    assert done.returncode == 1 and "only root can become 'daemon'" in done.stderr, done.stderr


def test_capabilities_that_would_stay_are_refused(directory):
    done = start(directory, f"user: {USER}", *as_user("--inh-caps=+net_bind_service", "--ambient-caps=+net_bind_service"))
    assert done.returncode == 1 and "with capabilities, which would stay" in done.stderr, done.stderr


def test_state_that_belongs_to_root_is_named(directory):
    (directory / "roots").mkdir(mode=0o755)
    done = start(directory, f"user: {USER}", state=f"{{sqlite: {directory}/roots/state.db}}")
    assert done.returncode == 1 and f"{directory}/roots/state.db: user '{USER}' may not write in {directory}/roots" in done.stderr, done.stderr
    assert not (directory / "roots" / "state.db").exists()


def test_secrets_that_only_root_reads_are_named_before_a_port_is_open(directory):
    secret = directory / "cookies"
    secret.write_text("0123456789abcdef0123456789abcdef\n")
    secret.chmod(0o600)
    done = start(directory, f"user: {USER}\ncookies: {{secret_file: {secret}}}")
    assert done.returncode == 1 and f"{secret}: user '{USER}' may not read it: chgrp" in done.stderr, done.stderr


def test_the_state_of_a_fleet_is_reached_as_the_user(directory):
    path = directory / "fleet"
    path.mkdir(mode=0o755)
    with stack.Parts(path) as parts:
        etcd = stack.Etcd(parts)
        cache = path / "node" / "copy.db"
        state = etcd.config(cache.parent, "one")
        done = start(directory, f"user: {USER}", state=state)
        assert done.returncode == 1 and f"client.key: user '{USER}' may not read it" in done.stderr, done.stderr
        for file in ("ca.pem", "client.pem", "client.key"):
            os.chown(etcd.home / file, pwd.getpwnam(USER).pw_uid, -1)
        made = stack.Sealwire(parts, workers=1, user=USER, state=state)
        assert_given_up(made.process.pid)
        assert cache.owner() == USER
        assert "one" in made.ctl("node", "list")


def test_folders_and_token_that_are_missing_are_made_for_the_user(directory):
    port = stack.free_port()
    config = directory / "fresh.yaml"
    config.write_text(f"listen: [{{address: '127.0.0.1:{port}'}}]\nuser: {USER}\ngroup: daemon\nink: {{pairs: 4096}}\n"
                      f"control: {{socket: {directory}/run/control.sock, token_file: {directory}/etc/token}}\nstate: {{sqlite: {directory}/lib/state.db}}\n")
    config.chmod(0o644)
    with stack.Parts(directory) as parts:
        process = parts.spawn("fresh", [stack.BIN / "sealwired", "--config", config])
        stack.until(20, f"it is up\n{process.text()}", lambda: " ready" in process.text())
        for file in ("run", "run/control.sock", "etc/token", "lib", "lib/state.db"):
            assert ((directory / file).owner(), (directory / file).group()) == (USER, "daemon"), file
        assert (directory / "etc/token").stat().st_mode & 0o777 == 0o600
        assert process.stop() == 0
