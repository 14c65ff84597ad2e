"""The parts that end-to-end tests are made of: each a real server, on loopback, on a port of its own.

A part is started by constructing it and ended with its `Parts`; by process id, in reverse order.
"""

import json
import os
import pathlib
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import time

import dns.dnssec
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("SEALWIRE_BIN", ROOT / "build/release/bin"))
EXAMPLE = ROOT / "deploy/example"
SOFTHSM = "/usr/lib/softhsm/libsofthsm2.so"


def free_port():
    """A port that is free for both UDP and TCP on 127.0.0.1."""
    for _ in range(100):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp:
            tcp.bind(("127.0.0.1", 0))
            port = tcp.getsockname()[1]
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
                try:
                    udp.bind(("127.0.0.1", port))
                    return port
                except OSError:
                    continue
    raise RuntimeError("no free port")


def until(seconds, what, test):
    """The first true value of `test()`, asked ten times a second; AssertionError after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        value = test()
        if value:
            return value
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.1)


def ask(port, name, rdtype, *, dnssec=False, tcp=False, timeout=3, compact=False, options=None, address="127.0.0.1"):
    """One query, without recursion desired; the whole reply."""
    query = dns.message.make_query(name, rdtype, want_dnssec=dnssec, options=options, use_edns=dnssec or bool(options))
    query.flags &= ~dns.flags.RD
    if compact:
        query.ednsflags |= 0x4000
    send = dns.query.tcp if tcp else dns.query.udp
    return send(query, address, port=port, timeout=timeout)


def answers(port, name):
    """True when a server answers SOA for `name` with NOERROR."""
    try:
        return ask(port, name, "SOA", timeout=0.5).rcode() == dns.rcode.NOERROR
    except (OSError, dns.exception.DNSException):
        return False


def is_signed(port, zone):
    """True when a server's answer to SOA bears a signature."""
    reply = ask(port, zone, "SOA", dnssec=True, tcp=True)
    return any(rrset.rdtype == dns.rdatatype.RRSIG for rrset in reply.answer)


class Parts:
    """Everything that one test module started."""

    def __init__(self, directory):
        self.directory = directory
        self._running = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for part in reversed(self._running):
            part.stop()

    def spawn(self, name, command, **environment):
        part = Process(name, command, self.directory / f"{name}.log", environment)
        self._running.append(part)
        return part

    def folder(self, name):
        path = self.directory / name
        path.mkdir(exist_ok=True)
        return path


class Process:
    def __init__(self, name, command, log, environment):
        self.name, self.log = name, log
        self._command = [str(word) for word in command]
        self._environment = dict(os.environ, **environment)
        self.start()

    def start(self):
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=self._environment
            )
        self.pid = self._process.pid

    def alive(self):
        return self._process.poll() is None

    def kill(self):
        self._process.kill()
        self._process.wait()

    def stop(self, seconds=10):
        """SIGTERM, then SIGKILL; the exit status."""
        if self.alive():
            self._process.terminate()
            try:
                self._process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.kill()
        return self._process.returncode

    def signal(self, number):
        os.kill(self.pid, number)

    def text(self):
        return self.log.read_text(errors="replace")


def gdnsd(parts, zones=EXAMPLE / "gdnsd/zones"):
    """gdnsd with weighted, multifo and geo answers; returns its port."""
    port, home = free_port(), parts.folder("gdnsd")
    for sub in ("run", "state", "zones"):
        (home / sub).mkdir(exist_ok=True)
    config = (EXAMPLE / "gdnsd/config").read_text().replace("@LISTEN@", f"127.0.0.1:{port}").replace("@DIR@", str(home))
    (home / "config").write_text(config)
    for zone in pathlib.Path(zones).iterdir():
        (home / "zones" / zone.name).write_text(zone.read_text())
    process = parts.spawn("gdnsd", ["gdnsd", "-c", home, "start"])
    until(10, f"gdnsd serves\n{process.text()}", lambda: answers(port, "cdn.example"))
    return port


def nsd(parts, zones, name="nsd"):
    """NSD with {zone: text}; returns its port."""
    port, home = free_port(), parts.folder(name)
    lines = [
        "server:", f"  ip-address: 127.0.0.1@{port}", "  server-count: 1", "  rrl-ratelimit: 0", '  username: ""', f'  zonesdir: "{home}"',
        f'  pidfile: "{home}/nsd.pid"', f'  xfrdfile: "{home}/xfrd"', f'  zonelistfile: "{home}/zones"',
        f'  xfrdir: "{home}"', '  database: ""', '  chroot: ""', "remote-control:", "  control-enable: no",
    ]
    for zone, text in zones.items():
        (home / f"{zone}.zone").write_text(text)
        lines += ["zone:", f'  name: "{zone}"', f'  zonefile: "{home}/{zone}.zone"']
    (home / "nsd.conf").write_text("\n".join(lines) + "\n")
    process = parts.spawn(name, ["nsd", "-d", "-c", home / "nsd.conf"])
    until(10, f"nsd serves\n{process.text()}", lambda: answers(port, next(iter(zones))))
    return port


