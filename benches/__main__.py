"""Every bench, one after the other: results go to `benches/results`, and the tables of docs/performance.md, docs/sizing.md and README.md are made anew, and printed. `--quick` keeps nothing."""

from __future__ import annotations

import subprocess
import sys

from benches import report, sizing

BENCHES = (
    "windows", "path", "step", "partner_bytes", "timers", "scaling", "store", "latency", "catch_up", "recovery", "yardstick", "peers", "workers", "compile", "agree", "fuzz", "handover", "backtest", "alike", "city_truth", "silence", "crowd",
)  # fmt: skip


def main() -> None:
    quick = [option for option in sys.argv[1:] if option == "--quick"]
    for name in BENCHES:
        print(f"== {name}", flush=True)
        subprocess.run([sys.executable, "-m", f"benches.{name}", *(quick if name != "windows" else [])], check=True)
    if not quick:
        report.write()
        sizing.write()
        print(report.summary())


if __name__ == "__main__":
    main()
