"""Choosing the months that a recording left out, so that what it did keep – day of month, weekday – is true."""

from calendar import monthrange
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import islice

DayOfWeek = tuple[int, int]  # day of month 1–31, weekday 1–7 (Monday is 1)


def months_from(year: int, month: int = 1) -> Iterator[tuple[int, int]]:
    """(year, month) from the given one on, without end."""
    while True:
        yield year, month
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)


def days_in(year: int, month: int) -> int:
    return monthrange(year, month)[1]


def days_of(year: int, month: int) -> Iterator[tuple[DayOfWeek, date]]:
    """Each day of a month, as (day of month, weekday) and as date."""
    for number in range(1, days_in(year, month) + 1):
        day = date(year, month, number)
        yield (number, day.isoweekday()), day


def possible(days: Iterable[DayOfWeek]) -> set[DayOfWeek]:
    """Those of `days` that any calendar has."""
    return {(day, weekday) for day, weekday in days if 1 <= day <= 31 and 1 <= weekday <= 7}


def fitting_days(days: Iterable[DayOfWeek], first_year: int, within_years: int = 2) -> dict[DayOfWeek, date]:
    """A date for each pair, out of the shortest run of consecutive months that has a date for all of them.

    Of equally short runs that begin within `within_years` of `first_year` the earliest; within the run, the first month that
    has the pair. Depends on the set of pairs alone, so the same recording always gets the same dates. Impossible pairs
    (day 32, weekday 0) are left out.
    """
    wanted = possible(days)
    runs = (_run(wanted, start) for start in islice(months_from(first_year), 12 * within_years))
    _, chosen = min(runs, key=lambda run: run[0])  # min keeps the first of equals
    return chosen


def _run(wanted: set[DayOfWeek], start: tuple[int, int]) -> tuple[int, dict[DayOfWeek, date]]:
    """How many months from `start` on are needed, and the first date of each pair in them."""
    found: dict[DayOfWeek, date] = {}
    for length, month in enumerate(months_from(*start)):
        if len(found) == len(wanted):
            return length, found
        for pair, day in days_of(*month):
            if pair in wanted:
                found.setdefault(pair, day)
    raise AssertionError("months never end")
