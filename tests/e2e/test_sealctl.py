"""sealctl as a person and as a script use it; its manual; the shells that complete it."""

import json
import os
import re
import subprocess

import jsonschema
import pytest
import yaml

import stack

ZONE = "@ 60 SOA ns.shop.example. h.shop.example. 1 2 3 4 60\n@ 60 NS ns\nns 60 A 192.0.2.1\nwww 60 A 192.0.2.2\n"
PARENT = "$ORIGIN example.\n$TTL 2\n@ SOA ns hostmaster {serial} 7200 1800 1209600 2\n@ NS ns\nns A 127.0.0.1\nshop NS ns.shop\nns.shop A 127.0.0.1\n{ds}\n"


def parent_zone(serial, ds=()):
    return PARENT.format(serial=serial, ds="\n".join(line.replace(" IN ", " 2 IN ") for line in ds))


class World:
    def __init__(self, parts):
        self.parent = stack.Knot(parts, {"example": parent_zone(1)}, name="parent")
        self.node = stack.Sealwire(parts, parent=f'{{servers: ["127.0.0.1:{self.parent.port}"]}}')
        self.file = self.node.home / "shop.zone"
        self.file.write_text(ZONE)
        self.node.ctl("zone", "add", "shop.example", "--file", self.file)


@pytest.fixture(scope="module")
def world(parts):
    return World(parts)


def doctor(world, status=(0,)):
    said = world.node.ctl("doctor", "shop.example", status=status, as_json=True)
    return said, {finding["what"].split(" at ")[0]: finding for finding in said["findings"]}


def test_doctor_finds_nothing_wrong_with_a_sound_zone(world):
    said, seen = doctor(world)
    assert said["faults"] == 0 and seen["SOA"]["state"] == "good", said
    world.node.toggle_on("shop.example")
    world.parent.replace("example", parent_zone(2, world.node.ds("shop.example")))
    stack.until(20, "active", lambda: world.node.ctl("dnssec", "check", "shop.example", status=(0, 3)) and
                world.node.ctl("dnssec", "status", "shop.example", status=(0, 3), as_json=True)["status"] == "active")
    said, seen = doctor(world)
    assert said["faults"] == 0, said
    for what in ("SOA", "DNSKEY", "random name", "validated answer", "validated denial", "parent", "DNSSEC"):
        assert seen[what]["state"] == "good", seen[what]
    assert "looked at" in world.node.ctl("doctor", "shop.example")


def test_doctor_sees_a_foreign_ds_and_says_what_to_do(world):
    good = world.node.ds("shop.example")
    tag = int(good[0].split()[3])
    world.parent.replace("example", parent_zone(3, [good[0].replace(f" {tag} ", f" {(tag + 1) % 65536} ")]))
    said, seen = doctor(world, status=(1,))
    assert said["faults"] >= 1 and seen["parent"]["state"] == "fault", said
    assert "Replace it" in seen["DNSSEC"]["advice"], seen["DNSSEC"]
    world.parent.replace("example", parent_zone(4, good))


def test_doctor_sees_an_hsm_that_is_away(world):
    pid = world.node.hsm_pid()
    os.kill(pid, stack.STOP)
    try:
        def away():
            said = world.node.ctl("doctor", "shop.example", status=(0, 1), as_json=True)
            return any(f["what"].startswith("node") and f["state"] == "fault" and f["advice"] for f in said["findings"]) or \
                world.node.hsm_pid() != pid
        stack.until(60, "the HSM is missed", away)
    finally:
        try:
            os.kill(pid, stack.CONTINUE)
        except ProcessLookupError:
            pass


def test_apply_shows_its_plan_and_is_idempotent(world):
    wishes = world.node.home / "zones.yaml"
    wishes.write_text('zones:\n- {name: p.example, backend: {forward: ["127.0.0.1:9"]}, dnssec: on}\n- {name: q.example, backend: {forward: ["127.0.0.1:9"]}}\n')
    dry = world.node.ctl("apply", wishes, "--dry-run")
    assert "create, DNSSEC on" in dry and "nothing was done" in dry, dry
    world.node.ctl("zone", "show", "p.example", status=(1,))
    first = world.node.ctl("--reason", "as planned", "apply", wishes, status=(0, 3))
    assert first.index("create") < first.index("done"), first
    again = world.node.ctl("apply", wishes, as_json=True)
    assert again["changes"] == [] and again["unchanged"] == 2, again
    history = subprocess.run(["curl", "-s", "--unix-socket", str(world.node.socket), "http://x/v1/zones/q.example/history"],
                             capture_output=True, text=True, check=True)
    row = json.loads(history.stdout)["history"][0]
    assert row["who"] == f"token" and row["reason"] == "as planned", row


