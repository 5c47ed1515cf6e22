from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from simulator.importers.calendar import fitting_days

pairs = st.sets(st.tuples(st.integers(1, 31), st.integers(1, 7)), max_size=40)


@given(pairs)
def test_every_pair_gets_a_date_with_its_day_of_month_and_weekday(days: set[tuple[int, int]]) -> None:
    assert {(day.day, day.isoweekday()) for day in fitting_days(days, 2018).values()} == days


@given(pairs)
def test_equal_pairs_get_equal_dates(days: set[tuple[int, int]]) -> None:
    assert fitting_days(days, 2018) == fitting_days(sorted(days), 2018)


def test_the_run_of_months_is_as_short_as_can_be() -> None:
    every_day_of_june = [(day, date(2018, 6, day).isoweekday()) for day in range(1, 31)]
    assert {(day.year, day.month) for day in fitting_days(every_day_of_june, 2018).values()} == {(2018, 6)}


def test_a_day_that_no_calendar_has_gets_no_date() -> None:
    assert fitting_days([(32, 1), (1, 8), (0, 0)], 2018) == {}
