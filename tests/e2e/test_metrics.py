"""Metrics as an operator's Prometheus sees them: scraped, ruled and charted by the files in deploy/."""

import json
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request

import dns.edns
import pytest

import stack

DASHBOARD = stack.ROOT / "deploy/grafana/sealwire.json"
RULES = stack.ROOT / "deploy/prometheus/sealwire.rules.yaml"
SHOP = (stack.EXAMPLE / "shop.example.zone").read_text()


def get(url):
    try:
        with urllib.request.urlopen(url, timeout=10) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as fault:
        return fault.code, fault.read().decode()


class World:
    def __init__(self, parts):
        backend = stack.gdnsd(parts)
        self.sealwire = stack.Sealwire(parts, config_extra="drain: {delay: 3s}\ncanary: {enabled: true}\n")
        zone_file = self.sealwire.home / "shop.example.zone"
        zone_file.write_text(SHOP)
        self.sealwire.ctl("zone", "add", "shop.example", "--file", zone_file)
        self.sealwire.ctl("zone", "add", "cdn.example", "--forward", f"127.0.0.1:{backend}")
        for zone in ("shop.example", "cdn.example"):
            self.sealwire.toggle_on(zone)
        self.prometheus = stack.free_port()
        home = parts.folder("prometheus")
        (home / "prometheus.yml").write_text(f"""\
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: ["{RULES}"]
scrape_configs:
  - job_name: sealwire
    static_configs: [{{targets: ["127.0.0.1:{self.sealwire.metrics}"]}}]
""")
        parts.spawn("prometheus", [
            "prometheus", f"--config.file={home}/prometheus.yml", f"--storage.tsdb.path={home}/data",
            f"--web.listen-address=127.0.0.1:{self.prometheus}",
        ])
        stack.until(20, "the target is up", lambda: self.query("up == 1"))

    def ask_some(self):
        for number in range(300):
            stack.ask(self.sealwire.port, f"n{number}.shop.example", "A", dnssec=True)
            stack.ask(self.sealwire.port, "www.shop.example", "A", dnssec=number % 2 == 0)
        for _ in range(20):
            stack.ask(self.sealwire.port, "www.cdn.example", "A", dnssec=True)
        stack.ask(self.sealwire.port, "www.shop.example", "A", dnssec=True, tcp=True)

    def query(self, expression):
        try:
            reply = get(f"http://127.0.0.1:{self.prometheus}/api/v1/query?query={urllib.request.quote(expression)}")[1]
            return json.loads(reply).get("data", {}).get("result", [])
        except (OSError, ValueError):  # it is not there yet, or says in words that it starts
            return []

    def page(self):
        return get(f"http://127.0.0.1:{self.sealwire.metrics}/metrics")[1]

    def api(self, path):
        request = urllib.request.Request(f"http://127.0.0.1:{self.sealwire.http}{path}",
                                         headers={"Authorization": "Bearer " + self.sealwire.token_file.read_text().strip()})
        with urllib.request.urlopen(request, timeout=10) as reply:
            return json.load(reply)


@pytest.fixture(scope="module")
def world(parts):
    return World(parts)


def test_rules_are_right_by_their_own_tests():
    for command in (["check", "rules", RULES], ["test", "rules", RULES.with_name("sealwire.rules.test.yaml")]):
        done = subprocess.run(["promtool", *command], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def test_every_metric_that_is_charted_or_ruled_exists(world):
    world.ask_some()
    time.sleep(2.5)
    names = set(re.findall(r"\bsealwire_[a-z0-9_]+", DASHBOARD.read_text() + RULES.read_text()))
    assert len(names) > 25
    assert not {name for name in names if not world.query(name)}
    assert not world.query('up{job="sealwire"} == 0')


def test_every_panel_can_be_drawn(world):
    world.ask_some()
    time.sleep(2.5)
    empty = []
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        for target in panel.get("targets", ()):
            expression = target["expr"].replace("$__rate_interval", "1m").replace('"$job"', '"sealwire"').replace('"$instance"', '".*"')
            if not world.query(expression):
                empty.append((panel["title"], expression))
    assert not empty


def test_rules_are_loaded_and_none_fires_on_a_healthy_node(world):
    groups = json.loads(get(f"http://127.0.0.1:{world.prometheus}/api/v1/rules")[1])["data"]["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert len(rules) >= 14 and not [rule["lastError"] for rule in rules if rule.get("lastError")]
    assert not [rule["name"] for rule in rules if rule["state"] == "firing"]


def test_the_page_follows_the_conventions(world):
    done = subprocess.run(["promtool", "check", "metrics"], input=world.page(), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "zone=" not in world.page()


def test_histograms_say_what_happened(world):
    world.ask_some()

    def value(labels):
        return float(re.search(rf"^sealwire_answer_duration_seconds_count{{{labels}}} (\S+)$", world.page(), re.M).group(1))

    # Of what is answered at once one in 64 is timed, by each of two workers.
    signed = value('path="udp",outcome="signed"')
    assert signed >= 128 and signed % 64 == 0
    assert value('path="udp",outcome="waited"') >= 20
    assert 'sealwire_backend_duration_seconds_count' in world.page()
    median = float(world.query("histogram_quantile(0.5, sum by (le) (sealwire_backend_duration_seconds_bucket))")[0]["value"][1])
    assert 0 < median < 0.5


def test_a_zone_knows_who_validates(world):
    before = world.api("/v1/zones/shop.example/stats")
    signals = [dns.edns.GenericOption(5, b"\x08\x0d"), dns.edns.GenericOption(6, b"\x02")]
    stack.ask(world.sealwire.port, "shop.example", "DNSKEY", dnssec=True, options=signals)
    stack.ask(world.sealwire.port, "_ta-4a5c.shop.example", "NULL")
    stack.ask(world.sealwire.port, "www.shop.example", "A")
    after = world.api("/v1/zones/shop.example/stats")
    grown = {key: after[key] - before[key] for key in before if isinstance(before[key], int) and not isinstance(before[key], bool)}
    assert grown == {"queries": 3, "dnssec_ok": 1, "checking_disabled": 0, "dnskey_queries": 1, "key_tag_signals": 1,
                     "algorithm_signals": 1, "algorithm_13_signals": 1}
    assert after["askers"]["estimate"] == 1 and after["askers"]["validating_share"] == 1.0
    assert world.api("/v1/zones/cdn.example/stats")["key_tag_signals"] == 0


def test_the_last_hour_is_kept_for_charts(world):
    series = stack.until(12, "a sample", lambda: (found := world.api("/v1/series"))["at"] and found)
    assert all(len(values) == len(series["at"]) for values in series["series"].values())
    assert not world.api(f"/v1/series?since={series['at'][-1] + 3600}")["at"]


def test_readiness_drops_before_the_drain(world):
    ready = f"http://127.0.0.1:{world.sealwire.metrics}/readyz"
    assert get(ready)[0] == 200
    world.sealwire.process.signal(signal.SIGTERM)
    stack.until(2.5, "not ready", lambda: get(ready)[0] == 503)
    # Whoever still asks is answered.
    assert stack.answers(world.sealwire.port, "shop.example")
    assert get(ready.replace("readyz", "livez"))[0] == 200
    stack.until(10, "ended", lambda: not world.sealwire.process.alive())
    assert world.sealwire.process.stop() == 0
