"""Asks every server every case and keeps the verdicts."""

import dataclasses
import pathlib
import shutil
import tempfile

import dns.exception

import cases
import servers
import stack
import validators

COLUMNS = servers.COLUMNS
NOT_APPLICABLE = "-"


def applies(case, server):
    """Whether the server's source can hold what the case needs, and what the case judges is the column's."""
    if case.group in server.beside:
        return False
    for need in case.needs:
        if need in server.without or need == "hosted" and len(server.zones) < 3 or \
                isinstance(need, int) and need > server.largest:
            return False
    return True


def verdict(case, server):
    """None when as expected, NOT_APPLICABLE, or what differs in a few words."""
    if not applies(case, server):
        return NOT_APPLICABLE
    try:
        return case.check(server)
    except (dns.exception.DNSException, OSError, EOFError) as fault:
        return f"no usable reply ({type(fault).__name__})"


@dataclasses.dataclass
class Result:
    columns: list          # of servers that ran
    missing: dict          # {title: why it did not}
    rows: list             # (case, {key: verdict})
    judged: list           # (validator, column title, answers judged, [faults])

    def faults_of_ours(self):
        faults = [f"{column.title}: {case.group}: {case.title}: {by_key[column.key]}" for case, by_key in self.rows
                  for column in self.columns if column.is_ours and by_key[column.key] not in (None, NOT_APPLICABLE)]
        faults += [f"{validator} on {title}: {fault}" for validator, title, _, found in self.judged for fault in found]
        return faults

    def as_json(self):
        return {
            "columns": [column.key for column in self.columns],
            "missing": self.missing,
            "cases": [{"group": case.group, "title": case.title, "rfc": case.rfc,
                       "verdicts": {key: {None: "pass", NOT_APPLICABLE: "not applicable"}.get(v, "differs") for key, v in by_key.items()},
                       "reasons": {key: v for key, v in by_key.items() if v not in (None, NOT_APPLICABLE)}}
                      for case, by_key in self.rows],
            "validators": [{"validator": v, "column": c, "answers": n, "faults": f} for v, c, n, f in self.judged],
            "faults": self.faults_of_ours(),
        }

    def as_table(self):
        notes, lines = {}, []
        width = max(len(f"{case.group}: {case.title}") for case, _ in self.rows)
        rfc_width = max(len(case.rfc) for case, _ in self.rows)
        heads = [column.title for column in self.columns]
        lines.append(f"{'case':{width}}  {'RFC':{rfc_width}}  " + "  ".join(heads))
        for case, by_key in self.rows:
            cells = []
            for column in self.columns:
                said = by_key[column.key]
                if said is None:
                    cell = "ok"
                elif said == NOT_APPLICABLE:
                    cell = "-"
                else:
                    cell = f"[{notes.setdefault(said, len(notes) + 1)}]"
                cells.append(f"{cell:{len(column.title)}}")
            lines.append(f"{case.group + ': ' + case.title:{width}}  {case.rfc:{rfc_width}}  " + "  ".join(cells))
        lines.append("")
        lines.append(f"{'passed of those that apply':{width}}  {'':{rfc_width}}  " + "  ".join(
            f"{self._tally(column.key):{len(column.title)}}" for column in self.columns))
        lines += ["", *(f"[{number}] {said}" for said, number in notes.items())]
        lines += [f"{title} was not asked: {why}" for title, why in self.missing.items()]
        lines += [f"{v} judged {n} answers of {c}: {len(f)} faults" + "".join(f"\n    {fault}" for fault in f)
                  for v, c, n, f in self.judged]
        return "\n".join(lines)

    def _tally(self, key):
        said = [by_key[key] for _, by_key in self.rows if by_key[key] != NOT_APPLICABLE]
        return f"{said.count(None)}/{len(said)}"


def measure(columns, groups=(), judge=False):
    chosen = [case for case in cases.CASES if not groups or case.group in groups]
    home = pathlib.Path(tempfile.mkdtemp(prefix="sealwire-conformance-"))
    home.chmod(0o755)    # servers that drop privileges read their zones there
    running, missing, judged = [], {}, []
    rows = [(case, {}) for case in chosen]
    try:
        with stack.Parts(home) as parts:
            for key in columns:
                try:
                    running.append(COLUMNS[key](parts))
                except servers.Unavailable as why:
                    missing[COLUMNS[key].title] = str(why)
            for case, by_key in rows:
                for server in running:
                    by_key[server.key] = verdict(case, server)
            if judge:
                judged = [finding for server in running if server.is_ours for finding in
                          validators.judge(parts, server, [case for case in chosen if applies(case, server)])]
    finally:
        shutil.rmtree(home, ignore_errors=True)
    return Result(running, missing, rows, judged)
