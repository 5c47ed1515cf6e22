"""Assignment by hash: sticky, independent for each purpose, and monotone, so that a growing percentage changes nobody's side.

A partner's place in [0, 1) is a function of the seed and the partner alone (Kohavi, Tang & Xu 2020, "Trustworthy Online Controlled Experiments",
ch. 4: hash, not state).
"""

from __future__ import annotations

from hashlib import blake2b

_SCALE = 2.0**-64


def place(purpose: str, scope: str, partner_id: str) -> float:
    """Where a partner stands in [0, 1) for one purpose ("rollout", "rule-holdout", "global-holdout") and scope (a rule, a season)."""
    digest = blake2b(f"{purpose}\x1f{scope}\x1f{partner_id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") * _SCALE


def chosen(purpose: str, scope: str, partner_id: str, share: float) -> bool:
    """Whether the partner is among the first `share` (0 to 1)."""
    return share > 0 and (share >= 1 or place(purpose, scope, partner_id) < share)