class Knot:
    """Knot DNS with {zone: text}; `signed`: it signs its zones, and anchors() are their DS records."""

    def __init__(self, parts, zones, name="knot", signed=False):
        self.port, self._home = free_port(), parts.folder(name)
        (self._home / "db").mkdir()
        lines = [
            "server:", f"  listen: 127.0.0.1@{self.port}", f'  rundir: "{self._home}"', "  udp-workers: 1",
            "  tcp-workers: 1", "  background-workers: 1", "log:", "  - target: stderr", "    any: info",
            "database:", f'  storage: "{self._home}/db"',
            *(("policy:", "  - id: one", "    single-type-signing: on", "    dnskey-ttl: 2") if signed else ()), "zone:",
        ]
        for zone, text in zones.items():
            (self._home / f"{zone}.zone").write_text(text)
            lines += [f"  - domain: {zone}", f'    file: "{self._home}/{zone}.zone"', "    zonefile-load: difference-no-serial" if signed else "    zonefile-load: whole"]
            if signed:
                lines += ["    zonefile-sync: -1", "    journal-content: all", "    dnssec-signing: on", "    dnssec-policy: one"]
        (self._home / "knot.conf").write_text("\n".join(lines) + "\n")
        self._process = parts.spawn(name, ["knotd", "-c", self._home / "knot.conf"])
        until(10, f"knot serves\n{self._process.text()}", lambda: answers(self.port, next(iter(zones))))

    def anchors(self, zone):
        """The DS records of a zone that it signs, as master-file lines."""
        said = subprocess.run(["keymgr", "-c", self._home / "knot.conf", zone, "ds"], check=True, capture_output=True, text=True)
        return [line.replace(" DS ", " IN DS ") for line in said.stdout.splitlines() if " 13 2 " in line]

    def replace(self, zone, text):
        """Serves `text` as the zone from now on (its serial must have grown)."""
        (self._home / f"{zone}.zone").write_text(text)
        subprocess.run(
            ["knotc", "-c", self._home / "knot.conf", "-s", self._home / "knot.sock", "zone-reload", zone],
            check=True, capture_output=True,
        )


class Unbound:
    """A validating resolver that asks Sealwire for `zones` and trusts the DS records given."""

    def __init__(self, parts, forwards, anchors, name="unbound", extra=()):
        self.port, home = free_port(), parts.folder(name)
        lines = [
            "server:", f"  port: {self.port}", "  interface: 127.0.0.1", "  do-daemonize: no", '  chroot: ""',
            '  username: ""', f'  directory: "{home}"', '  pidfile: ""', "  use-syslog: no", "  verbosity: 1",
            "  val-log-level: 2", "  do-not-query-localhost: no", '  module-config: "validator iterator"',
            "  num-threads: 1", "  qname-minimisation: no", "  cache-max-ttl: 2", "  cache-max-negative-ttl: 2",
            '  local-zone: "example." nodefault', "  aggressive-nsec: yes", "  harden-below-nxdomain: yes",
            *(f"  {line}" for line in extra),
            *(f'  trust-anchor: "{anchor}"' for anchor in anchors),
        ]
        for zone, ports in forwards.items():
            ports = ports if isinstance(ports, list) else [ports]
            lines += ["stub-zone:", f'  name: "{zone}"', *(f"  stub-addr: 127.0.0.1@{port}" for port in ports)]
        lines += ["remote-control:", "  control-enable: no"]
        (home / "unbound.conf").write_text("\n".join(lines) + "\n")
        self.process = parts.spawn(name, ["unbound", "-d", "-c", home / "unbound.conf"])

        def up():
            try:
                self.ask("localhost", "A", timeout=0.5)
                return True
            except (OSError, dns.exception.DNSException):
                return False

        until(10, f"unbound answers\n{self.process.text()}", up)

    def ask(self, name, rdtype, timeout=5):
        query = dns.message.make_query(name, rdtype, want_dnssec=True)
        return dns.query.udp(query, "127.0.0.1", port=self.port, timeout=timeout)


