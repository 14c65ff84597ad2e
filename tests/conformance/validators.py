"""Independent validators judge Sealwire's answers to the questions of cases.py.

Unbound and delv (BIND) ask and validate by themselves, with the zones' DS records as the only trust. drill (ldns) chases the
signatures up to the key, and getdns validates as a stub, both through a resolver that does not validate. dnsviz asks the server for a
name and all about its zone, and is content with neither errors nor warnings. An answer that is not found secure is a fault.
"""

import json
import re
import subprocess
import sys

import dns.exception
import dns.flags
import dns.name
import dns.rcode
import dns.rdatatype as rdt

import expect
import stack
import zones

# A name that does not fit on a command line as each program reads it: its escapes differ.
_PLAIN = re.compile(r"^[A-Za-z0-9._*-]+$")

# Keeps a resolver off the network: what is not ours is refused at once.
_ALONE = ('local-zone: "." refuse', *(f'local-zone: "{zone}." transparent' for zone in zones.ALL))


def _resolver(parts, server, name, extra=(), anchors=True):
    forwards = {zone: server.port for zone in server.zones}
    known = sum(server.anchors.values(), []) if anchors else []
    return stack.Unbound(parts, forwards, known, name=f"{name}-{server.key}", extra=(*_ALONE, *extra))


def _keys_file(parts, server):
    """The zones' keys as a file, once for all validators of a server."""
    path = parts.folder(f"anchors-{server.key}") / "keys"
    path.write_text("".join(rrset.to_text() + "\n" for rrset in expect.keys_of(server).values()))
    return path


def _say(*command, timeout=30):
    try:
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        return "no end"
    return done.stdout + done.stderr


class Unbound:
    title, every, cannot = "Unbound", 1, ()

    def __init__(self, parts, server):
        self._unbound = _resolver(parts, server, "validating", ('local-zone: "hosted.conf.example." transparent',))

    def fault(self, name, rdtype):
        try:
            got = self._unbound.ask(name, rdtype)
        except dns.exception.Timeout:
            return "no answer"
        return None if got.flags & dns.flags.AD else f"not secure ({dns.rcode.to_text(got.rcode())})"


class Delv:
    """Has one zone as its root: what another zone of ours adds is not its to judge."""

    title, every, cannot = "delv (BIND)", 1, ()

    def __init__(self, parts, server):
        self._server = server

    def fault(self, name, rdtype):
        apex = expect.denying_apex(name, rdt.from_text(rdtype)).to_text(omit_final_dot=True)
        said = stack.delv(self._server.port, apex, self._server.anchors[apex], name.to_text(), rdtype)
        other = zones.OTHER in said and zones.OTHER not in apex
        return None if "fully validated" in said and (other or "unsigned answer" not in said) else said.strip().splitlines()[0][:120]


class _Through:
    """A validator that is a program of its own and asks through a resolver."""

    cannot = ()

    def __init__(self, parts, server):
        self._port = _resolver(parts, server, self.title.split()[0], ('module-config: "iterator"',), anchors=False).port
        self._anchor = _keys_file(parts, server)


class Drill(_Through):
    """ldns 1.8 does not chase a CNAME that a DNAME made, whoever signed the DNAME. It goes on to TCP with `-a` only."""

    title, every, cannot = "drill (ldns)", 4, ("dname",)

    def fault(self, name, rdtype):
        said = _say("drill", "-a", "-S", "-k", self._anchor, "-p", self._port, "@127.0.0.1", name, rdtype)
        return None if "Chase successful" in said else (said.strip().splitlines() or ["nothing said"])[-1][:120]


