"""One run of dnsperf against one server, and what many runs say together."""

import dataclasses
import re
import statistics
import subprocess

from peers.servers import die_with_parent


@dataclasses.dataclass
class Run:
    server: str
    workload: str
    round: int
    seconds: float
    answers: int
    lost: int
    answers_per_second: float
    server_cpu_us: float  # per answer
    server_busy: float  # share of its core
    reply_octets: float
    rcodes: dict


def number(text, pattern):
    found = re.search(pattern, text)
    if found is None:
        raise RuntimeError(f"dnsperf said something unexpected:\n{text}")
    return float(found.group(1))


def load(server, name, workload, round_number, *, seconds, core, outstanding, clients):
    command = [
        "taskset", "-c", str(core), "dnsperf", "-s", "127.0.0.1", "-p", str(server.port), "-d", str(workload.path),
        "-l", str(seconds), "-q", str(outstanding), "-c", str(clients), "-T", "1", "-t", "2",
    ]
    if workload.dnssec:
        command.append("-D")
    if not workload.repeat:
        command += ["-n", "1"]
    before = server.cpu_seconds()
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds + 60,
                          preexec_fn=die_with_parent)
    cpu = server.cpu_seconds() - before
    text = done.stdout
    if done.returncode != 0:
        raise RuntimeError(f"dnsperf failed: {(text + done.stderr).strip()[-400:]}")
    answers = int(number(text, r"Queries completed:\s+(\d+)"))
    ran = number(text, r"Run time \(s\):\s+([\d.]+)")
    codes = re.search(r"Response codes:\s+(.*)", text)
    return Run(
        server=name, workload=workload.key, round=round_number, seconds=ran, answers=answers,
        lost=int(number(text, r"Queries lost:\s+(\d+)")),
        answers_per_second=answers / ran if ran else 0.0,
        server_cpu_us=cpu * 1e6 / answers if answers else float("nan"),
        server_busy=cpu / ran if ran else 0.0,
        reply_octets=number(text, r"Average packet size:\s+request \d+, response (\d+)"),
        rcodes={code: int(count) for code, count in re.findall(r"(\w+) (\d+) \(", codes.group(1))} if codes else {},
    )


def median(runs, field):
    return statistics.median(getattr(run, field) for run in runs)


def spread(runs, field):
    """Greatest less smallest, as a share of the median."""
    values = [getattr(run, field) for run in runs]
    middle = statistics.median(values)
    return (max(values) - min(values)) / middle if middle else 0.0


def summary(runs):
    """{server: {workload: medians}}"""
    table = {}
    for run in runs:
        table.setdefault(run.server, {}).setdefault(run.workload, []).append(run)
    return {
        server: {
            workload: {
                "answers_per_second": median(some, "answers_per_second"),
                "server_cpu_us": median(some, "server_cpu_us"),
                "server_cpu_us_spread": spread(some, "server_cpu_us"),
                "server_busy": median(some, "server_busy"),
                "reply_octets": median(some, "reply_octets"),
                "lost": sum(run.lost for run in some),
                "runs": len(some),
            }
            for workload, some in columns.items()
        }
        for server, columns in table.items()
    }