class Sealwire:
    """sealwired with a SoftHSM token of its own, and sealctl bound to it."""

    def __init__(self, parts, *, parent="{resolver: \"127.0.0.1:9\"}", config_extra="", name="sealwire", workers=2, listen=(), ink_pairs=65536,
                 control_extra="", metrics_extra="", state=None, token_of=None, user=None, hsm_module=SOFTHSM, environment=None):
        self.home, self.port = parts.folder(name), free_port()
        self.http, self.metrics = free_port(), free_port()
        self.socket, self.token_file = self.home / "control.sock", self.home / "token"
        # `token_of`: another Sealwire, whose token this one shares.
        self.softhsm_conf = token_of.softhsm_conf if token_of else self.home / "softhsm2.conf"
        self._environment = {"SOFTHSM2_CONF": str(self.softhsm_conf), **(environment or {})}
        if not token_of:
            self._make_token()
        pin = self.softhsm_conf.parent / "hsm.pin"
        self.config = self.home / "sealwire.yaml"
        self.config.write_text(f"""\
listen:
  - {{address: "127.0.0.1:{self.port}"}}
{"".join(f"  - {entry}{chr(10)}" for entry in listen)}workers: {workers}
control: {{socket: {self.socket}, http: "127.0.0.1:{self.http}", token_file: {self.token_file}{control_extra}}}
metrics: {{address: "127.0.0.1:{self.metrics}"{metrics_extra}}}
state: {state or f"{{sqlite: {self.home}/state.db}}"}
hsm: {{module: {hsm_module}, token: sealwire, pin_file: {pin}}}
parent: {parent}
ink: {{pairs: {ink_pairs}}}
policies:
  default: {{denial: compact, signature_validity: 3d, ksk: hsm, zsk: sealed}}
{f"user: {user}{chr(10)}" if user else ""}{config_extra}{"" if "canary:" in config_extra else "canary: {enabled: false}" + chr(10)}""")
        if user:  # started as root, it must get at all of this later
            for path in (self.home, *self.home.rglob("*")):
                shutil.chown(path, user)
        self.process = parts.spawn(name, [BIN / "sealwired", "--config", self.config], **self._environment)
        self.wait_ready()

    def _make_token(self):
        tokens = self.home / "tokens"
        tokens.mkdir()
        self.softhsm_conf.write_text(f"directories.tokendir = {tokens}\nobjectstore.backend = file\nlog.level = ERROR\n")
        pin = self.home / "hsm.pin"
        pin.write_text("7215 pin")
        pin.chmod(0o600)
        subprocess.run(
            ["softhsm2-util", "--init-token", "--free", "--label", "sealwire", "--pin", "7215 pin", "--so-pin", "7215 pin"],
            check=True, capture_output=True, env=dict(os.environ, **self._environment),
        )

    def wait_ready(self, times=1):
        def ready():
            assert self.process.alive(), self.process.text()
            return len(re.findall(r"\bready\b", self.process.text())) >= times

        until(20, "sealwired is ready", ready)

    def restart(self, kill=False):
        times = len(re.findall(r"\bready\b", self.process.text()))
        status = None
        if kill:
            self.process.kill()
        else:
            status = self.process.stop()
        self.process.start()
        self.wait_ready(times + 1)
        return status

    def ctl(self, *words, status=(0,), as_json=False):
        command = [str(BIN / "sealctl"), "--url", f"unix:{self.socket}", "--token-file", str(self.token_file)]
        done = subprocess.run(command + (["-o", "json"] if as_json else []) + [str(w) for w in words],
                              capture_output=True, text=True, timeout=60)
        assert done.returncode in status, f"sealctl {words}: {done.returncode}\n{done.stdout}{done.stderr}\n{self.process.text()[-4000:]}"
        return json.loads(done.stdout) if as_json else done.stdout

    def toggle_on(self, zone):
        self.ctl("dnssec", "on", zone, status=(0, 3))
        until(10, f"{zone} is signed", lambda: self.is_signed(zone))

    def is_signed(self, zone):
        return is_signed(self.port, zone)

    def dnskeys(self, zone):
        """The zone's own keys, as DNSKEY data."""
        return [key["dnskey"] for key in self.ctl("key", "list", zone, as_json=True)["keys"] if key["published"]]

    def ds(self, zone):
        """The DS records to publish, as master-file lines."""
        status = self.ctl("dnssec", "status", zone, status=(0, 3), as_json=True)
        return [f"{zone}. IN DS {record['rdata']}" for record in status["ds"]]

    def hsm_pid(self):
        """The process id of the running HSM process, or None."""
        for entry in pathlib.Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    if (entry / "comm").read_text().strip() == "sealwire-hsm" and \
                            f"\nPPid:\t{self.process.pid}\n" in (entry / "status").read_text():
                        return int(entry.name)
                except OSError:
                    continue
        return None


