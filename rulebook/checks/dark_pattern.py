"""A message that presses.

False urgency, threats of loss, and goals against logging off work once and cost trust (Mathur et al. 2019, "Dark Patterns at Scale"; Scheiber 2017 on goals for drivers). Say what helps, and let the partner choose.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rulebook.checks.context import Context, fault
from rulebook.faults import Fault, Severity
from rulebook.model import RuleSet

CODE, SEVERITY = "W443", Severity.WARNING


#: What is said, as a pattern, in the languages that are shipped.
PHRASES = {
    "false urgency": r"\blast chance\b|(?<!\bno )\bhurry\b|\bact now\b|\bonly today\b|\bdon.t miss\b|\bbefore it.s too late\b|\blimited time\b|जल्दी करें|आखिरी मौका|ತಡ ಮಾಡಬೇಡಿ",
    "a threat of loss": r"\byou will lose\b|\byou.ll lose\b|\bor lose\b|\bwill be blocked\b|खो देंगे|ಕಳೆದುಕೊಳ್ಳುತ್ತೀರಿ",
    "a goal against logging off": r"\bdon.t (log ?off|log ?out|go offline|stop now)\b|\bbefore you log ?o(ff|ut)\b|\bstay online\b|\bkeep going\b(?! (straight|left|right|along|past|until|on)\b)|लॉग ?आउट न करें|ಲಾಗ್ ?ಔಟ್ ಮಾಡಬೇಡಿ",
}


def check(rules: RuleSet, context: Context) -> Iterator[Fault]:
    for message in rules.messages.values():
        for lang, text in message.texts.items():
            for kind, phrase in PHRASES.items():
                for what, part in text.parts():
                    if found := re.search(phrase, part, re.IGNORECASE):
                        at = text.place(what, found.start(), len(found[0])) or message.span
                        yield fault(CODE, SEVERITY, f"“{found[0]}” ({lang}) is {kind}", at, f"message {message.name}", "say what helps, and let the partner choose")
