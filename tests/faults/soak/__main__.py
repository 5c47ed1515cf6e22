"""A soak: its last line says what came of it, and the exit status is 1 where something was lost or doubled, or memory grew.

    python -m tests.faults.soak --minutes 60 --rate 30000 --kill-every 120 --seed 1
    python -m tests.faults.soak --minutes 10 --rate 5000 --kill-every 240 --swaps 100        (rule sets change meanwhile)

What is long enough for memory to be judged is kept in benches/results/soak.json, with the table made anew.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from benches import machine
from benches import report as tables
from tests.faults.soak import report
from tests.faults.soak.run import Asked, soak
from tests.faults.stream import RULES

FOLDER = Path(".local") / "soak"


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options().parse_args(arguments)
    signal.signal(signal.SIGTERM, _end)
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    try:
        found = soak(_asked(options), FOLDER.absolute())
    except KeyboardInterrupt:
        print(f"cut short; all that was started is ended, the logs are in {FOLDER}", file=sys.stderr)
        return 130
    for note in found["notes"]:
        print(note)
    if options.swaps and found["rows"] and not options.quick:
        machine.write("reload", {key: value for key, value in found.items() if key != "notes"})
    elif found["flat"] is not None and found["rows"] and not options.quick:
        machine.write("soak", {key: value for key, value in found.items() if key != "notes"})
        tables.write()
    print(json.dumps({key: value for key, value in found.items() if key not in ("notes", "rows")}))
    print(report.last_line(found))
    return 0 if report.clean(found) else 1


def _end(number: int, frame: object) -> None:
    """As Ctrl-C does: what was started is ended on the way out."""
    raise KeyboardInterrupt


def _asked(options: argparse.Namespace) -> Asked:
    if options.quick:
        options.minutes, options.rate, options.kill_every, options.partners = 0.5, 3000.0, 10.0, 2000
    return Asked(
        seconds=options.minutes * 60, rate=options.rate, kill_every=options.kill_every, seed=options.seed, partners=options.partners,
        speed=options.speed, compaction_lag=options.compaction_lag, views=not options.no_views, rules=tuple(options.rules or [RULES]), swaps=options.swaps,
    )  # fmt: skip


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.soak", description="Load and kills for an hour, on a real Kafka and Redis.")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--rate", type=float, default=30_000.0, help="events a second")
    parser.add_argument("--kill-every", type=float, default=120.0, help="s between two strikes, about")
    parser.add_argument("--seed", type=int, default=1, help="of the stream, and of who is killed when")
    parser.add_argument("--partners", type=int, default=10_000)
    parser.add_argument("--speed", type=float, default=90.0, help="how much faster than the clock event time goes")
    parser.add_argument("--compaction-lag", type=float, default=60.0, help="s for which the changelog keeps what was written over")
    parser.add_argument("--rules", type=Path, nargs="*", help="rule files or folders; otherwise those of the faults, which count every event over life")
    parser.add_argument("--no-views", action="store_true", help="without Redis")
    parser.add_argument("--swaps", type=int, default=0, help="how often the rule set changes meanwhile; kept in benches/results/reload.json")
    parser.add_argument("--quick", action="store_true", help="half a minute at 3,000 a second; nothing is kept")
    return parser


if __name__ == "__main__":
    sys.exit(main())
