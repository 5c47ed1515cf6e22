"""A message that threatens or shames.

Fear of a loss, guilt, and being compared with others press without helping ("confirmshaming": A. Mathur et al. 2019; C. Gray et al., "The Dark (Patterns) Side of UX Design", CHI 2018). Say what the partner can gain, and what to do.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulebook.checks.context import Context, fault
from rulebook.checks.phrases import any_of, said
from rulebook.faults import Fault, Severity
from rulebook.model import RuleSet

CODE, SEVERITY = "W448", Severity.WARNING

KINDS = {
    "a threat of loss": any_of(
        r"\byou( wi|.)ll lose\b", r"\bor (you )?lose\b", r"\byou are losing\b", r"\bwill be blocked\b", r"\byou are missing out\b",
        "खो देंगे|गँवा देंगे|गंवा देंगे|ब्लॉक (कर|हो) (दिया )?जाए", "नुक़सान होगा", "ಕಳೆದುಕೊಳ್ಳುತ್ತೀರಿ|ನಷ್ಟವಾಗುತ್ತದೆ|ನಿರ್ಬಂಧಿಸಲಾಗುತ್ತದೆ",
    ),
    "shame": any_of(
        r"\blazy\b", r"\bashamed?\b", r"\bshame on\b", r"\blet(ting)? (\w+ ){1,3}down\b", r"\bdisappoint(ed|ing)? (us|your|with)\b", r"\bdon.t you (want|care)\b",
        r"\b(everyone|everybody) else\b", r"\bothers (are|earn)\b", r"\byou are falling behind\b",
        "आलसी|आलस (न|मत|छोड़)|शर्म (करें|कीजिए|आनी)|निराश (न|मत) कर|दूसरों से पीछे|पीछे रह जाएँगे|पीछे रह जाएंगे", "ಸೋಮಾರಿ|ನಾಚಿಕೆ|ನಿರಾಶೆಗೊಳಿಸಬೇಡಿ|ಹಿಂದೆ ಬೀಳುತ್ತೀರಿ",
    ),
}  # fmt: skip


def check(rules: RuleSet, context: Context) -> Iterator[Fault]:
    for found in said(rules, KINDS):
        yield fault(CODE, SEVERITY, f"“{found.words}” ({found.language}) is {found.kind}", found.at, f"message {found.message.name}", "say what there is to gain, and what to do")
