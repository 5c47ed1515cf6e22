import pytest

from events import FAMILIES
from events.decode import Decoder
from tests.catalog import PAINS
from training_rules import Corridor, EngineOptions, load_rules


@pytest.fixture(scope="module")
def outputs(day):
    """All that the core makes of the city's day under the rules of its pain points, with rollouts complete and holdouts off."""
    decoders = {name: Decoder(name) for name in FAMILIES}
    corridor = Corridor(load_rules(PAINS, options=EngineOptions(everyone=True)))
    made = [output for record in day.records for output in corridor.feed(decoders[record.family].decode(record.value, record.key))]
    return [*made, *corridor.advance(day.city.end)]


def test_the_core_sends_the_nudges_of_the_truth_and_no_other(day, outputs):
    sent = sorted((nudge.partner_id, nudge.rule, round(nudge.decided_at, 3)) for nudge in outputs if nudge.type == "nudge")
    assert sent == sorted((truth.partner_id, truth.rule, truth.at) for truth in day.city.truth)


def test_the_core_never_has_to_hold_a_nudge_back(outputs):
    assert {decision.verdict for decision in outputs if decision.type == "decision"} <= {"send", "cleared", "not_cleared"}