def fill_store(path, model, pattern, count):
    """Makes `count` zones of one that is there, in the store of a daemon that does not run; `pattern` is their names, as printf writes them."""
    with sqlite3.connect(path) as store:
        columns = [row[1] for row in store.execute("PRAGMA table_info(zones)")]
        values = ", ".join({"name": f"printf('{pattern}', n)", "id": "n + 1", "revision": "n + 1"}.get(column, column) for column in columns)
        store.execute(f"WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count - 1}) "
                      f"INSERT INTO zones SELECT {values} FROM numbers, zones WHERE name = ?", (model,))
        store.execute("UPDATE counters SET value = ?", (count + 1,))
    store.close()


class Etcd:
    """An etcd of one member, with TLS and client certificates; config() is a node's `state`."""

    def __init__(self, parts, name="etcd"):
        self.home, self.port, peer = parts.folder(name), free_port(), free_port()
        self._certificates()
        self.url = f"https://127.0.0.1:{self.port}"
        tls = ["--cert-file", self.home / "server.pem", "--key-file", self.home / "server.key",
               "--client-cert-auth", "--trusted-ca-file", self.home / "ca.pem"]
        self.process = parts.spawn(name, [
            "etcd", "--name", "one", "--data-dir", self.home / "data", "--listen-client-urls", self.url,
            "--advertise-client-urls", self.url, "--listen-peer-urls", f"http://127.0.0.1:{peer}",
            "--initial-advertise-peer-urls", f"http://127.0.0.1:{peer}",
            "--initial-cluster", f"one=http://127.0.0.1:{peer}", *tls,
        ])
        self.wait_up()

    def _certificates(self):
        def openssl(*words):
            subprocess.run(["openssl", *words], check=True, capture_output=True, cwd=self.home)

        new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        openssl("req", "-x509", *new_key, "-days", "2", "-subj", "/CN=fleet CA", "-keyout", "ca.key", "-out", "ca.pem")
        (self.home / "server.ext").write_text("subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n")
        (self.home / "client.ext").write_text("extendedKeyUsage=clientAuth\n")
        for who in ("server", "client"):
            openssl("req", *new_key, "-subj", f"/CN={who}", "-keyout", f"{who}.key", "-out", f"{who}.csr")
            openssl("x509", "-req", "-in", f"{who}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                    "-days", "2", "-extfile", f"{who}.ext", "-out", f"{who}.pem")

    def wait_up(self):
        def up():
            try:
                self.ctl("endpoint", "health")
                return True
            except subprocess.CalledProcessError:
                return False

        until(20, f"etcd is healthy\n{self.process.text()[-2000:]}", up)

    def ctl(self, *words):
        return subprocess.run(
            ["etcdctl", "--endpoints", self.url, "--cacert", self.home / "ca.pem", "--cert", self.home / "client.pem",
             "--key", self.home / "client.key", *words],
            check=True, capture_output=True, text=True, env=dict(os.environ, ETCDCTL_API="3"), timeout=20,
        ).stdout

    def compact(self):
        """Forgets every revision but the newest, as etcd does from time to time."""
        revision = json.loads(self.ctl("endpoint", "status", "-w", "json"))[0]["Status"]["header"]["revision"]
        self.ctl("compaction", "--physical", str(revision))

    def config(self, home, node, lease="3s", silence="15s"):
        return (f'{{etcd: {{endpoints: ["https://127.0.0.1:1", "{self.url}"], prefix: /sealwire, ca: {self.home}/ca.pem, '
                f'certificate: {self.home}/client.pem, key: {self.home}/client.key, cache: {home}/copy.db, '
                f'node: {node}, lease: {lease}, silence: {silence}}}}}')


def delv(port, zone, anchors, name, rdtype):
    """What delv says of a name, with the zone's DS records as the only trust."""
    lines = []
    for anchor in anchors:
        owner, _, _, tag, algorithm, digest_type, *digest = anchor.split()
        lines.append(f'  {owner} static-ds {tag} {algorithm} {digest_type} "{"".join(digest)}";')
    path = pathlib.Path(f"/tmp/sealwire-anchors-{os.getpid()}")
    path.write_text("trust-anchors {\n" + "\n".join(lines) + "\n};\n")
    try:
        done = subprocess.run(
            ["delv", "-a", path, f"+root={zone}", "@127.0.0.1", "-p", str(port), name, rdtype],
            capture_output=True, text=True, timeout=30,
        )
    finally:
        path.unlink()
    return done.stdout + done.stderr


def rdata_of(reply, name, rdtype):
    """The data of one RRset of the answer section, as a set of texts; empty when it is not there."""
    kind = dns.rdatatype.from_text(rdtype)
    return {rdata.to_text() for rrset in reply.answer if rrset.rdtype == kind and rrset.name == dns.name.from_text(name)
            for rdata in rrset}


STOP, CONTINUE, HANGUP = signal.SIGSTOP, signal.SIGCONT, signal.SIGHUP
