"""The order of rows and the pieces of an export: neither changes what it says, where the repeated hour can be told."""

from datetime import date
from itertools import pairwise
from pathlib import Path
from random import Random

from hypothesis import HealthCheck, assume, given, settings, strategies as st
import pytest

from custom_components.emucs.exports import Known
from tests.exports.exports import House, Interval, midnight, table
from tests.exports.reading import known, thousandths

SUMMER_ENDS = date(2025, 10, 26)
REPEATED = {midnight(SUMMER_ENDS) // 3600 + 2, midnight(SUMMER_ENDS) // 3600 + 3}


def test_the_order_of_the_file_tells_the_repeated_hours_apart(autumn: House, tmp_path: Path) -> None:
    truth = autumn.hours("import_1", "import_2")
    rows = [each for each in autumn.intervals() if each.register.startswith("import")]

    def wall(each: Interval) -> tuple[int, int]:
        hour = each.start // 3600
        return (each.start - 3600 if hour == max(REPEATED) else each.start, each.start)

    interleaved = sorted(rows, key=wall)
    for order in (rows, rows[::-1], interleaved, interleaved[::-1]):
        assert thousandths(known(tmp_path, table(order)).hours) == truth


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("interleaved", [False, True])
def test_a_cut_within_the_repeated_hour_moves_no_energy(
    autumn: House, tmp_path: Path, *, interleaved: bool, backwards: bool
) -> None:
    def wall(each: Interval) -> tuple[int, int]:
        return (each.start - 3600 * (interleaved and each.start // 3600 == max(REPEATED)), each.start)

    rows = sorted((each for each in autumn.intervals() if each.register.startswith("import")), key=wall)
    rows = rows[::-1] if backwards else rows
    whole = known(tmp_path, table(rows))
    inside = [index for index, each in enumerate(rows) if each.start // 3600 in REPEATED]
    for cut in range(inside[0] - 1, inside[-1] + 3):
        together = Known()
        for piece in (rows[:cut], rows[cut:]):
            together.take(known(tmp_path, table(piece)))
        assert (cut, together.hours, together.parts) == (cut, whole.hours, whole.parts)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(random=st.randoms(use_true_random=False))
def test_rows_in_no_order_keep_everything_but_the_repeated_hours_apart(
    autumn: House, tmp_path: Path, random: Random
) -> None:
    truth = autumn.hours("import_1", "import_2")
    rows = [each for each in autumn.intervals() if each.start // 86400 * 86400 in range(1761350400, 1761609600)]
    random.shuffle(rows)
    found = known(tmp_path, table(rows)).hours
    wanted = {hour: truth[hour] for hour in {each.start // 3600 for each in rows}}
    assert {hour: value // 1000 for hour, value in found.items() if hour not in REPEATED} == {
        hour: value for hour, value in wanted.items() if hour not in REPEATED
    }
    assert sum(found[hour] for hour in REPEATED) == 1000 * sum(truth[hour] for hour in REPEATED)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(cuts=st.lists(st.integers(0, 1600), max_size=4), doubled=st.booleans(), data=st.data())
def test_pieces_of_an_export_give_the_same_in_any_order(
    autumn: House, tmp_path: Path, *, cuts: list[int], doubled: bool, data: st.DataObject
) -> None:
    rows = list(autumn.intervals())
    whole = known(tmp_path, table(rows))
    inside = [index for index, each in enumerate(rows) if each.start // 3600 in REPEATED]
    # Of a piece that begins and ends within the repeated hours nobody can tell which of them it is of.
    assume(len({cut for cut in cuts if inside[0] < cut <= inside[-1]}) < 2)
    edges = [0, *sorted(min(cut, len(rows)) for cut in cuts), len(rows)]
    pieces = [rows[begin:end] for begin, end in pairwise(edges) if begin < end]
    pieces += pieces[:1] if doubled else []
    together = Known()
    for piece in data.draw(st.permutations(pieces)):
        if any(each.register.startswith("import") for each in piece):
            assert not together.take(known(tmp_path, table(piece)))
    assert (together.hours, together.parts) == (whole.hours, whole.parts)
