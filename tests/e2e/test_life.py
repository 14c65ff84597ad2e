"""The life of a zone's keys (life.py), act by act: nothing bogus, nothing insecure from the first DS to the last."""

import re
import urllib.request

import pytest

import life


@pytest.fixture(scope="module")
def world(parts):
    made = life.World(parts)
    yield made
    made.stop()


@pytest.mark.parametrize("title", life.ACTS, ids=lambda title: title.replace(" ", "-"))
def test_act(world, title):
    world.act(title, life.ACTS[title], insecure_is_due=title == "off")


def test_the_daemons_own_validator_refused_nothing(world):
    with urllib.request.urlopen(f"http://127.0.0.1:{world.first.sealwire.metrics}/metrics", timeout=5) as page:
        found = dict(re.findall(r'^sealwire_canary_probes_total\{result="(\w+)"\} (\S+)$', page.read().decode(), re.M))
    assert float(found["secure"]) >= 10 and float(found["bogus"]) == 0, (found, world.first.sealwire.process.text()[-4000:])
