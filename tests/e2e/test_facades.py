"""Programs made for PowerDNS and for Cloudflare, run against Sealwire unchanged."""

import json
import pathlib
import subprocess
import urllib.error
import urllib.request

import dns.rdatatype
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


def cloudflare(sealwire, method, path, token, body=None):
    """One request as Cloudflare's Go libraries send it; status and JSON."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{sealwire.http}/client/v4{path}", method=method, data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {token}", "Accept": "application/json", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def cloudflare_id(sealwire, token, zone):
    """How a Terraform configuration finds the id: data "cloudflare_zone" { name = … }."""
    found = cloudflare(sealwire, "GET", f"/zones?name={zone}", token)[1]
    assert found["success"] and found["errors"] == [] and len(found["result"]) == 1, found
    return found["result"][0]["id"]


# What the provider puts into its state; null in one of them after a create would be a diff in every plan.
TERRAFORM_STATE = ("status", "flags", "algorithm", "key_type", "digest_type", "digest_algorithm", "digest", "ds", "key_tag", "public_key", "modified_on")


def test_requests_of_terraforms_provider_4(sealwire, token):
    """cloudflare_zone_dnssec of provider version 4: create looks first, destroy patches."""
    path = f"/zones/{cloudflare_id(sealwire, token, ZONES[6])}/dnssec"
    status, before = cloudflare(sealwire, "GET", path, token)
    assert (status, before["result"]["status"]) == (200, "disabled")
    status, created = cloudflare(sealwire, "PATCH", path, token, {"status": "active"})
    assert (status, created["success"], created["result"]["status"]) == (200, True, "pending")
    # Create ends with a read, which fails when the zone is still "disabled".
    status, read = cloudflare(sealwire, "GET", path, token)
    assert (status, read["result"]["status"]) == (200, "pending")
    stack.until(10, "a refresh finds everything", lambda: all(cloudflare(sealwire, "GET", path, token)[1]["result"][key] is not None for key in TERRAFORM_STATE))
    read = cloudflare(sealwire, "GET", path, token)[1]["result"]
    assert isinstance(read["flags"], int) and isinstance(read["key_tag"], int) and isinstance(read["algorithm"], str) and isinstance(read["digest_type"], str)
    assert read["ds"].split(" IN DS ")[1] in [line.split(" IN DS ")[1] for line in sealwire.ds(ZONES[6])]
    # A second apply: nothing has changed.
    again = cloudflare(sealwire, "GET", path, token)[1]["result"]
    assert {key: again[key] for key in TERRAFORM_STATE if key != "modified_on"} == {key: read[key] for key in TERRAFORM_STATE if key != "modified_on"}
    status, gone = cloudflare(sealwire, "PATCH", path, token, {"status": "disabled"})
    assert (status, gone["success"], gone["result"]["status"]) == (200, True, "pending-disabled")
    # Destroyed twice, as after a lost state: no error.
    assert cloudflare(sealwire, "PATCH", path, token, {"status": "disabled"})[0] == 200


def test_requests_of_terraforms_provider_5(sealwire, token):
    """cloudflare_zone_dnssec of provider version 5: create and update are PATCH, destroy is DELETE."""
    path = f"/zones/{cloudflare_id(sealwire, token, ZONES[7])}/dnssec"
    status, created = cloudflare(sealwire, "PATCH", path, token, {"status": "active", "dnssec_multi_signer": False, "dnssec_presigned": False})
    assert (status, created["result"]["status"]) == (200, "pending"), created
    assert cloudflare(sealwire, "GET", path, token)[1]["result"]["dnssec_multi_signer"] is False
    # An update sends what differs, and whatever cannot be had is refused in words.
    status, refused = cloudflare(sealwire, "PATCH", path, token, {"dnssec_multi_signer": True})
    assert status == 400 and refused["success"] is False and "dnssec_multi_signer" in refused["errors"][0]["message"], refused
    status, updated = cloudflare(sealwire, "PATCH", path, token, {"status": "disabled"})
    assert (status, updated["result"]["status"]) in ((200, "pending-disabled"), (200, "disabled")), updated
    assert cloudflare(sealwire, "PATCH", path, token, {"status": "active"})[0] == 200
    stack.until(10, "signed", lambda: sealwire.ds(ZONES[7]))
    status, destroyed = cloudflare(sealwire, "DELETE", path, token)
    assert status == 200 and destroyed["success"] is True, destroyed
    # Destroy is the safe off: the zone stays signed until the parent is known to have no DS.
    assert sealwire.ctl("dnssec", "status", ZONES[7], status=(0, 3), as_json=True)["status"] == "pending-disabled"
    assert any(rrset.rdtype == dns.rdatatype.RRSIG for rrset in stack.ask(sealwire.port, ZONES[7], "DNSKEY", dnssec=True).answer)
    status, missing = cloudflare(sealwire, "GET", "/zones/" + "f" * 32 + "/dnssec", token)
    assert status == 404 and missing["errors"], missing


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
