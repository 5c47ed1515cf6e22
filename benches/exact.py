"""Is the outcome of the yardstick's rules exactly what its brute force says? Partner, what, time and cause of every decision, as lists.

    python -m benches.exact [EVENTS [PARTNERS [SEED]]] [--kafka]

Runs one worker on a real Kafka with `--kafka`, `nudgeline backtest` otherwise. Ends with status 1 where one line differs.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benches import live, yard


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("events", 300_000), ("partners", 5_000), ("seed", 1)):
        arguments.add_argument(name, nargs="?", type=int, default=default)
    arguments.add_argument("--kafka", action="store_true", help="through one worker on a real Kafka, instead of a backtest")
    asked = arguments.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        yard.stream(folder / "events.ndjson", asked.events, asked.partners, asked.seed)
        found = list(yard.spelled(_through_kafka(folder) if asked.kafka else _by_backtest(folder)))
        wrong = yard.differences(yard.expected(folder / "events.ndjson"), found)
    print("\n".join(wrong) or f"equal: {len(found):,} decisions, partner, what, time and cause")
    sys.exit(1 if wrong else 0)


def _by_backtest(folder: Path) -> list[dict[str, Any]]:
    files = ["--events", str(folder / "events.ndjson"), "--decisions", str(folder / "decisions.ndjson")]
    subprocess.run([sys.executable, "-m", "commands.main", "backtest", "--rules", str(yard.RULES), *files], check=True, cwd=live.ROOT)
    return [json.loads(line) for line in (folder / "decisions.ndjson").read_text(encoding="utf-8").splitlines()]


def _through_kafka(folder: Path) -> list[dict[str, Any]]:
    with live.kafka(folder / "services", clock="events") as settings:
        live.load(settings, folder / "events.ndjson")
        live.caught_up(settings, yard.RULES, folder)
        return list(live.outputs(settings, "segment.transitions", "decisions"))


if __name__ == "__main__":
    main()
