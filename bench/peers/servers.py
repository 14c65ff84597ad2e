"""The servers that are compared, each on one core and a port of its own, started and ended by process id."""

import ctypes
import os
import pathlib
import re
import shutil
import signal
import socket
import struct
import subprocess
import time
import urllib.request

from peers.workload import APEX

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("SEALWIRE_BIN", ROOT / "build/release/bin"))
SOFTHSM = "/usr/lib/softhsm/libsofthsm2.so"
TICKS = os.sysconf("SC_CLK_TCK")
RRSIG = 46


class Unavailable(Exception):
    """Why a server cannot take part."""


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


def free_port():
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            tcp.bind(("127.0.0.1", 0))
            try:
                udp.bind(tcp.getsockname())
                return tcp.getsockname()[1]
            except OSError:
                continue


def skip_name(message, at):
    while message[at]:
        if message[at] & 0xC0:
            return at + 2
        at += message[at] + 1
    return at + 1


def ask(port, name, qtype, *, dnssec, timeout=1.0):
    """(RCODE, types of all records but OPT) of one UDP query."""
    question = b"".join(bytes([len(label)]) + label for label in name.encode().split(b".")) + b"\0" + struct.pack("!HH", qtype, 1)
    opt = b"\0" + struct.pack("!HHIH", 41, 1232, 0x8000, 0) if dnssec else b""
    query = struct.pack("!6H", 0x5EA1, 0, 1, 0, 0, 1 if dnssec else 0) + question + opt
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.settimeout(timeout)
        udp.connect(("127.0.0.1", port))
        udp.send(query)
        reply = udp.recv(65535)
    _, flags, questions, *counts = struct.unpack("!6H", reply[:12])
    at, types = 12, []
    for _ in range(questions):
        at = skip_name(reply, at) + 4
    for _ in range(sum(counts)):
        at = skip_name(reply, at)
        rtype, _, _, size = struct.unpack("!HHIH", reply[at : at + 10])
        at += 10 + size
        if rtype != 41:
            types.append(rtype)
    return flags & 15, types


class Server:
    """`prepare()` once, then `start()` and `stop()` for every round."""

    title = ""
    needs = ()
    environment = {}
    signs = True

    def __init__(self, directory, zone, core, backend_core=None):
        self.home, self.zone, self.core = directory / type(self).__name__.lower(), zone, core
        self.backend_core = core if backend_core is None else backend_core
        self._process = None

    def check(self):
        missing = [program for program in self.needs if shutil.which(program) is None]
        if missing:
            raise Unavailable(f"not installed: {', '.join(missing)}")

    def prepare(self):
        """Configuration, keys, and for servers that sign beforehand the signed zone."""

    def command(self):
        raise NotImplementedError

    def on_started(self):
        """Called when the process runs, before it is asked anything."""

    def start(self):
        self.port = free_port()
        with open(self.home / "log", "ab") as log:
            self._process = subprocess.Popen(
                ["taskset", "-c", str(self.core), *map(str, self.command())],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.home,
                env=dict(os.environ, **self.environment), preexec_fn=die_with_parent,
            )
        self.on_started()
        self.until(60, "answers SOA", lambda: ask(self.port, APEX, 6, dnssec=False, timeout=0.3)[0] == 0)
        for name in (f"h000000.{APEX}", f"nothing-here.{APEX}", f"any.wild.{APEX}") if self.signs else ():
            self.until(30, f"signs {name}", lambda: RRSIG in ask(self.port, name, 1, dnssec=True)[1])
        self.settle()

    def settle(self):
        """Returns when what the server does on its own after its start is done."""

    def stop(self):
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._process = None

    def until(self, seconds, what, test):
        end = time.monotonic() + seconds
        while True:
            if self._process.poll() is not None:
                raise Unavailable(f"ended with status {self._process.returncode}; see {self.home}/log")
            try:
                if test():
                    return
            except OSError:
                pass
            if time.monotonic() > end:
                raise Unavailable(f"not within {seconds} s: {what}; see {self.home}/log")
            time.sleep(0.05)

    def cpu_seconds(self):
        """User and system time of the process and its descendants, all threads."""
        return sum(self._stat(pid)[1] for pid in self._tree()) / TICKS

    def peak_mib(self):
        peak = 0
        for pid in self._tree():
            found = re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())
            peak += int(found.group(1)) if found else 0
        return peak / 1024

    @staticmethod
    def _stat(pid):
        """(parent, ticks of user and system time)"""
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[1]), int(fields[11]) + int(fields[12])

    def _tree(self):
        parents = {}
        for entry in pathlib.Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    parents[int(entry.name)] = self._stat(entry.name)[0]
                except OSError:
                    continue
        tree, grew = {self._process.pid}, True
        while grew:
            more = {pid for pid, parent in parents.items() if parent in tree} - tree
            tree, grew = tree | more, bool(more)
        return tree


