"""Rule files that were damaged at random: each gives a clean report or faults with a place; never a traceback, never over a second.

    python -m benches.fuzz [--files 100000] [--seed 1]

Files are the catalogue and small ones of every construct; bytes are flipped, lines moved, tokens exchanged, indents and nestings changed; now and then one
gets a very long expression, a test of very many moments, a name that is none or aliases of aliases. What passes `check` is compiled and its tests are run too. Ends with 1 where a file breaks that, and shows it.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import time
import traceback
from pathlib import Path

from rich.progress import track

from benches import machine
from rulebook.codes import CODES
from rulebook.errors import RuleErrors
from rulebook.loader import read_text
from rulebook.source import MAX_BYTES
from streams.settings import CATALOG
from training_rules.compiler import compile_rules
from training_rules.timelines import read_timelines, run_tests

LONGEST, MOST_MEMORY = 1.0, 200  # s of CPU, MB
LARGE_SHARE = 0.03
_EXPRESSION = re.compile(r"(?:when|if|where|holds): ?(['\"]?)([a-z][^\n{},'\"]*)")
_STATUS = Path("/proc/self/status")
CHECKS = Path(__file__).resolve().parents[1] / "rulebook" / "checks"
TOKENS = (
    "online", "tenure", "<", ">=", "and", "or", "not", "(", ")", "over", "2h", "life", "last 9", "1km", "60%", "17:30", "segment.", "count(", "where", "==", '"', "'", ",",
    "{", "}", "[", "]", ":", "- ", "\n", "\t", "&a ", "*a ", "<<: ", "|\n", "null", "~", "yes", "0x1f", "1e999", "-1", "\u0000", "\u2028", "हिं", "🛵", "!!python/object:os.system ",
    "happens:", "sequence:", "without:", "for:", "times:", "within:", "same:", "expect:", "at:", "version: 1", "? ", "%YAML 1.1\n", "---\n", "...\n", "#",
)  # fmt: skip


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--files", type=int, default=100_000)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--quick", action="store_true", help="500 files; nothing is kept")
    asked = arguments.parse_args()
    count = 500 if asked.quick else asked.files
    found = run(count, asked.seed)
    if not asked.quick:
        machine.write("fuzz", found)
    print(json.dumps(found))
    sys.exit(1 if found["broken"] else 0)


def seeds() -> list[str]:
    """What is damaged: shipped files, and those of the checks and codes."""
    files = [*(p for folder in CATALOG for p in sorted(folder.glob("*.yaml"))), *sorted(CHECKS.glob("*.yaml"))]
    return [*(p.read_text(encoding="utf-8") for p in files), *(c.bad for c in CODES)]


def run(count: int, seed: int) -> dict[str, object]:
    """Damage and read `count` files."""
    rnd, texts = random.Random(seed), seeds()
    longest, faults, fine, broken, most, base = 0.0, 0, 0, 0, 0, _resident("VmRSS")
    for _ in track(range(count), "damaging rule files", transient=True, disable=not sys.stderr.isatty()):
        text = damaged(rnd, rnd.choice(texts))
        before, began = _resident_from_now_on(), time.process_time()
        try:
            reported = read(text)
        except Exception:  # noqa: BLE001 - that there is none is what is asked
            broken += 1
            print(f"--- {text!r}\n{traceback.format_exc()}", file=sys.stderr)
            continue
        took = time.process_time() - began
        longest, most = max(longest, took), max(most, base + _resident("VmHWM") - before)
        if took > LONGEST:
            broken += 1
            print(f"--- {took:.2f} s: {text!r}", file=sys.stderr)
        faults, fine = faults + bool(reported), fine + (not reported)
    if most > MOST_MEMORY:
        broken += 1
        print(f"--- {most} MB", file=sys.stderr)
    return {"files": count, "seed": seed, "with_faults": faults, "fine": fine, "broken": broken, "longest_s": round(longest, 3), "memory_mb": most}


def _resident(which: str) -> int:
    """VmRSS or VmHWM of this process, MB; 0 where there is no /proc."""
    found = re.search(rf"{which}:\s+(\d+)", _STATUS.read_text()) if _STATUS.exists() else None
    return int(found[1]) // 1024 if found else 0


def _resident_from_now_on() -> int:
    """Begin the peak (VmHWM) anew; what is resident now, MB. A process that has read 100,000 files keeps holes that are no file's."""
    if _STATUS.exists():
        Path("/proc/self/clear_refs").write_text("5")
    return _resident("VmRSS")


def read(text: str) -> bool:
    """Whether faults were found. Each has a place in the file; what has none compiles, and its tests run."""
    try:
        rules, warnings = read_text(text)
        timelines = read_timelines(rules)
    except RuleErrors as e:
        refused = e
    else:
        compile_rules(rules)
        for result in run_tests(rules, timelines):
            result.story()
        return bool(warnings)
    for fault in refused.faults:
        line, column = fault.span.file.position(fault.span.start)
        if line < 1 or column < 1 or not fault.message:
            raise ValueError(f"a fault without a place: {fault}")
    return bool(str(refused))


