"""Which names lead back to themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping


def in_a_circle(reads: Mapping[str, set[str]]) -> Iterator[str]:
    """Each name from which a way leads back to it, in order."""
    for name in reads:
        seen: set[str] = set()
        waiting = list(reads[name])
        while waiting:
            at = waiting.pop()
            if at == name:
                yield name
                break
            if at not in seen:
                seen.add(at)
                waiting += reads.get(at, ())
