"""Codes of languages: of the right form (BCP 47), and among those that are known."""

from __future__ import annotations

import re

from rulebook.faults import Faults, did_you_mean
from rulebook.source import Scalar

_KNOWN = (
    "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga "
    "gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv "
    "mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr "
    "ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu awa bgc bho brx ceb doi fil hne ilo kok lus mag "
    "mai mni raj sat tcy yue"
)
#: ISO 639-1, and languages of couriers that have three letters only.
LANGUAGES = frozenset(_KNOWN.split())
_REGION = re.compile(r"([A-Z][a-z]{3}-)?[A-Z]{2}|[A-Z][a-z]{3}")


def read_language(lang: Scalar, faults: Faults) -> bool:
    """Whether a key under a message is a language: `hi`, `bho`, `pt-BR` (BCP 47)."""
    word, _, region = lang.value.partition("-")
    if not (2 <= len(word) <= 3 and word.isascii() and word.isalpha() and word.islower()) or (region and not _REGION.fullmatch(region)):
        meant = f"{word.lower()[:2]}-{region.upper()}" if len(region) == 2 else word.lower()[:2]
        faults.error("E232", f"`{lang.value}` is no code of a language", lang.span, help=f"two or three small letters, such as `{meant}`")
        return False
    if word not in LANGUAGES:
        faults.warn("W292", f"no language is known by the code `{word}`", lang.span, help=did_you_mean(word, LANGUAGES) or "take the code from ISO 639, or snooze this")
    return True