def run(*command, cwd=None, environment=None):
    done = subprocess.run([str(word) for word in command], cwd=cwd, capture_output=True, text=True,
                          env=dict(os.environ, **(environment or {})), preexec_fn=die_with_parent)
    if done.returncode != 0:
        raise Unavailable(f"{command[0]} failed: {(done.stdout + done.stderr).strip()[-400:]}")
    return done.stdout


class Sealwire(Server):
    """Its store of ready pairs is full when it is asked: a burst."""

    title = "Sealwire"
    needs = ("softhsm2-util",)
    pairs = 1 << 20
    source = property(lambda self: ("--file", self.zone))

    def check(self):
        super().check()
        for program in ("sealwired", "sealctl"):
            if not (BIN / program).exists():
                raise Unavailable(f"{BIN / program} is not built")

    def prepare(self):
        (self.home / "tokens").mkdir(exist_ok=True)
        conf = self.home / "softhsm2.conf"
        conf.write_text(f"directories.tokendir = {self.home}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n")
        self.environment = {"SOFTHSM2_CONF": str(conf)}
        pin = self.home / "hsm.pin"
        pin.write_text("1357")
        pin.chmod(0o600)
        run("softhsm2-util", "--init-token", "--free", "--label", "sealwire", "--pin", "1357", "--so-pin", "1357",
            environment=self.environment)

    def command(self):
        for leftover in self.home.glob("state.db*"):
            leftover.unlink()
        self.metrics = free_port()
        (self.home / "sealwire.yaml").write_text(f"""\
listen:
  - {{address: "127.0.0.1:{self.port}"}}
workers: 1
control: {{socket: {self.home}/control.sock, token_file: {self.home}/token}}
state: {{sqlite: {self.home}/state.db}}
hsm: {{module: {SOFTHSM}, token: sealwire, pin_file: {self.home}/hsm.pin}}
parent: {{servers: ["127.0.0.1:9"]}}
metrics: {{address: "127.0.0.1:{self.metrics}"}}
ink: {{pairs: {self.pairs}}}
policies:
  default: {{denial: compact, signature_validity: 3d, ksk: hsm, zsk: sealed}}
""")
        return [BIN / "sealwired", "--config", self.home / "sealwire.yaml"]

    def on_started(self):
        self.until(20, "makes its control socket and token",
                   lambda: (self.home / "control.sock").exists() and (self.home / "token").exists())
        self.ctl("zone", "add", APEX, *self.source)
        self.ctl("dnssec", "on", APEX)

    def settle(self):
        self.until(60, "fills its store of ready pairs", lambda: self.ready_pairs() >= 0.999 * self.pairs)

    def ready_pairs(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics}/metrics", timeout=5) as page:
            return sum(float(line.rpartition(" ")[2]) for line in page.read().decode().splitlines()
                       if re.match(r"sealwire_ready_pairs[{ ]", line))

    def ctl(self, *words):
        def done():
            result = subprocess.run(
                [str(BIN / "sealctl"), "--url", f"unix:{self.home}/control.sock", "--token-file", str(self.home / "token"),
                 *map(str, words)], capture_output=True, text=True)
            if result.returncode not in (0, 3):  # 3: still pending, for want of a DS
                with open(self.home / "log", "a") as log:
                    log.write(result.stdout + result.stderr)
            return result.returncode in (0, 3)

        self.until(30, f"sealctl {' '.join(map(str, words))}", done)


class SealwireDry(Sealwire):
    """A store too small to matter: nearly every pair is made on the same core while questions come."""

    title = "Sealwire, making its ink"
    pairs = 8192


class SealwireForward(Sealwire):
    """Asks NSD, which serves the unsigned zone from the other core."""

    title = "Sealwire, forward"
    needs = Sealwire.needs + ("nsd",)
    backend = None

    @property
    def source(self):
        return "--forward", f"127.0.0.1:{self.backend.port}"

    def start(self):
        self.backend = UnsignedNsd(self.home, self.zone, self.backend_core)
        self.backend.home.mkdir(exist_ok=True)
        self.backend.start()
        super().start()

    def stop(self):
        super().stop()
        if self.backend is not None:
            self.backend.stop()


