"""The zone that every server serves, and the questions that every server is asked."""

import random

APEX = "bench.example"
SOA = f"{APEX}. 3600 IN SOA ns.{APEX}. admin.{APEX}. 1 7200 3600 1209600 300"

# Enough for a server that answers half a million questions a second for as long as a run may last.
UNIQUE_PER_SECOND = 400_000
# Less than a tenth of Sealwire's store, so that it makes no pair meanwhile.
BURST = 80_000


def write_zone(path, names):
    """`names` addresses below the apex, and one wildcard."""
    with open(path, "w") as zone:
        zone.write(f"{SOA}\n{APEX}. 3600 IN NS ns.{APEX}.\nns.{APEX}. 3600 IN A 127.0.0.1\n")
        zone.write(f"*.wild.{APEX}. 300 IN A 192.0.2.1\n")
        for i in range(names):
            zone.write(f"h{i:06d}.{APEX}. 300 IN A 10.{i >> 16 & 255}.{i >> 8 & 255}.{i & 255}\n")


class Workload:
    """`title` for the table, `lines` of dnsperf input, and how they are asked."""

    def __init__(self, key, title, lines, *, dnssec, repeat):
        self.key, self.title, self.dnssec, self.repeat = key, title, dnssec, repeat
        self._lines = lines
        self.path = None

    def write(self, directory):
        self.path = directory / f"{self.key}.queries"
        with open(self.path, "w") as out:
            out.writelines(f"{line}\n" for line in self._lines())


def workloads(names, hot, seconds):
    """All six, in the order in which they are asked."""
    unique = int(seconds * UNIQUE_PER_SECOND)
    order = random.Random(1)

    def each_name_once():
        numbers = list(range(names))
        order.shuffle(numbers)
        return (f"h{i:06d}.{APEX} A" for i in numbers)

    def hot_names():
        some = order.sample(range(names), min(hot, names))
        return (f"h{order.choice(some):06d}.{APEX} A" for _ in range(50 * len(some)))

    return [
        Workload("burst", f"{BURST:,} NXDOMAIN", lambda: (f"b{i:x}q.{APEX} A" for i in range(BURST)), dnssec=True, repeat=False),
        Workload("nxdomain", "unique NXDOMAIN", lambda: (f"x{i:x}q.{APEX} A" for i in range(unique)), dnssec=True, repeat=False),
        Workload("wildcard", "unique wildcard", lambda: (f"w{i:x}q.wild.{APEX} A" for i in range(unique)), dnssec=True, repeat=False),
        Workload("names", f"{names:,} names once", each_name_once, dnssec=True, repeat=False),
        Workload("hot", f"{hot:,} hot, DO", hot_names, dnssec=True, repeat=True),
        Workload("plain", f"{hot:,} hot, plain", hot_names, dnssec=False, repeat=True),
    ]
