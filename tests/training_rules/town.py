"""A small hand to drive the core in tests: rules from text, events by name and minute."""

from events.structs import STRUCTS
from rulebook.loader import read_text
from training_rules import Corridor, EngineOptions, compile_rules

START = 1_772_445_600.0  # Monday 2026-03-02 10:00 UTC

MESSAGES = """
messages:
  text: {en: {title: Hello, body: A nudge.}}
"""


def rules(text, everyone=True, **options):
    """Compiled rules; `version` and a message called `text` are added."""
    ruleset, _ = read_text("version: 1\n" + text + ("" if "messages:" in text else MESSAGES))
    return compile_rules(ruleset, EngineOptions(everyone=everyone, **options))


def nudge(name="n", trigger="{happens: order_rejected}", **keys):
    """One nudge rule as YAML."""
    settings = {"send": "text", "kind": "tip", "cooldown": "0s", "priority": "10", "mode": "live"} | {k.rstrip("_"): v for k, v in keys.items()}
    return f"  {name}:\n    trigger: {trigger}\n" + "".join(f"    {k}: {v}\n" for k, v in settings.items())


class Town:
    """Feeds one corridor; `minute` is minutes after START."""

    def __init__(self, compiled):
        self.corridor, self.out, self.number = Corridor(compiled), [], 0

    def event(self, kind, minute, partner="p", event_id=None, **fields):
        self.number += 1
        needs_order = "order_id" in STRUCTS[kind].__struct_fields__
        fields = ({"order_id": f"o{self.number}"} if needs_order else {}) | fields
        return STRUCTS[kind](event_id=event_id or f"e{self.number}", partner_id=partner, occurred_at=START + minute * 60, **fields)

    def feed(self, kind, minute, partner="p", event_id=None, **fields):
        return self.put(self.event(kind, minute, partner, event_id, **fields))

    def put(self, event):
        decided = list(self.corridor.feed(event))
        self.out += decided
        return decided

    def advance(self, minute):
        decided = list(self.corridor.advance(START + minute * 60))
        self.out += decided
        return decided

    def decisions(self):
        return [(o.rule, str(o.verdict), o.reason and str(o.reason), (o.decided_at - START) / 60) for o in self.out if o.type == "decision"]

    def sent(self):
        return [(o.rule, (o.decided_at - START) / 60) for o in self.out if o.type == "nudge"]

    def moves(self):
        return [(o.segment, o.transition, (o.decided_at - START) / 60) for o in self.out if o.type == "segment_transition"]
