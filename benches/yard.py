"""The yardstick as others keep it: a deterministic stream, five rules, and their exact outcome."""

from pathlib import Path

YARD = Path(__file__).resolve().parents[2] / "shared" / "yardstick"
