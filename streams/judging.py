"""Whether a rule set may run: read, checked, linked, and its tests pass. In a process of its own, so that the stream does not wait for it.

    python -m streams.judging < {"files": {NAME: TEXT}}

Writes what is wrong with it, nothing where all is well.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import msgspec

from rulebook.errors import RuleErrors
from rulebook.loader import load_texts
from training_rules.timelines import run_tests

#: How long tests may take (s). One who is not through by then is not judged at all: the worker ends, and says so.
LONGEST = 120.0


def faults_of(files: dict[str, str]) -> str:
    """What is wrong with a rule set, as `check` and `test` say it; empty where it may run."""
    try:
        ruleset, _ = load_texts(files)
        failed = [result for result in run_tests(ruleset) if not result.passed]
    except RuleErrors as e:
        return str(e)
    return "\n".join(f"FAILED  {result.name}\n{result.story()}" for result in failed)


def judged(files: dict[str, str]) -> str:
    """The same, by a process of its own with the least priority. Blocks until it is over. Raises OSError, subprocess.SubprocessError."""
    done = subprocess.run(
        [sys.executable, "-m", "streams.judging"], input=msgspec.json.encode({"files": files}), capture_output=True, timeout=LONGEST, check=True,
    )  # fmt: skip
    return done.stdout.decode()


def main() -> None:
    os.nice(10)
    given: dict[str, Any] = msgspec.json.decode(sys.stdin.buffer.read())
    sys.stdout.write(faults_of(given["files"]))


if __name__ == "__main__":
    main()
