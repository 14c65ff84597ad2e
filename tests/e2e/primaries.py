"""Primaries that Sealwire fetches zones from, and secondaries that fetch from it: BIND, Knot, NSD."""

import base64
import subprocess

import stack

SECRET = base64.b64encode(bytes(range(32))).decode()


def zone_text(name, serial, *, refresh=3600, retry=5, expire=86400, extra=""):
    """A small zone with everything that a transfer may have to carry."""
    return f"""\
$TTL 300
@ IN SOA ns1.{name}. hostmaster.{name}. {serial} {refresh} {retry} {expire} 60
@ IN NS ns1.{name}.
ns1 IN A 192.0.2.1
www IN A 192.0.2.{serial % 200}
www IN AAAA 2001:db8::1
*.wild IN TXT "any name"
b.ent IN TXT "below an empty non-terminal"
alias IN CNAME www
depot IN NS ns.depot
ns.depot IN A 192.0.2.53
odd IN TYPE65280 \\# 3 010203
{extra}"""


class Bind:
    """named as a primary of {zone: text} that takes updates, or as a secondary of zones."""

    def __init__(self, parts, zones=None, *, notify=None, key=None, secondary_of=None, name="bind"):
        self.port, self.home = stack.free_port(), parts.folder(name)
        lines = []
        if key:
            lines += [f'key "{key}" {{ algorithm hmac-sha256; secret "{SECRET}"; }};']
        who = f'key "{key}";' if key else "127.0.0.1;"
        lines += [
            "options {", f'  directory "{self.home}"; pid-file "{self.home}/named.pid"; session-keyfile "{self.home}/session.key";',
            f"  listen-on port {self.port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; recursion no; dnssec-validation no;",
            "  minimal-responses yes; allow-query { any; }; notify explicit; notify-delay 0; min-refresh-time 1; min-retry-time 1;",
            "  serial-query-rate 100; ixfr-from-differences yes;",
            "};", "controls { };",
        ]
        for zone, text in (zones or {}).items():
            (self.home / f"{zone}.zone").write_text(text)
            also = f"also-notify {{ 127.0.0.1 port {notify}{f' key {key}' if key else ''}; }};" if notify else ""
            lines += [f'zone "{zone}" {{ type primary; file "{self.home}/{zone}.zone"; allow-transfer {{ {who} }};',
                      f"  allow-update {{ 127.0.0.1; }}; {also} }};"]
        for zone, port in (secondary_of or {}).items():
            lines += [f'zone "{zone}" {{ type secondary; file "{self.home}/{zone}.secondary"; masterfile-format text;',
                      f"  primaries {{ 127.0.0.1 port {port}{f' key {key}' if key else ''}; }}; allow-notify {{ 127.0.0.1; }}; }};"]
        (self.home / "named.conf").write_text("\n".join(lines) + "\n")
        self.process = parts.spawn(name, ["named", "-g", "-n", "1", "-U", "1", "-c", self.home / "named.conf"])
        for zone in zones or {}:
            stack.until(10, f"named serves\n{self.process.text()}", lambda zone=zone: stack.answers(self.port, zone))

    def update(self, zone, *commands):
        """A dynamic update (RFC 2136): the journal then has a difference to send."""
        script = "\n".join([f"server 127.0.0.1 {self.port}", f"zone {zone}", *commands, "send"]) + "\n"
        subprocess.run(["nsupdate"], input=script, text=True, check=True, capture_output=True, timeout=20)


class KnotPrimary:
    """Knot with {zone: text}, which keeps differences of reloaded zone files for IXFR."""

    def __init__(self, parts, zones, *, notify=None, key=None, name="knotprimary", catalog=None):
        self.port, self.home = stack.free_port(), parts.folder(name)
        (self.home / "db").mkdir()
        lines = ["server:", f"  listen: 127.0.0.1@{self.port}", f'  rundir: "{self.home}"', "  udp-workers: 1", "  tcp-workers: 1",
                 "  background-workers: 1", "log:", "  - target: stderr", "    any: info", "database:", f'  storage: "{self.home}/db"']
        if key:
            lines += ["key:", f"  - id: {key}", "    algorithm: hmac-sha256", f"    secret: {SECRET}"]
        if notify:
            lines += ["remote:", "  - id: sealwire", f"    address: 127.0.0.1@{notify}"] + ([f"    key: {key}"] if key else [])
        lines += ["acl:", "  - id: out", "    address: 127.0.0.1", "    action: transfer"] + ([f"    key: {key}"] if key else [])
        lines += ["template:", "  - id: default", f'    storage: "{self.home}"', "    acl: out", "    zonefile-load: difference",
                  "    journal-content: all"]
        if notify:
            lines += ["    notify: sealwire"]
        lines += ["zone:"]
        if catalog:
            lines += [f"  - domain: {catalog}", "    catalog-role: generate"]
        for zone, text in zones.items():
            (self.home / f"{zone}.zone").write_text(text)
            lines += [f"  - domain: {zone}", f'    file: "{self.home}/{zone}.zone"']
            if catalog:
                lines += ["    catalog-role: member", f"    catalog-zone: {catalog}"]
        self.conf = self.home / "knot.conf"
        self.conf.write_text("\n".join(lines) + "\n")
        self.process = parts.spawn(name, ["knotd", "-c", self.conf])
        for zone in zones:
            stack.until(10, f"knot serves\n{self.process.text()}", lambda zone=zone: stack.answers(self.port, zone))

    def control(self, *words):
        subprocess.run(["knotc", "-c", self.conf, "-s", self.home / "knot.sock", *words], check=True, capture_output=True, timeout=20)

    def replace(self, zone, text):
        (self.home / f"{zone}.zone").write_text(text)
        self.control("zone-reload", zone)


