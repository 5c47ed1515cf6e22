"""Where a bench ran, and where its results go."""

from __future__ import annotations

import json
import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


def machine() -> dict[str, Any]:
    """Cores, Python, load: a figure means nothing without them."""
    return {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "load_1m": round(os.getloadavg()[0], 2),
        "day": f"{datetime.now(UTC):%Y-%m-%d}",
    }


def write(name: str, found: dict[str, Any]) -> None:
    """Write `results/<name>.json`, with the machine."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps({"machine": machine(), **found}, indent=1) + "\n", encoding="utf-8")
