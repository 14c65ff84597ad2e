"""Independent validators judge Sealwire's answers to the questions of cases.py.

Unbound and delv (BIND) ask and validate by themselves, with the zones' DS records as the only trust. drill (ldns) chases the
signatures up to the key, and getdns validates as a stub, both through a resolver that does not validate. An answer that is not found
secure is a fault.
"""

import re
import subprocess

import dns.exception
import dns.flags
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
        apex = expect.zone_of(name).to_text(omit_final_dot=True)
        said = stack.delv(self._server.port, apex, self._server.anchors[apex], name.to_text(), rdtype)
        other = zones.OTHER in said and zones.OTHER not in apex
        return None if "fully validated" in said and (other or "unsigned answer" not in said) else said.strip().splitlines()[0][:120]


class _Through:
    """A validator that is a program of its own and asks through a resolver."""

    cannot = ()

    def __init__(self, parts, server):
        self._port = _resolver(parts, server, self.title.split()[0], ('module-config: "iterator"',), anchors=False).port
        self._anchor = parts.folder(f"anchors-{server.key}") / "keys"
        keys = (rrset.to_text() for rrset in expect.keys_of(server).values())
        self._anchor.write_text("\n".join(keys) + "\n")


class Drill(_Through):
    """ldns 1.8 does not chase a CNAME that a DNAME made, whoever signed the DNAME."""

    title, every, cannot = "drill (ldns)", 4, ("dname",)

    def fault(self, name, rdtype):
        said = _say("drill", "-S", "-k", self._anchor, "-p", self._port, "@127.0.0.1", name, rdtype)
        return None if "Chase successful" in said else (said.strip().splitlines() or ["nothing said"])[-1][:120]


class Getdns(_Through):
    title, every = "getdns", 4
    _SECURE = "400"       # GETDNS_DNSSEC_SECURE

    def fault(self, name, rdtype):
        said = _say("getdns_query", "-s", "-f", self._anchor, f"@127.0.0.1@{self._port}", "+dnssec_return_status", "-j", name,
                    f"TYPE{int(rdt.from_text(rdtype))}")
        status = re.findall(r'"dnssec_status": *([0-9]+)', said)
        return None if status and set(status) == {self._SECURE} else f"status {status or said.strip()[:100]}"


VALIDATORS = (Unbound, Delv, Drill, Getdns)


def judge(parts, server, cases):
    """[(validator, column, answers judged, faults)]. Those that are slow to start are asked every fourth question."""
    secure = [case for case in cases if case.question and case.secure]
    found = []
    for kind in VALIDATORS:
        validator, faults, judged = kind(parts, server), [], 0
        for case in secure[::kind.every]:
            name, rdtype = case.question
            if case.group in kind.cannot or kind is not Unbound and not _PLAIN.match(name.to_text()):
                continue
            judged += 1
            fault = validator.fault(name, rdtype)
            if fault:
                faults.append(f"{case.group}: {case.title}: {fault}")
        found.append((kind.title, server.title, judged, faults))
    return found
