"""Values as a person reads them: by what they measure and in their language, with the words and plural rules of Unicode CLDR (by way of Babel)."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.numbers import format_currency, format_decimal, format_percent
from babel.units import format_unit

from rulebook.units import DAY, HOUR, MINUTE, Unit

_FALLBACK = "en"
_NO_BREAK = str.maketrans("\u00a0\u202f", "  ")


@lru_cache(maxsize=256)
def locale_of(language: str) -> Locale:
    """What CLDR knows of a language such as `hi` or `pt-BR`; English for one that it does not know."""
    try:
        return Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale.parse(_FALLBACK)


@lru_cache(maxsize=256)
def prepare(language: str) -> None:
    """Read what CLDR has of a language: it takes a tenth of a second the first time, and is better done before events flow."""
    for unit in Unit:
        spelled(1.5, unit, language)
    category(1.5, language)


def categories(language: str) -> tuple[str, ...]:
    """The plural categories of a language, `other` last: `one`, `other` in English."""
    tags = locale_of(language).plural_form.tags
    return (*(c for c in ("zero", "one", "two", "few", "many") if c in tags), "other")


def category(value: float, language: str) -> str:
    """The plural category of a number as it is spelled: 1 is `one` in English, 1.5 is `other`."""
    return locale_of(language).plural_form(_shown(value))


def spelled(value: Any, unit: Unit, language: str, currency: str = "") -> str:
    """A value in words of the language: `12 days`, `5 min`, `33 %`, `10:05`, `0.7 km`, `12345`. Durations in seconds, distances in km, ratios as parts of 1."""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, int | float):
        return str(value)
    return _number(value, unit, locale_of(language), currency).translate(_NO_BREAK)


def _number(value: float, unit: Unit, locale: Locale, currency: str) -> str:
    match unit:
        case Unit.DURATION:
            return _duration(value, locale)
        case Unit.RATIO:
            return re.sub(r"(?<=\d)%", " %", format_percent(value, locale=locale))
        case Unit.CLOCK:
            return f"{int(value) // 3600:02d}:{int(value) % 3600 // 60:02d}"
        case Unit.DISTANCE:
            return format_unit(round(value, 2 if abs(value) < 0.1 else 1 if abs(value) < 10 else 0), "length-kilometer", "short", format="0.##", locale=locale)
        case Unit.MONEY:
            return _money(value, currency, locale)
        case _:
            return format_decimal(_shown(value), format="0.##", locale=locale)


def _shown(value: float) -> int | Decimal:
    """The number that is shown: whole where it is, else with at most two digits behind the point."""
    return int(value) if value == int(value) else Decimal(f"{value:.2f}").normalize()


def _duration(seconds: float, locale: Locale) -> str:
    """The whole units that have passed: days alone, hours with minutes, minutes, or seconds."""
    sign, left = ("-", -seconds) if seconds < 0 else ("", seconds)
    left = int(left + 1e-6)
    if left >= DAY:
        parts = [(left // int(DAY), "day")]
    elif left >= HOUR:
        parts = [(left // int(HOUR), "hour"), (left % int(HOUR) // int(MINUTE), "minute")]
    else:
        parts = [(left // int(MINUTE), "minute") if left >= MINUTE else (left, "second")]
    return sign + " ".join(format_unit(count, f"duration-{unit}", "short", locale=locale) for at, (count, unit) in enumerate(parts) if count or not at)


def _money(value: float, currency: str, locale: Locale) -> str:
    """Without a currency the number alone, for texts that name it themselves. The last digits are left out where they are zero."""
    whole = value == int(value)
    if not currency:
        return format_decimal(value, format="0" if whole else "0.00", locale=locale)
    pattern = re.sub(r"\.0+", "" if whole else ".00", locale.currency_formats["standard"].pattern)
    return format_currency(value, currency, format=pattern, locale=locale, currency_digits=False)
