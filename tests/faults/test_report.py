"""The page says what was counted."""

import json

from benches import machine
from tests.faults import report
from tests.faults.kinds import KINDS
from tests.faults.prove import PROOFS


def kept():
    return json.loads((machine.RESULTS / "faults.json").read_text(encoding="utf-8"))


def test_the_page_shows_the_results_that_are_kept():
    assert report.PAGE.read_text(encoding="utf-8") == report.page(kept()), "`make faults ARGS=--report` writes it anew"


def test_every_kind_was_run_and_what_is_kept_adds_up():
    found = kept()
    assert {run["kind"] for run in found["runs"]} == set(KINDS)
    assert (found["count"], found["lost"], found["doubled"]) == (len(found["runs"]), sum(r["lost"] for r in found["runs"]), sum(r["doubled"] for r in found["runs"]))


def test_everything_that_was_broken_on_purpose_was_seen():
    proofs = {proof["name"]: proof["seen"] for proof in kept()["proofs"]}
    assert proofs == dict.fromkeys(PROOFS, True)


def test_a_fault_that_was_found_stands_on_the_page():
    run = {"kind": "killed", "seed": 1, "lost": 2, "doubled": 1, "repeated": 5, "recovered_s": [1.0, 3.0], "wall_s": 9.5}
    where = {"machine": machine.machine(), "count": 1, "lost": 2, "doubled": 1, "repeated": 5, "proofs": []}
    told = report.page(where | {"runs": [run]})
    assert "**1 runs, lost 2, doubled 1**, repeated 5" in told
    assert "| 1 | 2 | 1 | 5 | 2.0 | 3.0 |" in told
    assert "- killed, seed 1: lost 2, doubled 1, 9.5 s" in told
