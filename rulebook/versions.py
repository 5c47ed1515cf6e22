"""The version of a definition is a hash of what its file says."""

from __future__ import annotations

import json
from hashlib import blake2b
from typing import Any

from rulebook.source import Node, Scalar, Sequence


def plain(node: Node) -> Any:
    """The node as plain data, all scalars text: what a version is a hash of."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Sequence):
        return [plain(i) for i in node.items]
    return {key.value: plain(value) for key, value in node}


def version_of(data: object) -> str:
    """A short, stable hash of plain data."""
    return blake2b(json.dumps(data, sort_keys=True, ensure_ascii=True).encode(), digest_size=6).hexdigest()
