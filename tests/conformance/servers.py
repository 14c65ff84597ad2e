"""Who is asked: Sealwire before each kind of source, and the servers that it is measured by.

Each class starts one server with all zones of zones.py on a port of its own, by means of tests/e2e/stack.py, and ends with
its `Parts`. `denial` says which proof a reply must bear; a yardstick may choose its own ("any").
"""

import shutil
import subprocess

import dns.rdatatype

import primaries
import stack
import zones


class Unavailable(Exception):
    """The server is not here, or cannot do what the column asks for."""


def run(*command, cwd=None):
    done = subprocess.run([str(word) for word in command], cwd=cwd, capture_output=True, text=True)
    if done.returncode != 0:
        raise Unavailable(f"{command[0]}: {(done.stdout + done.stderr).strip()[-300:]}")
    return done.stdout


def needs(*programs):
    for program in programs:
        if shutil.which(program) is None:
            raise Unavailable(f"{program} is not installed")


def signed_by_bind(home, zone):
    """`zone` as dnssec-signzone signs it: ECDSA P-256, NSEC."""
    for flags in ((), ("-f", "KSK")):
        run("dnssec-keygen", "-q", "-a", "ECDSAP256SHA256", *flags, zone, cwd=home)
    keys = "".join(key.read_text() for key in sorted(home.glob(f"K{zone}.*.key")))
    (home / f"{zone}.in").write_text(zones.plain(zone) + keys)
    run("dnssec-signzone", "-P", "-O", "full", "-o", zone, "-f", f"{zone}.signed", f"{zone}.in", cwd=home)
    return home / f"{zone}.signed"


def signed_by_ldns(home, zone):
    """`zone` as ldns-signzone signs it. ldns 1.8 of Debian reads SVCB and HTTPS in the form of RFC 3597 only."""
    (home / f"{zone}.in").write_text(zones.plain(zone, generic=("SVCB", "HTTPS")))
    keys = [run("ldns-keygen", "-a", "ECDSAP256SHA256", *flags, zone, cwd=home).strip() for flags in ((), ("-k",))]
    run("ldns-signzone", "-f", f"{zone}.signed", f"{zone}.in", *keys, cwd=home)
    return home / f"{zone}.signed"


class Server:
    """A column of the matrix."""

    denial = "any"
    without = ()        # types and names that this column's source cannot hold
    largest = 65535     # octets of an answer that it can give
    zones = zones.ALL
    is_ours = False
    unseen = frozenset()  # types that its NSEC may leave out though the zone has them: docs/conformance.md says why
    beside = frozenset()  # groups of cases that are not asked: what they judge is another program's

    def ask_soa(self):
        stack.until(20, f"{self.title} serves", lambda: all(stack.answers(self.port, zone) for zone in zones.ALL))


class Bind(Server):
    title = "BIND"

    def __init__(self, parts):
        needs("named", "dnssec-signzone")
        self.port, home = stack.free_port(), parts.folder("bind")
        lines = [
            f'options {{ directory "{home}"; listen-on port {self.port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};',
            '  recursion no; dnssec-validation no; minimal-responses yes; notify no; allow-transfer { none; }; max-records-per-type 0;',
            f'  pid-file "{home}/pid"; session-keyfile "{home}/session.key"; managed-keys-directory "{home}";',
            "};", "controls { };",
        ]
        lines += [f'zone "{zone}" {{ type primary; file "{signed_by_bind(home, zone)}"; check-names ignore; check-integrity no; }};'
                  for zone in zones.ALL]
        (home / "named.conf").write_text("\n".join(lines) + "\n")
        parts.spawn("bind", ["named", "-g", "-n", "1", "-c", home / "named.conf"])
        self.ask_soa()


