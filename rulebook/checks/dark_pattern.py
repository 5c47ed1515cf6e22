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
    "false urgency": r"last chance|hurry|act now|only today|don.t miss|before it.s too late|limited time|जल्दी करें|आखिरी मौका|ತಡ ಮಾಡಬೇಡಿ",
    "a threat of loss": r"you will lose|you.ll lose|or lose|will be blocked|खो देंगे|ಕಳೆದುಕೊಳ್ಳುತ್ತೀರಿ",
    "a goal against logging off": r"don.t (log ?off|log ?out|go offline|stop now)|before you log ?o(ff|ut)|stay online|keep going|लॉग ?आउट न करें|ಲಾಗ್ ?ಔಟ್ ಮಾಡಬೇಡಿ",
}


def check(rules: RuleSet, context: Context) -> Iterator[Fault]:
    for message in rules.messages.values():
        for lang, text in message.texts.items():
            for kind, phrase in PHRASES.items():
                if found := re.search(phrase, f"{text.title} {text.body} {text.speak}", re.IGNORECASE):
                    said = f"“{found[0]}” ({lang}) is {kind}"
                    yield fault(CODE, SEVERITY, said, message.span, f"message {message.name}", "say what helps, and let the partner choose")
