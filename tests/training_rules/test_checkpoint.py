"""One moment of changed partners, written bit by bit."""

from __future__ import annotations

from events.structs import STRUCTS
from segments.state import Offsets
from tests.training_rules.test_corridor import RULES, START
from training_rules import Corridor
from training_rules.snapshots import load, plain

Rated = STRUCTS["rating_received"]


def rated(number: int, who: str = "p") -> Rated:
    return Rated(event_id=f"r{number}", partner_id=who, occurred_at=START + number, order_id="o", stars=1)


def feed(corridor: Corridor, *events: tuple[int, str]) -> None:
    corridor.feed_all([(START + number, 0, number, rated(number, who)) for number, who in events], ["ratings"])


def read(taken: list[tuple[str, bytes]]) -> dict[str, float]:
    """By partner the number of the last event that is in."""
    return {who: load(raw, RULES).now - START for who, raw in taken}


def test_all_changed_partners_are_taken_so_many_at_a_time() -> None:
    corridor = Corridor(RULES)
    feed(corridor, (0, "p"), (1, "q"), (2, "r"))
    checkpoint = corridor.checkpoint()
    assert [len(checkpoint.take(2)), len(checkpoint.take(2)), bool(checkpoint)] == [2, 1, False]


def test_who_changes_meanwhile_is_written_as_of_the_moment() -> None:
    corridor = Corridor(RULES)
    feed(corridor, (0, "p"), (1, "q"))
    checkpoint = corridor.checkpoint()
    feed(corridor, (2, "p"), (3, "q"), (4, "q"))
    assert read(checkpoint.take(10)) == {"p": 0, "q": 1}


def test_who_changes_meanwhile_is_in_the_next_one_too() -> None:
    corridor = Corridor(RULES)
    feed(corridor, (0, "p"), (1, "q"))
    checkpoint = corridor.checkpoint()
    checkpoint.take(1)
    feed(corridor, (2, "p"), (3, "q"))
    checkpoint.take(10)
    assert read(corridor.checkpoint().take(10)) == {"p": 2, "q": 3}


def test_whom_a_timer_changes_meanwhile_is_written_as_of_the_moment() -> None:
    corridor = Corridor(RULES)
    corridor.feed(STRUCTS["arrived_at_restaurant"](event_id="a", partner_id="p", occurred_at=START, order_id="o"), "orders", 0)
    before = plain(corridor.partners["p"], RULES)
    checkpoint = corridor.checkpoint()
    corridor.advance(START + 86_400)
    assert corridor.wakes > 0
    ((_, raw),) = checkpoint.take(10)
    assert plain(load(raw, RULES), RULES) == before | {"applied": Offsets({"orders": 0})}


def test_whom_a_timer_wakes_meanwhile_keeps_what_it_changed() -> None:
    corridor = Corridor(RULES)
    corridor.feed(STRUCTS["arrived_at_restaurant"](event_id="a", partner_id="p", occurred_at=START, order_id="o"), "orders", 0)
    corridor.make_room(0)
    checkpoint = corridor.checkpoint()
    corridor.advance(START + 86_400)
    checkpoint.take(10)
    assert read(corridor.checkpoint().take(10))["p"] > 0


def test_who_is_erased_meanwhile_is_written_as_of_the_moment_and_then_as_erased() -> None:
    corridor = Corridor(RULES)
    feed(corridor, (0, "p"))
    checkpoint = corridor.checkpoint()
    corridor.forget("p", START + 5, "profile", 0)
    assert read(checkpoint.take(10)) == {"p": 0}
    assert read(corridor.checkpoint().take(10)) == {"p": float("-inf")}


def applied(taken: list[tuple[str, bytes]]) -> dict[str, dict[str, int]]:
    """By partner how far each source is applied."""
    return {who: dict(load(raw, RULES).applied) for who, raw in taken}


def test_who_is_erased_meanwhile_does_not_count_as_erased_before_it_is_written() -> None:
    corridor = Corridor(RULES)
    feed(corridor, (0, "p"))
    checkpoint = corridor.checkpoint()
    corridor.forget("p", START + 5, "profile", 7)
    assert applied(checkpoint.take(10)) == {"p": {"ratings": 0}}


def test_an_event_that_comes_alone_does_not_count_as_applied_before_it_is_written() -> None:
    corridor = Corridor(RULES)
    feed(corridor, (0, "p"))
    checkpoint = corridor.checkpoint()
    corridor.feed(rated(1), "ratings", 1)
    assert [applied(checkpoint.take(10)), applied(corridor.checkpoint().take(10))] == [{"p": {"ratings": 0}}, {"p": {"ratings": 1}}]


def test_who_is_to_be_written_does_not_rest() -> None:
    corridor = Corridor(RULES)
    feed(corridor, (0, "p"))
    corridor.rest(0.0, 1.0)
    checkpoint = corridor.checkpoint()
    corridor.rest(1.0, 1.0)
    corridor.rest(2.0, 1.0)
    assert list(corridor.partners.awake) == ["p"]
    assert read(checkpoint.take(10)) == {"p": 0}