class KnotOnline(Server):
    title = "Knot"

    def __init__(self, parts):
        needs("knotd")
        self.port, home = stack.free_port(), parts.folder("knot-online")
        (home / "db").mkdir()
        lines = [
            "server:", f"  listen: 127.0.0.1@{self.port}", f'  rundir: "{home}"', "  udp-workers: 1", "  tcp-workers: 1",
            "  background-workers: 1", "log:", "  - target: stderr", "    any: warning", "database:",
            f'  storage: "{home}/db"', "zone:",
        ]
        for zone in zones.ALL:
            (home / f"{zone}.zone").write_text(zones.text(zone))
            lines += [f"  - domain: {zone}", f'    file: "{home}/{zone}.zone"', "    zonefile-sync: -1",
                      "    journal-content: none", "    module: mod-onlinesign", "    semantic-checks: off"]
        (home / "knot.conf").write_text("\n".join(lines) + "\n")
        parts.spawn("knot-online", ["knotd", "-c", home / "knot.conf"])
        self.ask_soa()


class Nsd(Server):
    title = "NSD"

    def __init__(self, parts):
        needs("nsd", "ldns-signzone", "ldns-keygen")
        home = parts.folder("ldns-signed")
        self.port = stack.nsd(parts, {zone: signed_by_ldns(home, zone).read_text() for zone in zones.ALL}, "nsd-signed")
        self.ask_soa()


class PowerDns(Server):
    title = "PowerDNS"

    def __init__(self, parts):
        needs("pdns_server", "pdnsutil")
        self.port, home = stack.free_port(), parts.folder("pdns")
        (home / "named.conf").write_text("".join(
            f'zone "{zone}" {{ type master; file "{home}/{zone}.zone"; }};\n' for zone in zones.ALL))
        for zone in zones.ALL:
            (home / f"{zone}.zone").write_text(zones.plain(zone))
        (home / "pdns.conf").write_text(f"""\
daemon=no
guardian=no
disable-syslog=yes
loglevel=3
local-address=127.0.0.1
local-port={self.port}
socket-dir={home}
receiver-threads=1
distributor-threads=1
dname-processing=yes
launch=bind
bind-config={home}/named.conf
bind-dnssec-db={home}/bind.db
""")
        run("pdnsutil", f"--config-dir={home}", "create-bind-db", home / "bind.db")
        for zone in zones.ALL:
            run("pdnsutil", f"--config-dir={home}", "secure-zone", zone)
        parts.spawn("pdns", ["pdns_server", f"--config-dir={home}"])
        self.ask_soa()


class Sealwire(Server):
    """Sealwire; a subclass says what stands behind it. hosted.conf.example stays unsigned: its parent has no DS."""

    denial = "compact"
    is_ours = True

    def start(self, parts, backends, policy=None, config_extra=""):
        extra = ("" if policy is None else f"  {policy}: {{denial: {policy}}}\n") + config_extra
        self.daemon = stack.Sealwire(parts, name=self.key, workers=1, config_extra=extra)
        self.port = self.daemon.port
        for zone in self.zones:
            words = ["zone", "add", zone, *backends(zone)] + (["--policy", policy] if policy else [])
            self.daemon.ctl(*words)
        for zone in (zones.APEX, zones.OTHER):
            self.daemon.toggle_on(zone)
        self.anchors = {zone: self.daemon.ds(zone) for zone in (zones.APEX, zones.OTHER)}


class SealwireFile(Sealwire):
    title, policy = "SW file", None

    def __init__(self, parts):
        home = parts.folder(f"{self.key}-zones")
        for zone in zones.ALL:
            (home / f"{zone}.zone").write_text(zones.text(zone))
        self.start(parts, lambda zone: ["--file", home / f"{zone}.zone"], self.policy)


class SealwireTransfer(Sealwire):
    """Every zone fetched from NSD by AXFR, with TSIG."""

    title = "SW transfer"

    def __init__(self, parts):
        needs("nsd")
        primary = primaries.NsdPrimary(parts, {zone: zones.text(zone) for zone in zones.ALL}, key="xfr.example", name="nsd-primary")
        tsig = "tsig:\n" + primaries.tsig_section(parts.folder("transfer-key"))
        self.start(parts, lambda zone: ["--transfer", f"127.0.0.1:{primary.port}", "--tsig", "xfr.example"], config_extra=tsig)