class Getdns(_Through):
    """Calls the proof that a cut has no DS insecure, as it does what lies below."""

    title, every, cannot = "getdns", 4, ("delegation",)
    _SECURE = "400"       # GETDNS_DNSSEC_SECURE

    def fault(self, name, rdtype):
        said = _say("getdns_query", "-s", "-f", self._anchor, f"@127.0.0.1@{self._port}", "+dnssec_return_status", "-j", name,
                    f"TYPE{int(rdt.from_text(rdtype))}")
        status = re.findall(r'"dnssec_status": *([0-9]+)', said)
        return None if status and set(status) == {self._SECURE} else f"status {status or said.strip()[:100]}"


# `dnsviz grok` with a trust anchor wants pygraphviz to say its version where Debian 12's no longer does.
_GROK = """
import sys, types, pygraphviz
pygraphviz.release = types.SimpleNamespace(version=pygraphviz.__version__)
from dnsviz.commands import grok
grok.main(["grok", *sys.argv[1:]])
"""


class Dnsviz:
    """Asks the name servers of a cut for the child's keys: of a child that is nowhere it has nothing to say."""

    title, every, cannot = "dnsviz", 3, ("delegation",)

    def __init__(self, parts, server):
        self._anchor = _keys_file(parts, server)
        self._servers = [word for zone in server.anchors for word in ("-x", f"{zone}+:{self._name_server(zone)}=127.0.0.1:{server.port}")]

    @staticmethod
    def _name_server(zone):
        """One that the zone itself names: dnsviz looks its addresses up."""
        apex = dns.name.from_text(zone)
        return next(rdata.target for rdata in expect.held(apex, rdt.NS) if rdata.target.is_subdomain(apex)).to_text(omit_final_dot=True)

    def fault(self, name, rdtype):
        try:
            probe = subprocess.run(["dnsviz", "probe", "-d", "1", "-4", "-A", *self._servers, "-R", rdtype, name.to_text()],
                                   capture_output=True, timeout=60)
            grok = subprocess.run([sys.executable, "-c", _GROK, "-P", "-l", "info", "-t", str(self._anchor)], input=probe.stdout,
                                  capture_output=True, timeout=60)
        except subprocess.TimeoutExpired:
            return "no end"
        if not grok.stdout:
            return (probe.stderr + grok.stderr).decode().strip()[-120:] or "nothing said"
        complaints, statuses = [], set()
        _read_grok(json.loads(grok.stdout), complaints, statuses)
        if complaints:
            return "; ".join(sorted(set(complaints)))
        return None if "SECURE" in statuses and statuses <= _FINE else f"status {', '.join(sorted(statuses - _FINE)) or 'unknown'}"


# NOERROR and NXDOMAIN are of names; the others of RRsets and proofs.
_FINE = frozenset({"SECURE", "VALID", "NOERROR", "NXDOMAIN"})


def _read_grok(what, complaints, statuses):
    """Gathers every error, warning and status, however deep it lies."""
    for key, value in what.items():
        if key in ("error", "errors", "warning", "warnings"):
            complaints += [f"{key.rstrip('s')} {each['code']}: {each['description']}" for each in value]
        elif key == "status" and isinstance(value, str):
            statuses.add(value)
        elif isinstance(value, (dict, list)):
            for each in value if isinstance(value, list) else [value]:
                if isinstance(each, dict):
                    _read_grok(each, complaints, statuses)


VALIDATORS = (Unbound, Delv, Drill, Getdns, Dnsviz)


def judge_by(kind, parts, server, cases, every=None):
    """(validator, column, answers judged, faults). Those that are slow to start are asked every third or fourth question only."""
    validator, faults, judged = kind(parts, server), [], 0
    secure = [case for case in cases if case.question and case.secure]
    for case in secure[::every or kind.every]:
        name, rdtype = case.question
        if case.group in kind.cannot or kind is not Unbound and not _PLAIN.match(name.to_text()):
            continue
        judged += 1
        fault = validator.fault(name, rdtype)
        if fault:
            faults.append(f"{case.group}: {case.title}: {fault}")
    return kind.title, server.title, judged, faults


def judge(parts, server, cases):
    return [judge_by(kind, parts, server, cases) for kind in VALIDATORS]
