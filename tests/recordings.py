"""The way to the real recordings, for all tests that read them."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

REPO = Path(__file__).parents[1]


@pytest.fixture
def recording() -> Callable[[str], Path]:
    """The folder of a real recording by name; skips where the recordings are not at hand."""
    base = Path(os.environ.get("NUDGELINE_DATA") or REPO.parent / "shared" / "data")

    def find(name: str) -> Path:
        if not (base / name).is_dir():
            pytest.skip(f"the recording {name} is not at hand: {base / name} is no folder (NUDGELINE_DATA says where recordings are)")
        return base / name

    return find
