"""What hurts, and what to say: patterns, policy, messages, and the engine (`step`). Pure: everything comes in as an argument."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from rulebook.loader import load_files
from segments.state import PartnerState
from training_rules.compiler import compile_rules
from training_rules.corridor import Corridor
from training_rules.engine import step
from training_rules.house import House
from training_rules.partners import Partners
from training_rules.rules import EngineOptions, Rules

__all__ = ["Corridor", "EngineOptions", "House", "PartnerState", "Partners", "Rules", "compile_rules", "load_rules", "step"]


def load_rules(paths: str | Path | Iterable[str | Path], *, options: EngineOptions | None = None) -> Rules:
    """Read, check and compile the rule files of a path, or of several (folders are searched). Raises RuleErrors with all faults, NoRules where nothing is found."""
    several = [paths] if isinstance(paths, str | Path) else list(paths)
    ruleset, _ = load_files(several)
    return compile_rules(ruleset, options)
