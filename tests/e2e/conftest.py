"""End-to-end tests: real backends, real validators, the release programs. See stack.py for the parts."""

import pathlib
import shutil
import tempfile

import pytest

import stack


@pytest.fixture(scope="module")
def parts():
    """Starts and, whatever happens, ends the processes of one test module."""
    directory = pathlib.Path(tempfile.mkdtemp(prefix="sealwire-e2e-"))
    directory.chmod(0o755)
    with stack.Parts(directory) as made:
        yield made
    shutil.rmtree(directory, ignore_errors=True)


def pytest_addoption(parser):
    parser.addoption("--update-screenshots", action="store_true", help="write docs/*.png as the browser tests see the dashboard")
