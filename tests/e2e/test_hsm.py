"""Key ceremonies and a pool of tokens: SoftHSM as a person handles it."""

import json
import os
import shutil
import subprocess

import pytest

import stack

SHOP = (stack.EXAMPLE / "shop.example.zone").read_text()


@pytest.fixture(scope="module")
def sealwire(parts):
    made = stack.Sealwire(parts)
    zone_file = made.home / "shop.example.zone"
    zone_file.write_text(SHOP)
    made.ctl("zone", "add", "shop.example", "--file", zone_file)
    made.toggle_on("shop.example")
    return made


def hsm(sealwire, *words, status=0, tokens=None):
    """`sealctl hsm` on the daemon's own token, or on the tokens of another directory."""
    conf = sealwire.softhsm_conf
    if tokens is not None:
        conf = sealwire.home / "other.conf"
        conf.write_text(f"directories.tokendir = {tokens}\nobjectstore.backend = file\nlog.level = ERROR\n")
    done = subprocess.run(
        [stack.BIN / "sealctl", "-o", "json", "hsm", words[0], "--config", sealwire.config, *words[1:]],
        capture_output=True, text=True, timeout=60, env=dict(os.environ, SOFTHSM2_CONF=str(conf)),
    )
    assert done.returncode == status, done.stdout + done.stderr
    return json.loads(done.stdout) if done.stdout else done.stderr


def test_the_token_shows_the_zones_ksk_and_the_wrapping_key(sealwire):
    keys = hsm(sealwire, "list")["keys"]
    assert sorted(key["use"] for key in keys) == ["derive", "sign"]
    signing = next(key for key in keys if key["use"] == "sign")
    ds = sealwire.ctl("dnssec", "ds", "shop.example", as_json=True)
    assert signing["key_tag"] == ds[0]["key_tag"]
    assert "shop.example" in signing["label"]


def test_a_restored_token_is_proved_against_the_manifest(sealwire):
    manifest = sealwire.home / "manifest.json"
    hsm(sealwire, "backup", manifest)
    restored = sealwire.home / "restored"
    shutil.copytree(sealwire.home / "tokens", restored)
    proved = hsm(sealwire, "verify", "--against", manifest, tokens=restored)
    assert proved["ok"] and sum(step["step"].startswith("key ") for step in proved["steps"]) == 2
    # A backup from before the last key was made.
    signing = next(key for key in json.loads(manifest.read_text())["keys"] if key["use"] == "sign")
    subprocess.run(
        ["pkcs11-tool", "--module", stack.SOFTHSM, "--token-label", "sealwire", "--login", "--pin", "7215 pin",
         "--delete-object", "--type", "privkey", "--id", signing["id"]],
        check=True, capture_output=True, env=dict(os.environ, SOFTHSM2_CONF=str(sealwire.home / "other.conf")),
    )
    lost = hsm(sealwire, "verify", "--against", manifest, tokens=restored, status=1)
    assert [step for step in lost["steps"] if not step["ok"]][0]["step"].startswith(f"key {signing['id']}")


def test_a_manifest_is_never_overwritten(sealwire):
    assert "must not exist" in hsm(sealwire, "backup", sealwire.home / "manifest.json", status=1)
