"""The conformance matrix as tests: every cell of Sealwire is as the RFCs have it. See tests/conformance/run."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "conformance"))

import cases  # noqa: E402
import matrix  # noqa: E402

CELLS = [pytest.param(case, key, id=f"{key}: {case.group}: {case.title}")
         for key, column in matrix.COLUMNS.items() if column.is_ours for case in cases.CASES if matrix.applies(case, column)]


@pytest.fixture(scope="module")
def result():
    return matrix.measure(list(matrix.COLUMNS))


@pytest.mark.parametrize("case,key", CELLS)
def test_sealwire_is_as_the_rfc_has_it(result, case, key):
    said = next(by_key for row, by_key in result.rows if row is case)[key]
    assert said is None, f"RFC {case.rfc}: {said}"


def test_every_yardstick_ran(result):
    assert not result.missing


def test_the_cases_tell_right_from_wrong(result):
    """Each yardstick is a sound server, and each is known to differ somewhere: all or nothing would be a fault of ours."""
    for column in result.columns:
        said = [by_key[column.key] for _, by_key in result.rows if by_key[column.key] != matrix.NOT_APPLICABLE]
        if not column.is_ours:
            assert 0.6 * len(said) < said.count(None) < len(said), column.title