def test_a_token_may_do_what_its_scopes_say(world):
    token = world.node.ctl("token", "add", "ci", "--scope", "read").strip()
    assert re.fullmatch("[0-9a-f]{64}", token)
    assert "ci" in world.node.ctl("token", "list") and token not in world.node.ctl("-o", "json", "token", "list")
    path = world.node.home / "ci.token"
    path.write_text(token + "\n")
    path.chmod(0o600)

    def ci(*words):
        return subprocess.run([str(stack.BIN / "sealctl"), "--url", f"http://127.0.0.1:{world.node.http}", "--token-file", str(path), *words],
                              capture_output=True, text=True, timeout=30)
    assert ci("zone", "list").returncode == 0
    refused = ci("zone", "rm", "q.example")
    assert refused.returncode == 1 and "scope 'zones'" in refused.stderr, refused
    world.node.ctl("token", "rm", "ci")
    assert ci("zone", "list").returncode == 1


def test_tables_are_as_wide_as_the_terminal(world):
    world.node.ctl("zone", "add", "a" * 60 + "." + "b" * 60 + ".example", "--forward", "127.0.0.1:9,127.0.0.2:9,127.0.0.3:9")
    command = [str(stack.BIN / "sealctl"), "--url", f"unix:{world.node.socket}", "zone", "list"]
    for columns in (60, 100):
        said = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ, COLUMNS=str(columns)), check=True).stdout
        assert max(map(len, said.splitlines())) <= columns, said
    assert "a" * 60 in subprocess.run(command, capture_output=True, text=True, check=True).stdout


def sealctl(*words, status=0):
    done = subprocess.run([str(stack.BIN / "sealctl"), *words], capture_output=True, text=True, timeout=30)
    assert done.returncode == status, done
    return done.stdout


@pytest.mark.parametrize("shell, script", [
    ("bash", 'source {file}; COMP_WORDS=(sealctl dnssec ""); COMP_CWORD=2; _sealctl; echo "${{COMPREPLY[@]}}"'),
    ("zsh", 'autoload -U compinit && compinit -u -D; source {file}; COMP_WORDS=(sealctl dnssec ""); COMP_CWORD=2; COMPREPLY=(); '
            'whence _sealctl && print -r -- $_comps[sealctl]; print on off status check ds'),
    ("fish", 'source {file}; complete -C "sealctl dnssec "'),
])
def test_completion_works_in_the_real_shell(tmp_path, shell, script):
    file = tmp_path / "completion"
    file.write_text(sealctl("completion", shell))
    done = subprocess.run([shell, "-c", script.format(file=file)], capture_output=True, text=True, timeout=30,
                          env=dict(os.environ, HOME=str(tmp_path)))
    assert done.returncode == 0 and not done.stderr, done
    for word in ("on", "off", "status", "check", "ds"):
        assert re.search(rf"\b{word}\b", done.stdout), done.stdout
    if shell == "zsh":
        assert "bashcomp" in done.stdout or "_sealctl" in done.stdout, done.stdout


@pytest.mark.parametrize("page", sorted(path.name for path in (stack.ROOT / "man").iterdir()))
def test_manual_pages_are_sound(page):
    done = subprocess.run(["mandoc", "-Tlint", "-W", "warning", str(stack.ROOT / "man" / page)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_the_manual_knows_every_command():
    page = (stack.ROOT / "man/sealctl.1").read_text()
    commands = re.findall(r"^ {2}([a-z]+)\s", sealctl("--help").split("Subcommands:")[-1], re.M)
    assert len(commands) > 7, commands
    for command in commands:
        for word in re.findall(r"^ {2}([a-z]+)\s", sealctl(command, "--help").partition("Subcommands:")[2], re.M) or [""]:
            assert f"Cm {command} {word}".strip() in page, (command, word)


def test_the_manual_knows_every_section_of_the_configuration():
    page = (stack.ROOT / "man/sealwired.yaml.5").read_text()
    schema = json.loads((stack.ROOT / "control/config-schema.json").read_text())
    for section in schema["properties"]:
        assert re.search(rf"^\.It Cm {section}\b", page, re.M), section


def test_configuration_is_what_its_schema_says(world):
    schema = json.loads(subprocess.run([str(stack.BIN / "sealwired"), "--config-schema"], capture_output=True, text=True, check=True).stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    validator.validate(yaml.safe_load(world.node.config.read_text()))
    dumped = subprocess.run([str(stack.BIN / "sealwired"), "--config", world.node.config, "--dump-config"], capture_output=True, text=True, check=True).stdout
    validator.validate(yaml.safe_load(dumped))
    bad = {"listen": [{"address": "127.0.0.1:53"}], "workers": 0}
    assert not validator.is_valid(bad)
    file = world.node.home / "bad.yaml"
    file.write_text(yaml.safe_dump(bad))
    assert subprocess.run([str(stack.BIN / "sealwired"), "--config", file, "--check-config"], capture_output=True).returncode == 1


def test_a_bad_file_keeps_what_is_in_force(world):
    good = world.node.config.read_text()
    try:
        world.node.config.write_text(good + "nonsense: 1\n")
        world.node.process.signal(stack.HANGUP)
        stack.until(10, "refused", lambda: "reload-refused" in world.node.process.text())
        assert "nonsense" in world.node.process.text()
        assert world.node.is_signed("shop.example")
    finally:
        world.node.config.write_text(good)
    world.node.process.signal(stack.HANGUP)
    stack.until(10, "reloaded", lambda: re.search(r"\breloaded\b", world.node.process.text()))