class Knot(Server):
    needs = ("knotd",)

    def zone_lines(self):
        raise NotImplementedError

    def command(self):
        (self.home / "db").mkdir(exist_ok=True)
        (self.home / "knot.conf").write_text(f"""\
server:
  listen: 127.0.0.1@{self.port}
  rundir: "{self.home}"
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
log:
  - target: stderr
    any: warning
database:
  storage: "{self.home}/db"
zone:
  - domain: {APEX}
    zonefile-sync: -1
    journal-content: none
{self.zone_lines()}""")
        return ["knotd", "-c", self.home / "knot.conf"]


class KnotOnline(Knot):
    title = "Knot, onlinesign"

    def zone_lines(self):
        return f'    file: "{self.zone}"\n    module: mod-onlinesign\n'


class SignedBeforehand(Server):
    """A server that serves what dnssec-signzone signed: ECDSA P-256, NSEC."""

    needs = ("dnssec-keygen", "dnssec-signzone")
    _signed = None

    def prepare(self):
        if SignedBeforehand._signed is None:
            home = self.home.parent / "signed"
            home.mkdir(exist_ok=True)
            for flags in ((), ("-f", "KSK")):
                run("dnssec-keygen", "-q", "-a", "ECDSAP256SHA256", *flags, APEX, cwd=home)
            keys = "".join(key.read_text() for key in sorted(home.glob("K*.key")))
            (home / "zone").write_text(self.zone.read_text() + keys)
            run("dnssec-signzone", "-P", "-O", "full", "-o", APEX, "-f", "zone.signed", "zone", cwd=home)
            SignedBeforehand._signed = home / "zone.signed"
        self.signed = SignedBeforehand._signed


class KnotPresigned(SignedBeforehand, Knot):
    title = "Knot, signed beforehand"
    needs = SignedBeforehand.needs + Knot.needs

    def zone_lines(self):
        return f'    file: "{self.signed}"\n'


class Nsd(SignedBeforehand):
    title = "NSD, signed beforehand"
    needs = SignedBeforehand.needs + ("nsd",)

    def command(self):
        (self.home / "nsd.conf").write_text(f"""\
server:
  ip-address: 127.0.0.1@{self.port}
  server-count: 1
  username: ""
  chroot: ""
  zonesdir: "{self.home}"
  database: ""
  pidfile: "{self.home}/nsd.pid"
  xfrdfile: "{self.home}/xfrd.state"
  zonelistfile: "{self.home}/zone.list"
  xfrdir: "{self.home}"
  rrl-ratelimit: 0
  minimal-responses: yes
remote-control:
  control-enable: no
zone:
  name: "{APEX}"
  zonefile: "{self.signed}"
""")
        return ["nsd", "-d", "-c", self.home / "nsd.conf"]


class UnsignedNsd(Nsd):
    """A backend for others: it says nothing of DNSSEC."""

    title = "NSD, unsigned"

    def prepare(self):
        pass

    signed = property(lambda self: self.zone)
    signs = False


class PowerDnsNsec(Server):
    title = "PowerDNS, live NSEC"
    needs = ("pdns_server", "pdnsutil")

    def prepare(self):
        self.write_config(0)
        (self.home / "named.conf").write_text(f'zone "{APEX}" {{ type master; file "{self.zone}"; }};\n')
        (self.home / "bind.db").unlink(missing_ok=True)
        self.util("create-bind-db", self.home / "bind.db")
        self.util("secure-zone", APEX)

    def write_config(self, port):
        (self.home / "pdns.conf").write_text(f"""\
daemon=no
guardian=no
disable-syslog=yes
loglevel=3
local-address=127.0.0.1
local-port={port}
socket-dir={self.home}
receiver-threads=1
distributor-threads=1
launch=bind
bind-config={self.home}/named.conf
bind-dnssec-db={self.home}/bind.db
""")

    def util(self, *words):
        run("pdnsutil", f"--config-dir={self.home}", *words)

    def command(self):
        self.write_config(self.port)
        return ["pdns_server", f"--config-dir={self.home}"]


class PowerDnsNsec3(PowerDnsNsec):
    title = "PowerDNS, live NSEC3 narrow"

    def prepare(self):
        super().prepare()
        self.util("set-nsec3", APEX, "1 0 0 -", "narrow")


ALL = {
    "sealwire": Sealwire,
    "sealwire-dry": SealwireDry,
    "sealwire-forward": SealwireForward,
    "knot-online": KnotOnline,
    "pdns-nsec": PowerDnsNsec,
    "pdns-nsec3": PowerDnsNsec3,
    "nsd-presigned": Nsd,
    "knot-presigned": KnotPresigned,
}
