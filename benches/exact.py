"""Is the outcome of the yardstick's rules exactly what its brute force says? Partner, what, time and cause of every decision, as lists.

    python -m benches.exact [EVENTS [PARTNERS [SEED]]] [--kafka]

Runs `nudgeline backtest` or, with `--kafka`, one worker on a real Kafka, over the same events. Ends with status 1 where one line differs.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benches.yard import YARD


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("events", 300_000), ("partners", 5_000), ("seed", 1)):
        arguments.add_argument(name, nargs="?", type=int, default=default)
    arguments.add_argument("--kafka", action="store_true", help="through one worker on a real Kafka, instead of a backtest")
    asked = arguments.parse_args()
    if not YARD.is_dir():
        sys.exit("the yardstick is not at hand: ../shared/yardstick is no folder")
    with tempfile.TemporaryDirectory() as folder:
        events, decisions = Path(folder, "events.ndjson"), Path(folder, "decisions.ndjson")
        with events.open("wb") as made:
            subprocess.run([sys.executable, YARD / "workload.py", *map(str, (asked.events, asked.partners, asked.seed))], stdout=made, check=True)
        expected = subprocess.run([sys.executable, YARD / "exact.py", events, "--list"], capture_output=True, text=True, check=True).stdout.splitlines()
        if asked.kafka:
            lines = live_outputs(events, Path(folder, "services"))
        else:
            command = [sys.executable, "-m", "commands.main", "backtest", "--rules", YARD / "rules.yaml", "--events", events, "--decisions", decisions]
            subprocess.run(command, check=True)
            lines = map(json.loads, decisions.read_text(encoding="utf-8").splitlines())
        sys.exit(compared(sorted(expected), sorted(spelled(lines))))


def spelled(lines: Iterator[dict[str, object]]) -> Iterator[str]:
    """Transitions and sends as the brute force spells them; the cause of Y4 is its order."""
    for out in lines:
        if out["type"] == "segment_transition":
            yield "\t".join((str(out["partner_id"]), "enter" if out["transition"] == "entered" else "exit", f"{out['decided_at']:.3f}", str(out["cause"])))
        elif out["type"] == "decision" and out["verdict"] == "send":
            cause = out["evidence"]["same"] if out["rule"] == "Y4" else out["cause"]  # type: ignore[index]
            yield "\t".join((str(out["partner_id"]), str(out["rule"]), f"{out['decided_at']:.3f}", str(cause)))


def compared(expected: list[str], found: list[str]) -> int:
    """0 and one line where both lists are the same; otherwise 1 and the first differences."""
    missing, extra = sorted(set(expected) - set(found)), sorted(set(found) - set(expected))
    if expected == found:
        print(f"equal: {len(found):,} decisions, partner, what, time and cause")
        return 0
    print(f"{len(expected):,} expected, {len(found):,} found; {len(missing):,} missing, {len(extra):,} too many")
    print("\n".join([*(f"missing   {line}" for line in missing[:10]), *(f"too many  {line}" for line in extra[:10])]))
    return 1


if __name__ == "__main__":
    main()