class NsdWithCopy(SealwireFile):
    """NSD that has every zone from Sealwire, by AXFR with TSIG: what it serves is ours, how it speaks is its own."""

    title, policy, denial = "NSD<SW", None, "nsec"
    without = ("compact", "online", "serial")
    beside = frozenset({"manners"})

    def start(self, parts, backends, policy=None, config_extra=""):
        needs("nsd")
        key = "xfr.example"
        tsig = "tsig:\n" + primaries.tsig_section(parts.folder("copy-key"), name=key)
        port = stack.free_port()
        super().start(parts, lambda zone: [*backends(zone), "--secondary", f"127.0.0.1:{port}@{key}"], policy, tsig)
        self.port = port
        primaries.NsdSecondary(parts, {zone: self.daemon.port for zone in self.zones}, key=key, name="nsd-copy", port=port)
        self.ask_soa()
        for zone in self.anchors:
            stack.until(30, f"NSD has {zone} signed", lambda zone=zone: stack.is_signed(port, zone))


class SealwireForward(Sealwire):
    """A source that is only asked does not know a name's types; DNAME would change what the NSEC means (decision 0021)."""

    unseen = frozenset({dns.rdatatype.DNAME})


class SealwireBeforeNsd(SealwireForward):
    title = "SW/NSD"

    def __init__(self, parts):
        needs("nsd")
        backend = stack.nsd(parts, {zone: zones.text(zone) for zone in zones.ALL}, "nsd-plain")
        self.start(parts, lambda zone: ["--forward", f"127.0.0.1:{backend}"])


class SealwireBeforeKnot(SealwireForward):
    title = "SW/Knot"

    def __init__(self, parts):
        needs("knotd")
        backend = stack.Knot(parts, {zone: zones.text(zone) for zone in zones.ALL}, "knot-plain").port
        self.start(parts, lambda zone: ["--forward", f"127.0.0.1:{backend}"])


class SealwireBeforeGdnsd(SealwireForward):
    """gdnsd knows no DNAME, DS or HINFO, no empty RDATA, no data below a cut, no zone within another, no circle of aliases, no TTL below 5, no SOA TTL above MINIMUM, and no answer above 16 kB."""

    title = "SW/gdnsd"
    without = ("DNAME", "DS", "HINFO", "TYPE65281", "loop1", "loop2", "self", "huge",
               "occluded.insecure", "ttl 0", "SOA TTL")
    zones = (zones.APEX, zones.OTHER)
    largest = 16384

    def __init__(self, parts):
        needs("gdnsd")
        backend, home = stack.free_port(), parts.folder("gdnsd-plain")
        for sub in ("run", "state", "zones"):
            (home / sub).mkdir()
        (home / "config").write_text(
            f'options => {{ listen => "127.0.0.1:{backend}", run_dir => "{home}/run", state_dir => "{home}/state", '
            "max_edns_response => 4096 }\n")
        native = {"A", "AAAA", "SOA", "NS", "MX", "TXT", "CNAME", "PTR", "SRV", "NAPTR", "CAA"}
        known = {"TLSA", "SSHFP", "LOC", "URI", "SVCB", "HTTPS", "RP", "SMIMEA", "OPENPGPKEY", "CERT"}
        for zone in self.zones:
            text = zones.plain(zone, generic=known - native, without=self.without)
            (home / "zones" / zone).write_text(text)
        process = parts.spawn("gdnsd-plain", ["gdnsd", "-c", home, "start"])
        stack.until(10, f"gdnsd serves\n{process.text()}", lambda: stack.answers(backend, zones.APEX))
        self.start(parts, lambda zone: ["--forward", f"127.0.0.1:{backend}"])


def _column(key, base, **attributes):
    return type(key, (base,), {"key": key, **attributes})


COLUMNS = {
    column.key: column for column in (
        _column("sealwire-file", SealwireFile),
        _column("sealwire-white-lies", SealwireFile, title="SW NSEC", policy="white-lies", denial="nsec", without=("compact",)),
        _column("sealwire-nsec3", SealwireFile, title="SW NSEC3", policy="nsec3", denial="nsec3", without=("compact",)),
        _column("sealwire-transfer", SealwireTransfer),
        _column("sealwire-copy", NsdWithCopy),
        _column("sealwire-nsd", SealwireBeforeNsd),
        _column("sealwire-knot", SealwireBeforeKnot),
        _column("sealwire-gdnsd", SealwireBeforeGdnsd),
        _column("bind", Bind),
        _column("knot", KnotOnline),
        _column("nsd", Nsd),
        _column("pdns", PowerDns),
    )
}
