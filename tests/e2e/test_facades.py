"""Programs made for PowerDNS and for Cloudflare, run against Sealwire unchanged."""

import json
import pathlib
import subprocess
import urllib.error
import urllib.request

import pytest

import stack

HERE = pathlib.Path(__file__).parent
ZONES = [f"z{number:02}.example" for number in range(12)]


@pytest.fixture(scope="module")
def sealwire(parts):
    node = stack.Sealwire(parts)
    for zone in ZONES:
        node.ctl("zone", "add", zone, "--forward", "127.0.0.1:9")
    return node


@pytest.fixture(scope="module")
def token(sealwire):
    return sealwire.token_file.read_text().strip()


def pdns(sealwire, method, path, key, body=None):
    """One request as a PowerDNS client sends it; status and JSON (None for an empty body)."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{sealwire.http}/api/v1/servers/localhost{path}", method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"X-API-Key": key, "Content-Type": "application/json", "Accept": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            text = answer.read()
            return answer.status, json.loads(text) if text else None
    except urllib.error.HTTPError as error:
        text = error.read()
        return error.code, json.loads(text) if text.startswith(b"{") else text


def test_cloudflares_typescript_sdk(sealwire, token):
    subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=HERE, check=True, capture_output=True, timeout=240)
    done = subprocess.run(
        ["node", HERE / "cloudflare_client.mjs", f"http://127.0.0.1:{sealwire.http}/client/v4", token, ZONES[1]],
        capture_output=True, text=True, timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    said = json.loads(done.stdout)
    assert said["verify"] == "active" and [zone for zone in said["pages"] if zone in ZONES] == ZONES, said
    assert said["zone"] == ZONES[1] and said["before"] == "disabled" and said["patched"] == "pending", said
    assert said["on"]["ds"] in [line.replace("IN DS", "3600 IN DS") for line in sealwire.ds(ZONES[1])], said
    assert said["off"] == "pending-disabled", said
    assert said["missing"] == {"name": "NotFoundError", "status": 404, "code": 7003}, said


PYTHON_CLIENT = """
import CloudFlare, json, sys, time
cf = CloudFlare.CloudFlare(token=sys.argv[2], base_url=sys.argv[1])
zone = cf.zones.get(params={"name": sys.argv[3]})[0]
said = {"name": zone["name"], "before": cf.zones.dnssec.get(zone["id"])["status"]}
cf.zones.dnssec.patch(zone["id"], data={"status": "active"})
time.sleep(2)
said["on"] = cf.zones.dnssec.get(zone["id"])
try:
    CloudFlare.CloudFlare(token="wrong", base_url=sys.argv[1]).zones.get()
except CloudFlare.exceptions.CloudFlareAPIError as error:
    said["wrong"] = int(error)
print(json.dumps(said))
"""


def test_cloudflares_python_client(sealwire, token):
    done = subprocess.run(
        ["/usr/bin/python3", "-c", PYTHON_CLIENT, f"http://127.0.0.1:{sealwire.http}/client/v4", token, ZONES[2]],
        capture_output=True, text=True, timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    said = json.loads(done.stdout)
    assert said["name"] == ZONES[2] and said["before"] == "disabled" and said["wrong"] == 10000, said
    assert said["on"]["status"] == "pending" and said["on"]["key_tag"], said


def test_lexicon_finds_the_zone_and_no_records(sealwire, token):
    """lexicon (Debian's) with its PowerDNS provider: authenticates by reading the zone."""
    # It looks for the registered domain, by the public suffix list.
    sealwire.ctl("zone", "add", "example.com", "--forward", "127.0.0.1:9")

    def lexicon(key):
        return subprocess.run(
            ["lexicon", "powerdns", "list", "example.com", "A", "--auth-token", key, "--pdns-server", f"http://127.0.0.1:{sealwire.http}"],
            capture_output=True, text=True, timeout=60,
        )
    done = lexicon(token)
    assert done.returncode == 0, done.stdout + done.stderr
    assert lexicon("wrong").returncode != 0


def test_requests_of_powerdns_admin(sealwire, token):
    """What PowerDNS-Admin sends to show a zone, to enable its DNSSEC, and to disable it."""
    zone = ZONES[4] + "."
    assert zone in [one["name"] for one in pdns(sealwire, "GET", "/zones", token)[1]]
    assert pdns(sealwire, "PUT", f"/zones/{zone}", token, {"api_rectify": True})[0] == 204
    status, key = pdns(sealwire, "POST", f"/zones/{zone}/cryptokeys", token, {"keytype": "ksk", "active": True})
    assert status == 201 and key["flags"] == 257 and "privatekey" not in key, key
    stack.until(10, "signed", lambda: sealwire.ds(ZONES[4]))
    keys = pdns(sealwire, "GET", f"/zones/{zone}/cryptokeys", token)[1]
    shown = {f"{zone} IN DS {ds}" for one in keys for ds in one.get("ds", [])}
    assert shown == set(sealwire.ds(ZONES[4])), keys
    assert pdns(sealwire, "DELETE", f"/zones/{zone}/cryptokeys/{key['id']}", token)[0] == 204
    assert pdns(sealwire, "PUT", f"/zones/{zone}", token, {"api_rectify": False})[0] == 204
    status = sealwire.ctl("dnssec", "status", ZONES[4], status=(0, 3), as_json=True)
    assert status["enabled"] is False and status["status"] in ("pending-disabled", "disabled"), status


def test_requests_of_dnscontrol(sealwire, token):
    """What dnscontrol sends for AUTODNSSEC_ON: list the keys, then make one."""
    zone = ZONES[5] + "."
    status, whole = pdns(sealwire, "GET", f"/zones/{zone}", token)
    assert status == 200 and whole["rrsets"] == [] and whole["kind"] == "Forwarded"
    assert pdns(sealwire, "GET", f"/zones/{zone}/cryptokeys", token) == (200, [])
    status, key = pdns(sealwire, "POST", f"/zones/{zone}/cryptokeys", token, {"type": "Cryptokey", "keytype": "csk", "active": True, "dnskey": "", "privatekey": ""})
    assert status == 201, key
    assert pdns(sealwire, "PATCH", f"/zones/{zone}", token, {"rrsets": []})[0] == 422
