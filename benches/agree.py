"""Random rule sets over random timelines: does the compiled engine decide what a reference decides that was written from the description alone?

    python -m benches.agree [--cases 10000] [--seed 1]

Timelines have late, too late and duplicate events, unknown values, clock changes, and restarts through snapshots. Cases are drawn by hypothesis, which
shows the smallest one where the two part. Rule sets in which a segment is to be entered and left at once are left out: `check` warns of them.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from random import Random

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from benches import machine
from tests.reference.agreement import differences, drawn, engine
from tests.reference.interpreter import Contradiction


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--cases", type=int, default=10_000)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--quick", action="store_true", help="200 cases; nothing is kept")
    asked = arguments.parse_args()
    found = run(200 if asked.quick else asked.cases, asked.seed)
    if not asked.quick:
        machine.write("agree", found)
    print(json.dumps(found))


def run(cases: int, first: int) -> dict[str, object]:
    """Try `cases` cases. Raises AssertionError, with the smallest one, where the two part."""
    counted: Counter[str] = Counter()
    began = time.perf_counter()

    @seed(first)
    @settings(max_examples=cases, deadline=None, database=None, phases=(Phase.generate, Phase.shrink), suppress_health_check=list(HealthCheck))
    @given(st.randoms(use_true_random=False))
    def agree(r: Random) -> None:
        text, line = drawn(r)
        try:
            parted = differences(text, line)
        except Contradiction:
            counted["left_out"] += 1
            return
        assert not parted, "\n".join([text, *map(str, line.events), *parted])
        counted["agreed"] += 1
        counted["events"] += len(line.events)
        counted["restarts"] += len(line.restarts)
        counted.update(kind for kind, *_ in engine(text, line))

    agree()
    return {"cases": cases, "seed": first, **counted, "seconds": round(time.perf_counter() - began, 1)}


if __name__ == "__main__":
    main()
