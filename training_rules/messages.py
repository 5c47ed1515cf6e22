"""What the partner reads: the message in their language, its holes filled, and why they got it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rulebook.hole_values import PLAIN, Quantity
from rulebook.holes import Hole, Parts, template
from rulebook.model import Message, Text
from rulebook.spelling import category, prepare, spelled

FALLBACK = "en"
_SPELLED = 1e15  # what no locale spells

#: Why a partner got a nudge, by the family its trigger reads: never more than they would expect us to know.
REASONS: dict[str, dict[str, str]] = {
    "orders": {"en": "Because of your recent orders.", "hi": "आपके हाल के ऑर्डर के कारण।", "kn": "ನಿಮ್ಮ ಇತ್ತೀಚಿನ ಆರ್ಡರ್‌ಗಳ ಕಾರಣ."},
    "ratings": {"en": "Because of your recent ratings.", "hi": "आपकी हाल की रेटिंग के कारण।", "kn": "ನಿಮ್ಮ ಇತ್ತೀಚಿನ ರೇಟಿಂಗ್‌ಗಳ ಕಾರಣ."},
    "training": {"en": "Because of your training.", "hi": "आपके प्रशिक्षण के कारण।", "kn": "ನಿಮ್ಮ ತರಬೇತಿಯ ಕಾರಣ."},
    "": {"en": "Because of how your shift is going.", "hi": "आपकी आज की शिफ़्ट के अनुसार।", "kn": "ನಿಮ್ಮ ಇಂದಿನ ಪಾಳಿಯ ಆಧಾರದ ಮೇಲೆ."},
}


def language_of(texts: Mapping[str, Any], wanted: str | None) -> str:
    """The partner's language where the message has it, else English, else the first that it has."""
    if wanted in texts:
        return str(wanted)
    return FALLBACK if FALLBACK in texts else next(iter(texts))


def missing_hole(holes: Iterable[str], values: Mapping[str, Any]) -> str | None:
    """The first of the holes for which there is no value, or none that can be said."""
    return next((h for h in holes if (value := values.get(h)) is None or (isinstance(value, int | float) and not abs(value) < _SPELLED)), None)


def fill(text: str, values: Mapping[str, Any], measures: Mapping[str, Quantity], language: str) -> str:
    """The text with its holes filled, each value as the language spells what it measures."""
    return _filled(template(text).parts, values, measures, language)


def _filled(parts: Parts, values: Mapping[str, Any], measures: Mapping[str, Quantity], language: str) -> str:
    return "".join(p if isinstance(p, str) else _spell(p, values, measures, language) for p in parts)


def _spell(hole: Hole, values: Mapping[str, Any], measures: Mapping[str, Quantity], language: str) -> str:
    value = values[hole.name]
    if not hole.forms:
        unit, currency = measures.get(hole.name, PLAIN)
        return spelled(value, unit, language, currency)
    exact, by_rule = hole.forms.get(f"={value:.0f}" if value == int(value) else ""), hole.forms.get(category(value, language))
    return _filled(next(f for f in (exact, by_rule, hole.forms["other"]) if f is not None), values, measures, language)


def holes_of(message: Message) -> frozenset[str]:
    return frozenset(h for names in holes_by_language(message).values() for h in names)


def holes_by_language(message: Message) -> dict[str, tuple[str, ...]]:
    """The names of the holes of each text, in the order in which they stand."""
    return {language: _names(text) for language, text in message.texts.items()}


def prepare_words(message: Message) -> None:
    """Have ready what it takes to fill the holes."""
    for language, holes in holes_by_language(message).items():
        if holes:
            prepare(language)


def _names(text: Text) -> tuple[str, ...]:
    return tuple(h for _, part in text.parts() for h in template(part).names())


def why(family: str, language: str) -> str:
    reasons = REASONS.get(family, REASONS[""])
    return reasons.get(language, reasons[FALLBACK])

