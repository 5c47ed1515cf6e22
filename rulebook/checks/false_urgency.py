"""Urgency without a reason.

Countdowns, last chances and scarcity that nothing stands behind make people decide without thinking (A. Mathur et al., "Dark Patterns at Scale", CSCW 2019; "pressuring consumers": FTC staff report "Bringing Dark Patterns to Light", 2022). Where something does end, or is for a few only, the rule says so: `valid_for`, `expires`, `seats` or an `offer` that has its time. And nobody who rides is told to hurry.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulebook.checks.context import Context, fault
from rulebook.checks.phrases import any_of, said
from rulebook.faults import Fault, Severity
from rulebook.model import Nudge, RuleSet

CODE, SEVERITY = "W447", Severity.WARNING

HURRY, SCARCE = "haste, for people who ride", "false urgency"
KINDS = {
    HURRY: any_of(r"(?<!\bno )\bhurry\b", r"\brush (to|now|over)\b", r"\bbe quick\b", "जल्दी (करें|करो|कीजिए)|जल्दबाज़ी करें", "ತ್ವರೆ ಮಾಡಿ|ಬೇಗ ಮಾಡಿ|ತಡ ಮಾಡಬೇಡಿ"),
    SCARCE: any_of(
        r"\b(last|final) chance\b", r"\bact now\b", r"\bnow or never\b", r"\b(only today|today only)\b", r"\bdon.t miss\b", r"\bbefore it.s too late\b", r"\blimited time\b",
        r"\b(only|just) (\d+|\{\w+\}) (\w+ )?(left|remaining)\b", r"\brunning out\b", r"\bends soon\b", r"\bwhat are you waiting for\b",
        "(आख़िरी|अंतिम) (मौक़ा|अवसर)", "अभी नहीं तो कभी नहीं", "मौक़ा (न|मत) (चूकें|गँवाएँ|गंवाएं|छोड़ें)", "मौक़ा हाथ से न जाने दें", "(सिर्फ़|केवल) आज\\b(?! के ऑर्डर)", "सीमित समय", "(सिर्फ़|केवल) (\\d+|\\{\\w+\\}) (\\S+ )?(बचे|बची|बचा)",
        "ಕೊನೆಯ ಅವಕಾಶ", "ಅವಕಾಶ (ತಪ್ಪಿಸಿಕೊಳ್ಳಬೇಡಿ|ಕಳೆದುಕೊಳ್ಳಬೇಡಿ)", "ಈಗ ಇಲ್ಲದಿದ್ದರೆ ಎಂದಿಗೂ ಇಲ್ಲ", "ಇಂದು ಮಾತ್ರ", "ಸೀಮಿತ (ಅವಧಿ|ಸಮಯ)",
    ),
}  # fmt: skip


def check(rules: RuleSet, context: Context) -> Iterator[Fault]:
    for found in said(rules, KINDS):
        senders = [n for n in rules.nudges.values() if n.message == found.message.name]
        if found.kind == SCARCE and senders and all(map(_ends, senders)):
            continue
        hint = "say what there is to gain, and leave the time to them" if found.kind == HURRY else "say until when it is true, in the rule too (`valid_for: 2h`), or leave it out"
        yield fault(CODE, SEVERITY, f"“{found.words}” ({found.language}) is {found.kind}", found.at, f"message {found.message.name}", hint)


def _ends(nudge: Nudge) -> bool:
    """Whether what the nudge speaks of ends, or is for a few only."""
    return bool(nudge.expires or nudge.valid_for is not None or nudge.seats is not None or nudge.offer is not None)