def damaged(rnd: random.Random, text: str) -> str:
    if rnd.random() < LARGE_SHARE:
        text = rnd.choice(_LARGE)(rnd, text)
        if rnd.random() < 0.5:
            return text
    for _ in range(rnd.choice((1, 1, 2, 3, 8))):
        text = rnd.choice(_DAMAGES)(rnd, text)
    return text[: 2 * MAX_BYTES]  # what is larger is refused unread


def _flip(rnd: random.Random, text: str) -> str:
    at = rnd.randrange(len(text) + 1)
    return text[:at] + chr(rnd.choice((rnd.randrange(32, 127), rnd.randrange(0x110000 - 0x800) % 0xD800))) + text[at + 1 :]


def _cut(rnd: random.Random, text: str) -> str:
    at = rnd.randrange(len(text) + 1)
    return text[:at] + text[at + rnd.randrange(1, 40) :]


def _token(rnd: random.Random, text: str) -> str:
    at = rnd.randrange(len(text) + 1)
    return text[:at] + rnd.choice(TOKENS) + text[at + rnd.choice((0, 0, 1, 5)) :]


def _line(rnd: random.Random, text: str) -> str:
    lines = text.split("\n")
    line = lines.pop(rnd.randrange(len(lines)))
    if rnd.random() < 0.7:
        lines.insert(rnd.randrange(len(lines) + 1), " " * rnd.randrange(0, 8) + line.strip() if rnd.random() < 0.5 else line)
    return "\n".join(lines)


def _word(rnd: random.Random, text: str) -> str:
    words = text.split(" ")
    first, second = rnd.randrange(len(words)), rnd.randrange(len(words))
    words[first] = words[second]
    return " ".join(words)


def _nest(rnd: random.Random, text: str) -> str:
    at, depth = rnd.randrange(len(text) + 1), rnd.choice((3, 50, 400, 5000, 50_000))
    opened, closed = rnd.choice((("(", ")"), ("[", "]"), ("{a: ", "}"), ("not ", ""), ("not (online and ", ")"), ("- ", ""), ("&a [", "]")))
    return text[:at] + opened * depth + closed * depth + text[at:]


def _chain(rnd: random.Random, text: str) -> str:
    """One expression becomes a long one."""
    if not (values := list(_EXPRESSION.finditer(text))):
        return text
    at, link = rnd.choice(values).end(2), rnd.choice((" + 1", " or {0}", " and {0}", ' or city == "c{1}"', " or speed > {1}", " and not riding", " and (online or {0})", ".."))
    first = text[: at].rsplit(" ", 1)[-1]
    return text[:at] + "".join(link.format(first, number) for number in range(rnd.choice((20, 70, 300, 600, 3000)))) + text[at:]


def _timeline(rnd: random.Random, text: str) -> str:
    """Many lines of a test, each for many moments, or a moment that is none."""
    at = rnd.choice(("0s..19999s every 1s", "0s..9d every 1s", "1m..1m every 1m", "." * 20_000, "1m.." * 2000 + " every" * 2000, f"{'9' * 5000}m"))
    lines = f"      - {{at: {at}, {rnd.choice(('logged_in: {}', 'position: {lat: 1, lon: 1}', 'expect: nothing'))}}}\n" * rnd.choice((1, 20, 300))
    head, found, tail = text.partition("    timeline:\n")
    return f"{head}{found}{lines}{tail}" if found else f"{text}\ntests:\n  - name: t\n    timeline:\n{lines}"


def _hole(rnd: random.Random, text: str) -> str:
    """A name that is none, or only nearly one, as an argument and in a text."""
    name = rnd.choice(("hot-spot", "class", "a b", "1st", "नाम", "x" * 5000, "__import__('os')", 'a\\"b', "None", "ﬁ", "{", ""))
    head, found, tail = text.partition("    send:")
    text = f"{head}    args: {{{json.dumps(name, ensure_ascii=False)}: city}}\n{found}{tail}" if found else text
    return text.replace("{", f"{{{name}", 1) if rnd.random() < 0.5 else text.replace("completed(", f"completed('{name}' ", 1)


def _bombs(rnd: random.Random, text: str) -> str:
    """Aliases of aliases."""
    lines = ["a0: &a0 [" + "x, " * 9 + "x]", *(f"a{n}: &a{n} [" + f"*a{n - 1}, " * 9 + f"*a{n - 1}]" for n in range(1, rnd.choice((3, 9, 50))))]
    return "\n".join([text, *lines, ""])


def _ends(rnd: random.Random, text: str) -> str:
    return rnd.choice((lambda t: t.replace("\n", "\r\n"), lambda t: t.replace("\n", "\r"), lambda t: t.replace("  ", "\t"), lambda t: "\ufeff" + t, lambda t: t * 3))(text)


def _number(rnd: random.Random, text: str) -> str:
    digits = [at for at, c in enumerate(text) if c.isdigit()]
    if not digits:
        return text
    at = rnd.choice(digits)
    return text[:at] + rnd.choice(("0", "-1", "1e9", "999999999999999999999", "0.0000001", "NaN", "1_0", "٣", "9" * 400, "9" * 5000)) + text[at + 1 :]


_DAMAGES = (_flip, _cut, _token, _token, _line, _word, _nest, _ends, _number)
#: These make files large, so they are taken once a file, and not in every one.
_LARGE = (_chain, _timeline, _hole, _bombs)

if __name__ == "__main__":
    main()
