"""The life of a zone's keys (life.py), act by act: nothing bogus, nothing insecure from the first DS to the last."""

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
