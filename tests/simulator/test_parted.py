"""A recording taken apart by partners has the same events, whoever takes which part, and the same is refused."""

import json

import pytest

from simulator.importers import WHOLE, Cut, decoded, divisible, in_order, open_source, parted
from simulator.importers.ndjson import BLOCK

T0 = 1_700_000_000


def event(number, partner="p", **fields):
    return json.dumps({"type": "logged_in", "event_id": f"e{number}", "partner_id": partner, "occurred_at": T0 + number} | fields)


@pytest.fixture
def recorded(tmp_path):
    def write(text, name="events.ndjson"):
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return tmp_path / name

    return write


def all_of(path, parts=3, cut=WHOLE):
    """The events of every part, each read from the file anew, and the reports."""
    found, reports = {}, []
    for mine in range(parts):
        source = open_source(path)
        for part, events in parted(source, lambda who, mine=mine: mine if len(who) % parts == mine else None, cut):
            found.setdefault(part, []).extend(events)
        reports.append(source.report.as_dict())
    return found, reports


NAMES = ["p", "pp", "ppp", "pppp"]
GOOD = [event(n, NAMES[n % 4]) for n in range(40)]


def wanted(path):
    """By part, what `decoded` gives."""
    found = {}
    for e in decoded(open_source(path)):
        found.setdefault(len(e.partner_id) % 3, []).append(e)
    return found


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(GOOD),
        "\n".join(GOOD) + "\n",
        "\r\n".join(GOOD) + "\r\n",
        "\ufeff" + "\n".join(GOOD),
        "\n\n".join(GOOD),
        "\n".join(f"{json.loads(line)['partner_id']}\t{line}" for line in GOOD),
        "\n".join([*GOOD[:9], "nonsense", '{"type": "logged_in"}', "[1]", *GOOD[9:], '{"type": "nothing", "partner_id": "p"}']),
        "\n".join([*GOOD[:9], event(99) + event(100), *GOOD[9:]]),
        "\n".join([*GOOD[:9], event(99)[:-1], "}", *GOOD[9:]]),
        "\n".join([*GOOD, event(1, "x", battery="full"), "wrong\t" + event(2, "q")]),
    ],
    ids=["as it is", "with an end", "from Windows", "with a BOM", "with empty lines", "with keys", "with bad lines", "two on a line", "one on two lines", "bad fields"],
)  # fmt: skip
def test_the_parts_together_are_the_whole_and_refuse_what_the_whole_refuses(recorded, text):
    path = recorded(text)
    whole = open_source(path)
    list(decoded(whole))
    found, reports = all_of(path)
    assert found == wanted(path)
    refused = {reason: f["count"] for reason, f in whole.report.as_dict()["refused"].items()}
    counts = {reason: sum(r["refused"].get(reason, {"count": 0})["count"] for r in reports) for reason in refused}
    assert counts == refused


def test_bad_lines_are_told_with_their_number(recorded):
    path = recorded("\n".join([*GOOD[:9], "nonsense", *GOOD[9:]]))
    source = open_source(path)
    list(parted(source, lambda _: 0))
    assert source.report.as_dict()["refused"]["not_json"]["examples"][0].startswith("events.ndjson:10 ")


def test_a_file_of_many_blocks_is_read_whole(recorded):
    count = 3 * BLOCK // len(event(1)) + 7
    path = recorded("\n".join(event(n, NAMES[n % 4]) for n in range(count)))
    found, _ = all_of(path)
    assert sum(map(len, found.values())) == count
    assert found == wanted(path)


def test_what_is_longer_than_any_event_is_refused_and_the_rest_is_read(recorded, monkeypatch):
    monkeypatch.setattr("simulator.importers.ndjson.LONGEST_LINE", 2 * BLOCK)
    source = open_source(recorded(event(1) + "\n" + "x" * (4 * BLOCK) + "\n" + event(2)))
    assert [e.event_id for _, events in parted(source, lambda _: 0) for e in events] == ["e1", "e2"]


@pytest.mark.parametrize("name", ["sendy", "doordash_like", "lade", "liverpool_bus"])
def test_a_table_gives_the_events_that_replay_sends_and_the_same_report(recording, name):
    whole, apart = (open_source(recording(name)) for _ in range(2))
    sent = list(decoded(whole))
    assert [e for _, events in parted(apart, lambda _: 0) for e in events] == sent
    assert apart.report.as_dict() == whole.report.as_dict()


def test_profiles_from_before_the_cut_happen_as_it_begins(recording):
    source = open_source(recording("doordash_like"))
    whole = list(decoded(open_source(recording("doordash_like"))))
    begin = whole[0].occurred_at + 10 * 86_400
    found = [e for _, events in parted(source, lambda _: 0, Cut(begin=begin)) for e in events]
    profiles = [e for e in found if e.type == "profile_updated"]
    assert {e.occurred_at for e in profiles} == {begin}
    assert len(profiles) == sum(e.type == "profile_updated" for e in whole)
    assert [e for e in found if e.type != "profile_updated"] == [e for e in whole if e.occurred_at >= begin]


def test_events_that_were_told_before_are_refused_whoever_takes_them(recorded):
    header = "placed,to_restaurant,at_restaurant,delivered,driver_id,restaurant_id,consumer_id,tip\n"
    row = "01 10:00:00,01 10:01:00,01 10:10:00,01 10:30:00,{},7,9,1\n"
    path = recorded(header + row.format(1) + row.format(1) + row.format(22), "d.csv")
    found, reports = all_of(path)
    assert sum(f["count"] for r in reports for f in r["refused"].values()) == 4
    assert {part: len({e.event_id for e in events}) == len(events) for part, events in found.items()} == {0: True, 2: True}


def test_sorted_parts_are_each_in_order_of_time(recorded):
    path = recorded("\n".join(reversed(GOOD)))
    source = open_source(path)
    pieces = list(in_order(parted(source, lambda who: len(who) % 2)))
    assert [[e.occurred_at for e in events] for _, events in pieces] == [sorted(e.occurred_at for e in events) for _, events in pieces]
    assert sum(len(events) for _, events in pieces) == 40


def test_what_can_be_read_once_only_is_not_taken_apart(recorded):
    path = recorded("\n".join(GOOD))
    assert (divisible(open_source(path)), divisible(open_source(path), Cut(limit=3))) == (True, False)


def test_the_first_so_many_events_are_those_of_the_whole(recorded):
    source = open_source(recorded("\n".join(GOOD)))
    assert sorted(e.event_id for _, events in parted(source, len, Cut(limit=5)) for e in events) == ["e0", "e1", "e2", "e3", "e4"]
