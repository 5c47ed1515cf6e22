"""The city speaks as the contract says that one usually does: a rule that is tried on it waits for words that come."""

from collections import Counter

from events import FAMILIES
from events.ratings import REMARKS
from rulebook.names import usual_words
from simulator.city import City
from simulator.importers import decoded

FIELDS = {(m.name, name): words for f in FAMILIES.values() for m in f.models for name in m.model_fields if (words := usual_words(m.name, name))}
SEEN = Counter()
for event in decoded(City(60, start=1_772_418_600.0, hours=4, seed=3)):
    SEEN.update((event.type, name, value) for kind, name in FIELDS if kind == event.type and (value := getattr(event, name)) is not None)
    if event.type == "rating_received":
        SEEN.update(("rating_received", "tags", tag) for tag in event.tags or ())


def test_each_word_that_it_writes_is_a_usual_one():
    known = {**FIELDS, ("rating_received", "tags"): REMARKS}
    assert [word for word in SEEN if word[2] not in known[word[:2]]] == []


def test_it_rejects_for_each_reason_but_the_one_that_is_about_a_skill():
    assert {value for kind, name, value in SEEN if (kind, name) == ("order_rejected", "reason")} == {*FIELDS["order_rejected", "reason"]} - {"too_large"}
