"""Feeds that fall silent, and partners who rest, are stored, are written and come up elsewhere: one history, and nobody can tell by what is decided."""

from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events import FAMILIES
from rulebook.loader import read_text
from segments.features import FIGURES
from tests.reference import silences
from tests.reference.agreement import drawn
from tests.reference.programs import announced
from training_rules import Corridor, EngineOptions, Partners, compile_rules
from training_rules import resting as resting_module
from training_rules.storing import InMemory

NAMES = list(FAMILIES)
FAMILY = {event: family.name for family in FAMILIES.values() for event in family.types}


def compiled(text):
    return compile_rules(read_text(text)[0], EngineOptions(season="1"))


def words(r, text, line):
    """What a corridor is told, in order: `(what, argument)`. What a silent feed has comes in time, or all of it when it is back."""
    told, silent, kept, heard = [], None, [], {}
    for event in announced(text, line.events):
        at, family = event.occurred_at, FAMILY.get(event.type)
        if silent is None and heard and r.random() < 0.1:
            silent, withheld = r.sample(NAMES, r.randint(1, 3)), r.random() < 0.7
            told.append(("freeze", silent))
        elif silent is not None and r.random() < 0.15:
            told += [*(("feed", e) for e in kept), ("thaw", silent)]
            silent, kept = None, []
        if silent is not None and withheld and family in silent:
            kept.append(event)
            continue
        told.append(("feed", event))
        if family is not None:
            heard[family] = max(at, heard.get(family, at))
        told += [("hear", dict(heard))] if r.random() < 0.3 else [("hear", {})] if r.random() < 0.1 else []
        told += [(what, "") for what, share in (("time", 0.1), ("change", 0.03), ("forget", 0.03)) if r.random() < share]
    return [*told, *(("feed", e) for e in kept), *([("thaw", silent)] if silent else []), ("hear", {}), ("end", line.end)]


class Teller:
    """Tells one corridor; with `moves` its partners rest, are stored, and come up elsewhere."""

    def __init__(self, rules, moves=None):
        self.moves, self.heard, self.offset, self.out, self.changelog, self.counts = moves, {}, 0, [], {}, dict.fromkeys(("rest", "stored", "restarts"), 0)
        self.corridor = self.made(rules, {}, -float("inf"))

    def made(self, rules, resting, stream_time):
        return Corridor(rules, Partners(rules, resting=resting, store=InMemory() if self.moves else None), stream_time)

    def tell(self, what, arg):
        corridor, now = self.corridor, self.corridor.stream_time
        self.offset += 1
        match what:
            case "feed" if arg.type in FIGURES:
                self.out += [*corridor.advance(max(arg.occurred_at, now)), *corridor.announce(arg)]
            case "feed":
                self.out += corridor.feed_all([(arg.occurred_at, NAMES.index(FAMILY[arg.type]), self.offset, arg)], NAMES)
            case "freeze":
                self.out += corridor.freeze(dict.fromkeys(arg, now), now)
            case "thaw":
                self.out += corridor.thaw(arg, now)
            case "hear":
                self.heard = arg
                corridor.silence.hear(arg)
            case "change":
                corridor.change(compiled(arg))
            case "forget":
                self.out += corridor.forget(arg, now, "erasures", self.offset)
            case "time" | "end":
                self.out += corridor.advance(arg if what == "end" else now + 45)
        self.out += self.corridor.advance(self.corridor.stream_time)
        if self.moves is not None:
            self.move(self.moves)

    def move(self, r):
        corridor = self.corridor
        if r.random() < 0.5:
            corridor.make_room(r.randint(0, 1))
            self.counts["rest"] += len(corridor.partners.resting)
        if r.random() < 0.3:
            checkpoint = corridor.checkpoint()
            self.changelog |= dict(checkpoint.take(1))
            corridor.make_room(r.randint(0, 1))
            while checkpoint:
                self.changelog |= dict(checkpoint.take(1))
        for _ in range(r.randint(0, 2)):
            corridor.store(-1.0)
            self.counts["stored"] += len(corridor.partners.store)
        if r.random() < 0.1 and corridor.stream_time > -float("inf"):
            self.restart()

    def restart(self):
        """Another owner, from what is written now. What began in a silence is known to the old one only."""
        before = self.corridor
        if before.silence.frozen is not None and before.silence.frozen.begun:
            return
        self.changelog |= dict(before.checkpoint().take(10))
        known, kept = before.silence.known, before.together.kept()
        self.corridor = self.made(before.silence.base, dict(self.changelog), before.stream_time)
        self.corridor.together.restore(kept)
        if known:
            self.corridor.freeze(known, before.stream_time)
        self.corridor.silence.hear(self.heard)
        self.counts["restarts"] += 1


def both(r, text, line):
    """What is decided with all partners awake, and with these moves; and how often there were any."""
    told = [(what, text if what == "change" else r.choice("pq") if what == "forget" else arg) for what, arg in words(r, text, line)]
    plain, moved = Teller(compiled(text)), Teller(compiled(text), Random(r.randint(0, 9999)))
    for what, arg in told:
        plain.tell(what, arg)
        moved.tell(what, arg)
    return plain.out, moved.out, moved.counts, told


@pytest.fixture(autouse=True)
def few(monkeypatch):
    monkeypatch.setattr(resting_module, "AHEAD", 1)
    monkeypatch.setattr(resting_module, "VAIN", 2)


@settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**32), st.booleans())
def test_who_rests_moves_or_is_stored_through_a_silence_is_told_the_same(seed, working):
    r = Random(seed)
    text, line = silences.drawn(r) if working else drawn(r)
    plain, moved, _, told = both(r, text, line)
    assert moved == plain, "\n".join([text, *map(str, told)])


def test_the_random_histories_move_and_decide():
    found, counts = set(), []
    for seed in range(30):
        r = Random(seed)
        plain, _, moved, _ = both(r, *silences.drawn(r))
        found |= {str(getattr(o, "verdict", o.type if hasattr(o, "type") else "erased")) for o in plain}
        counts.append(moved)
    assert found >= {"send", "hold", "recalled", "frozen", "thawed", "erased"}
    assert all(sum(count[what] for count in counts) > 30 for what in ("rest", "stored", "restarts"))
