"""What a large rule set costs: to compile, to check, and for each event.

    python -m benches.compile [--quick]

- 500 segments, read and compiled;
- `nudgeline check` of 200 files, the whole command;
- events a second in the core with 20 and with 200 rules of which each concerns one in ten of the event types, over the yardstick's stream, best of
  five runs taken in turn.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benches import live, machine, yard
from events import FAMILIES
from events.decode import Decoder
from rulebook.loader import read_text
from streams.collector import long_lived
from training_rules import Corridor, Rules, compile_rules

_HEAD = "version: 1\nowner: bench\n"
_MESSAGE = "messages:\n  text_{0}: {{en: {{title: Hello, body: A word.}}}}\n"
#: The yardstick's event types, each with a condition on it that few events meet, and an end that a wait for it may have.
_EVENTS = (
    ("position", "speed > 1{0}", "logged_out"), ("order_offered", "distance_to(spots) < 0.{0}km", "order_accepted"), ("logged_in", "tenure < {0}d", "logged_out"),
    ("order_accepted", "count(order_rejected over {0}h) > 12", "order_picked_up"), ("arrived_at_restaurant", "distance_to(spots) < 0.{0}km", "order_picked_up"),
    ("order_rejected", "distance_to(spots) < 0.{0}km", "order_accepted"), ("rating_received", "stars <= 1 and rating < 2.{0}", "logged_out"), ("logged_out", "orders_accepted_today > 3{0}", "logged_in"),
    ("feature_used", 'feature == "feature_{0}"', "logged_out"), ("order_picked_up", "count(order_delivered over {0}h) >= 3", "order_delivered"),
)  # fmt: skip
_TRIGGERS = (
    "{{happens: {event}, where: '{where}'}}",
    "{{happens: {event}, where: '{where}', times: 3, within: {n}0m}}",
    "{{happens: {event}, where: '{where}', times: 2, in_a_row: true}}",
    "{{happens: {event}, where: '{where}', without: {end}, for: {n}0m}}",
    "{{sequence: [{{happens: {event}, where: '{where}'}}, {{happens: {end}}}], within: {n}0m}}",
)
_PLACES = "places:\n  spots: [{name: A, at: [12.9352, 77.6245]}]\n"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--quick", action="store_true", help="a small stream, one run; nothing is kept")
    asked = arguments.parse_args()
    found = {"segments": segments(500), "check": check(200), "rules": compared((20, 200), *((20_000, 1) if asked.quick else (200_000, 5)))}
    if not asked.quick:
        machine.write("compile", found)
    print(json.dumps(found))


def segments(count: int) -> dict[str, Any]:
    """Seconds from text to a rule set that can run."""
    body = "".join(f"  s{i}: {{when: count(order_rejected over {1 + i % 8}h) > {i % 9} and tenure < {1 + i}d and online}}\n" for i in range(count))
    began = time.perf_counter()
    ruleset, _ = read_text(f"{_HEAD}segments:\n{body}")
    read = time.perf_counter()
    rules = compile_rules(ruleset)
    done = time.perf_counter()
    return {"count": count, "slots": len(rules.slots), "read_s": round(read - began, 3), "compile_s": round(done - read, 3), "all_s": round(done - began, 3)}


def check(files: int) -> dict[str, Any]:
    """Seconds of the command over so many files, a rule and its message in each."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "places.yaml").write_text(_HEAD + _PLACES, encoding="utf-8")
        for i in range(files - 1):
            (Path(folder) / f"r{i}.yaml").write_text(f"{_HEAD}nudges:\n{_rule(i)}{_MESSAGE.format(i)}", encoding="utf-8")
        began = time.perf_counter()
        subprocess.run([sys.executable, "-m", "commands.main", "check", folder], check=True, cwd=live.ROOT, stdout=subprocess.DEVNULL)
        return {"files": files, "seconds": round(time.perf_counter() - began, 3)}


def compared(counts: Sequence[int], events: int, runs: int) -> dict[str, Any]:
    """Microseconds for each event by number of rules, runs in turn; and how many times the least the most costs."""
    with tempfile.TemporaryDirectory() as folder, long_lived():  # rules and events are no work for the collector, as in a worker
        file = Path(folder) / "events"
        yard.stream(file, events, max(events // 400, 20), 1)  # 400 for each partner, as the yardstick has
        stream, rules = _decoded(file), {count: _rules(count) for count in counts}
    best = dict.fromkeys(counts, float("inf"))
    for _ in range(runs):
        for count in counts:
            best[count] = min(best[count], _fed(rules[count], stream))
    return {"events": events, "us": {str(c): round(best[c] * 1e6 / events, 3) for c in counts}, "times": round(best[counts[-1]] / best[counts[0]], 2)}


def _rule(i: int) -> str:
    """Each concerns one of ten event types, and maybe another one that ends it; no two are alike."""
    (event, where, end), n = _EVENTS[i % 10], 1 + i // 10
    trigger = _TRIGGERS[n % 5].format(event=event, where=where.format(n), end=end, n=n)
    keys = f"send: text_{i}\n    kind: tip\n    cooldown: 1d\n    priority: {i % 100}\n    mode: shadow\n"
    return f"  n{i}:\n    trigger: {trigger}\n    {keys}"


def _rules(count: int) -> Rules:
    nudges = "".join(map(_rule, range(count)))
    messages = "messages:\n" + "".join(_MESSAGE.format(i).partition("\n")[2] for i in range(count))
    return compile_rules(read_text(f"{_HEAD}{_PLACES}nudges:\n{nudges}{messages}")[0])


def _decoded(file: Path) -> list[Any]:
    readers = {kind: Decoder(f.name).decode for f in FAMILIES.values() for kind in f.types}
    pairs = (line.split(b"\t", 1) for line in file.read_bytes().splitlines())
    return [readers[json.loads(value)["type"]](value, key) for key, value in pairs]


def _fed(rules: Rules, stream: list[Any]) -> float:
    corridor = Corridor(rules)
    feed, began = corridor.feed, time.perf_counter()
    for event in stream:
        feed(event)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
