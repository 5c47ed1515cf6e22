"""What was probably meant by a token that cannot stand where it does in an expression."""

from __future__ import annotations

from rulebook import units
from rulebook.faults import did_you_mean
from rulebook.lexer import Token

#: Words of the language: no names.
WORDS = {"or", "and", "not", "in", "where", "over", "true", "false"}
_HINTS = {
    "=": "write `==`", "&": "write `and`", "!": "write `not`", "[": "windows stand in parentheses: `acceptance_rate(2h)`",
    ",": "in a list, write `|` between the items: `x in (a | b)`", "{": "no braces inside an expression",
}  # fmt: skip
#: What other languages call the units.
_UNITS = {
    **dict.fromkeys(("sec", "secs", "second", "seconds"), "s"), **dict.fromkeys(("min", "mins", "minute", "minutes"), "m"), **dict.fromkeys(("hr", "hrs", "hour", "hours"), "h"),
    **dict.fromkeys(("day", "days"), "d"), **dict.fromkeys(("week", "weeks", "wk"), "w"), **dict.fromkeys(("kms", "kilometre", "kilometres", "kilometers"), "km"),
}  # fmt: skip


def meant(token: Token, before: Token, after: Token) -> str:
    """What to write instead of a token between these; empty where nothing comes to mind."""
    if token.text == "not" and after.text == "in":
        return f"write `not {before.text} in (a | b)`"
    if before.kind == "number" and token.text.lower() in (*_UNITS, *units.SECONDS, "km"):
        return f"write `{before.text}{_UNITS.get(token.text.lower(), token.text.lower())}`, without a space"
    if token.text not in WORDS and token.text.lower() in WORDS:
        return f"write `{token.text.lower()}`, in small letters"
    if token.text == "|" and "|" in (before.text, after.text):
        return "write `or`"
    return _HINTS.get(token.text, "")


def unit_meant(number: str, suffix: str) -> str:
    """What to write instead of a unit that is not known."""
    return f"write `{number}{_UNITS[suffix.lower()]}`" if suffix.lower() in _UNITS else did_you_mean(suffix, [*units.SECONDS, "km", "%"])
