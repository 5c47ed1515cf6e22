"""`stale_after`: data that grew too old make nobody a member."""

from tests.training_rules.town import Town, rules

SEGMENT = "segments:\n  busy: {{{when}, stale_after: 30m{more}}}\n"


def moves(*lines, until=120, when="when: count(order_accepted over 1d) >= 1", more=""):
    town = Town(rules(SEGMENT.format(when=when, more=more)))
    for kind, minute in lines:
        town.feed(kind, minute)
    town.advance(until)
    return [(transition, at) for _, transition, at in town.moves()]


def test_a_membership_ends_when_its_data_are_too_old():
    assert moves(("order_accepted", 0)) == [("entered", 0), ("exited", 30)]


def test_each_event_that_it_reads_keeps_it_fresh():
    assert moves(("order_accepted", 0), ("order_accepted", 20)) == [("entered", 0), ("exited", 50)]


def test_other_events_do_not():
    assert moves(("order_accepted", 0), ("logged_in", 20)) == [("entered", 0), ("exited", 30)]


def test_fresh_data_bring_a_member_back():
    assert moves(("order_accepted", 0), ("order_accepted", 40)) == [("entered", 0), ("exited", 30), ("entered", 40), ("exited", 70)]


def test_an_edge_that_waits_begins_anew_after_stale_data():
    when = "enter: {when: count(order_accepted over 1d) >= 1, for: 40m}"
    assert moves(("order_accepted", 0), ("order_accepted", 35), ("order_accepted", 60), when=when, until=200) == [("entered", 75), ("exited", 90)]


def test_an_event_read_by_way_of_another_segment_keeps_it_fresh():
    town = Town(rules("segments:\n  able: {when: count(order_accepted over 1d) >= 1}\n  busy: {when: segment.able, stale_after: 30m}\n"))
    for minute in (0, 20):
        town.feed("order_accepted", minute)
    town.advance(120)
    assert [move for move in town.moves() if move[0] == "busy"] == [("busy", "entered", 0), ("busy", "exited", 50)]
