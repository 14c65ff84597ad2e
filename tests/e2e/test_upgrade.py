"""A store that an older version wrote, opened by this one: nothing is lost, and everything works on."""

import hashlib
import json
import pathlib
import sqlite3
import subprocess

import pytest

import stack

DATA = pathlib.Path(__file__).parent / "data"
ZONE = "@ 60 SOA ns h 1 2 3 4 60\n@ 60 NS ns\nns 60 A 192.0.2.1\nwww 60 A 192.0.2.2\n"
TOKEN = "an old token"


@pytest.fixture(scope="module")
def backend(parts):
    return stack.nsd(parts, {"asked.example": "$ORIGIN asked.example.\n" + ZONE})


def write_store(path, version, file, backend):
    for old in path.parent.glob("state.db*"):
        old.unlink()
    with sqlite3.connect(path) as store:
        for step in range(1, version + 1):
            text = (DATA / f"state-{step}.sql").read_text()
            store.executescript(text.replace("@FILE@", str(file)).replace("@FORWARD@", f"127.0.0.1:{backend}").replace("@HASH@", hashlib.sha256(TOKEN.encode()).hexdigest()))
        assert store.execute("PRAGMA user_version").fetchone() == (version,)
    store.close()


@pytest.mark.parametrize("version", [1, 2])
def test_a_store_of_an_older_version_is_taken_over(parts, backend, version):
    node = stack.Sealwire(parts, name=f"from{version}")
    node.process.stop()
    file = node.home / "zone"
    file.write_text(ZONE)
    path = node.home / "state.db"
    write_store(path, version, file, backend)
    node.process.start()
    node.wait_ready(2)

    zones = {zone["name"]: zone for zone in node.ctl("zone", "list", as_json=True)["zones"]}
    assert set(zones) == {"held.example", "asked.example", "wished.example"}
    assert zones["held.example"]["created"] == "2026-11-24T06:00:00Z"
    for name in zones:
        assert stack.rdata_of(stack.ask(node.port, f"www.{name}", "A"), f"www.{name}", "A") == {"192.0.2.2"}
    # What was wished before the change of version is carried out after it.
    stack.until(10, "the wish is carried out", lambda: node.is_signed("wished.example"))
    assert node.ctl("dnssec", "status", "held.example", as_json=True)["parent"]["servers"] == 2

    operation = curl(node, "/v1/operations/0123456789abcdef01234567")
    assert (operation["total"], operation["enabled"]) == (1, True)
    rows = curl(node, "/v1/zones/held.example/history")["history"]
    assert ("api", "zone-added") in [(row["who"], row["what"]) for row in rows]
    if version == 2:
        assert rows[0]["reason"] == "no ALIAS here"
        assert curl(node, "/v1/zones/held.example/synthesis")["flatten_alias"] is False
        # A token's scopes are what they were.
        assert json.loads(ask_api(node, "/v1/zones", TOKEN)[1])["zones"]
        assert ask_api(node, "/v1/zones/held.example", TOKEN, "-X", "DELETE")[0] == 403
    else:
        assert curl(node, "/v1/zones/held.example/synthesis")["flatten_alias"] is True

    # Zone ids go on from where they were: a zone that is made again is not taken for the one before.
    node.ctl("zone", "rm", "asked.example")
    node.ctl("zone", "add", "asked.example", "--forward", f"127.0.0.1:{backend}")
    node.toggle_on("held.example")
    node.restart(kill=True)
    assert node.is_signed("held.example") and node.is_signed("wished.example")
    node.process.stop()  # it has the store to itself
    with sqlite3.connect(path) as store:
        ids = [row[0] for row in store.execute("SELECT id FROM zones")]
        assert store.execute("PRAGMA user_version").fetchone()[0] >= 2
    store.close()
    assert len(set(ids)) == 3 and max(ids) > 4


def ask_api(node, path, token, *words):
    done = subprocess.run(["curl", "-sS", "--noproxy", "*", "-H", f"Authorization: Bearer {token}", "-w", "\n%{http_code}", *words, f"http://127.0.0.1:{node.http}{path}"],
                          capture_output=True, text=True, timeout=20, check=True)
    body, _, status = done.stdout.rpartition("\n")
    return int(status), body


def curl(node, path):
    return json.loads(ask_api(node, path, node.token_file.read_text().strip())[1])


def test_a_store_of_a_newer_version_is_left_alone(parts, backend):
    node = stack.Sealwire(parts, name="newer")
    node.process.stop()
    path = node.home / "state.db"
    write_store(path, 2, node.home / "zone", backend)
    with sqlite3.connect(path) as store:
        store.execute("PRAGMA user_version = 1000")
        before = list(store.iterdump())
    store.close()
    node.process.start()
    stack.until(10, "it does not start", lambda: not node.process.alive())
    assert "state.db" in node.process.text() and "newer" in node.process.text(), node.process.text()
    with sqlite3.connect(path) as store:
        assert list(store.iterdump()) == before and store.execute("PRAGMA user_version").fetchone() == (1000,)
    store.close()
