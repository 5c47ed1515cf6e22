"""The language: YAML with positions ▸ expressions ▸ types and units ▸ Python source. Pure: knows no partner and no clock."""

from rulebook.errors import RuleErrors
from rulebook.faults import Fault, Severity, Span
from rulebook.loader import load_files, read_text
from rulebook.model import RuleSet

__all__ = ["Fault", "RuleErrors", "RuleSet", "Severity", "Span", "load_files", "read_text"]
