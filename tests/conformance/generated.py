"""Zones and questions made at random, but for a seed: to be answered alike by Sealwire and by a server that signs nothing.

A zone has cuts (signed and not, with glue and occluded data), wildcards, empty non-terminals, aliases into itself and into other
zones, DNAME, long names, octets that no host name has, mixed case, and odd types. Every name that is asked for lies on or beside
one that is there: just below it, just before and after it in canonical order, above it, or behind a wildcard.
"""

import random

import dns.name
import dns.rdataclass
import dns.rdatatype as rdt
import dns.zone

import zones

LABELS = ["a", "b", "c", "www", "*", "x" * 63, "y" * 62 + "z", "_tcp", "MiXed", "\\000", "\\255", "-", "\\@", "aa", "a-", "z" * 40]
DATA = {rdtype: data for rdtype, data in zones.TYPES.values() if rdtype not in ("CNAME", "DNAME")}
PRIVATE = [rdtype for rdtype in DATA if rdtype.startswith("TYPE")]
DS = "4711 13 2 " + "5a" * 32
QUESTION_TYPES = ["A", "AAAA", "TXT", "MX", "DS", "CNAME", "NS", "SRV", "HTTPS", "TLSA", "DNAME", "SOA", "TYPE65280", "CAA"]


class Zone:
    """One zone: its text, and what is in it."""

    def __init__(self, rng, apex, apexes):
        self._rng, self.apex, self._apexes = rng, dns.name.from_text(apex), apexes
        self._lines, self._names, self._closed = [], {"@"}, set()
        self._add("@", "SOA", f"ns.{apex}. h.{apex}. {rng.randrange(1, 2**31)} 3600 600 86400 {rng.choice((30, 300, 900))}")
        self._add("@", "NS", "ns")
        self._add("ns", "A", "127.0.0.1")
        for _ in range(rng.randrange(3, 28)):
            self._owner()
        self.text = f"$ORIGIN {apex}.\n" + "\n".join(self._lines) + "\n"
        zone = dns.zone.from_text(self.text, origin=self.apex, relativize=False, check_origin=False)
        self.rrsets = {(name, rdataset.rdtype): rdataset for name, node in zone.items() for rdataset in node}
        self.cuts = {name for name, kind in self.rrsets if kind == rdt.NS and name != self.apex}

    def _add(self, owner, rdtype, data):
        self._lines.append(f"{owner} {self._rng.choice((0, 60, 300, 3600))} {rdtype} {data}")

    def _owner(self):
        """One more name, with data that may stand there."""
        rng = self._rng
        above = rng.choice(sorted(self._names))
        labels = [rng.choice(LABELS) for _ in range(rng.choice((1, 1, 1, 2, 3)))]
        name = ".".join(labels) if above == "@" else ".".join(labels) + "." + above
        lowered = name.lower()
        try:
            if len(dns.name.from_text(name, self.apex).to_wire()) > 255:
                return
        except dns.name.NameTooLong:
            return
        parts = lowered.split(".")
        if lowered in {n.lower() for n in self._names} or any(".".join(parts[i:]) in self._closed for i in range(len(parts))):
            return
        self._names.add(name)
        kind = rng.choice(("data",) * 8 + ("cname", "cname", "dname", "cut", "cut"))
        if kind == "cname":
            self._add(name, "CNAME", self._target())
        elif kind == "dname" and "*" not in labels[:1] and not any(n.lower().endswith("." + lowered) for n in self._names):
            self._add(name, "DNAME", self._target())
            self._closed.add(lowered)
        elif kind == "cut" and "*" not in parts and not any(n.lower().endswith("." + lowered) for n in self._names):
            self._cut(name)
            self._closed.add(lowered)
        else:
            for rdtype in rng.sample(sorted(DATA), rng.choice((1, 1, 2, 4))):
                self._add(name, rdtype, DATA[rdtype])

    def _cut(self, name):
        if len(dns.name.from_text(name, self.apex).to_wire()) > 240:
            return self._add(name, "A", "192.0.2.9")
        self._add(name, "NS", f"ns.{name}")
        self._add(f"ns.{name}", "A", "192.0.2.7")
        if self._rng.random() < 0.5:
            self._add(name, "DS", DS)
        if self._rng.random() < 0.5:
            self._add(f"occluded.{name}", "TXT", '"never seen"')

    def _target(self):
        rng = self._rng
        if rng.random() < 0.25:
            return f"{rng.choice(('a', 'www', 'missing', 'b.a'))}.{rng.choice(self._apexes)}."
        # A target that begins with an escaped @ is refused by the reader of zone files.
        return rng.choice([name for name in sorted(self._names) if not name.startswith("\\@")] + ["missing", "any.a"])

    def existing(self):
        """{name: types} of all that is there and this zone's own: names with data, empty non-terminals, cuts."""
        found = {}
        for name, kind in self.rrsets:
            if self.below_cut(name) and (name not in self.cuts or kind not in (rdt.NS, rdt.DS)):
                continue
            found.setdefault(name, set()).add(kind)
            while name != self.apex:
                name = name.parent()
                found.setdefault(name, set())
        return found

    def below_cut(self, name):
        """The name is not this zone's to answer: at or below a cut."""
        return any(name.is_subdomain(cut) for cut in self.cuts)

    def questions(self, count):
        """`count` pairs (name, type) on and beside the zone's names."""
        rng, names = self._rng, sorted({name for name, _ in self.rrsets})
        for _ in range(count):
            name = self._near(rng.choice(names))
            if rng.random() < 0.3:
                name = dns.name.Name(bytes(c ^ 0x20 if 65 <= c & 0xdf <= 90 and rng.random() < 0.5 else c for c in label)
                                     for label in name.labels)
            held = [kind for owner, kind in self.rrsets if owner == name]
            if held and rng.random() < 0.5:
                yield name, rng.choice(held)
            else:
                yield name, rdt.from_text(rng.choice(QUESTION_TYPES))

    def _near(self, name):
        rng, first = self._rng, name.labels[0]
        candidates = [name.labels, name.labels, (b"a",) + name.labels, (b"*",) + name.labels, (b"\0",) + name.labels,
                      (b"any", b"other") + name.labels]
        if name != self.apex:
            rest = name.labels[1:]
            candidates += [rest, (b"a",) + rest, (b"any",) + rest, (first + b"\0",) + rest, (first[:-1] + bytes([first[-1] ^ 1]),) + rest,
                           (first[:-1],) + rest if len(first) > 1 else rest]
        for _ in range(20):
            try:
                return dns.name.Name(rng.choice(candidates))
            except (dns.name.NameTooLong, dns.name.LabelTooLong):
                continue
        return name


def make(seed, count, suffix="gen.example"):
    """`count` zones; some of them lie below others, as zones of their own beside the parent."""
    rng = random.Random(seed)
    apexes = [f"z{i}.{suffix}" for i in range(count)]
    return {apex: Zone(rng, apex, apexes) for apex in apexes}