class NsdPrimary:
    """NSD with {zone: text}; it tells Sealwire of a reload. `ixfr`: it makes differences of what it reloads."""

    def __init__(self, parts, zones, *, notify=None, key=None, name="nsdprimary", patience=10, ixfr=False):
        self.port, self.home = stack.free_port(), parts.folder(name)
        self._control = stack.free_port()
        who = key or "NOKEY"
        lines = [
            "server:", f"  ip-address: 127.0.0.1@{self.port}", "  server-count: 1", "  rrl-ratelimit: 0", '  username: ""',
            f'  zonesdir: "{self.home}"', f'  pidfile: "{self.home}/nsd.pid"', f'  xfrdfile: "{self.home}/xfrd"',
            f'  zonelistfile: "{self.home}/zones"', f'  xfrdir: "{self.home}"', '  database: ""', '  chroot: ""',
            "remote-control:", "  control-enable: no",
        ]
        if key:
            lines += ["key:", f'  name: "{key}"', "  algorithm: hmac-sha256", f'  secret: "{SECRET}"']
        for zone, text in zones.items():
            (self.home / f"{zone}.zone").write_text(text)
            lines += ["zone:", f'  name: "{zone}"', f'  zonefile: "{self.home}/{zone}.zone"', f"  provide-xfr: 127.0.0.1 {who}"]
            if ixfr:
                lines += ["  store-ixfr: yes", "  create-ixfr: yes"]
            if notify:
                lines += [f"  notify: 127.0.0.1@{notify} {who}", "  notify-retry: 3"]
        (self.home / "nsd.conf").write_text("\n".join(lines) + "\n")
        self.process = parts.spawn(name, ["nsd", "-d", "-c", self.home / "nsd.conf"])
        for zone in zones:
            stack.until(patience, f"nsd serves\n{self.process.text()}", lambda zone=zone: stack.answers(self.port, zone))

    def replace(self, zone, text):
        (self.home / f"{zone}.zone").write_text(text)
        self.process.signal(stack.HANGUP)


class NsdSecondary:
    """NSD as a secondary of {zone: port}."""

    def __init__(self, parts, zones, *, key=None, name="nsdsecondary", port=None):
        self.port, home = port or stack.free_port(), parts.folder(name)
        lines = [
            "server:", f"  ip-address: 127.0.0.1@{self.port}", "  server-count: 1", "  rrl-ratelimit: 0", '  username: ""',
            f'  zonesdir: "{home}"', f'  pidfile: "{home}/nsd.pid"', f'  xfrdfile: "{home}/xfrd"',
            f'  zonelistfile: "{home}/zones"', f'  xfrdir: "{home}"', '  database: ""', '  chroot: ""',
            "remote-control:", "  control-enable: no",
        ]
        if key:
            lines += ["key:", f'  name: "{key}"', "  algorithm: hmac-sha256", f'  secret: "{SECRET}"']
        for zone, port in zones.items():
            lines += ["zone:", f'  name: "{zone}"', f'  zonefile: "{home}/{zone}.zone"',
                      f"  request-xfr: 127.0.0.1@{port} {key or 'NOKEY'}",
                      f"  allow-notify: 127.0.0.1 {key or 'NOKEY'}", "  provide-xfr: 127.0.0.1 NOKEY"]
        (home / "nsd.conf").write_text("\n".join(lines) + "\n")
        self.process = parts.spawn(name, ["nsd", "-d", "-c", home / "nsd.conf"])


def tsig_section(folder, *, name="xfr.example", secret=SECRET):
    """A `tsig` section for Sealwire's configuration, with its secret in a file."""
    path = folder / f"{name}.key"
    path.write_text(secret + "\n")
    path.chmod(0o600)
    return f'  - {{name: "{name}", algorithm: hmac-sha256, secret_file: {path}}}\n'
