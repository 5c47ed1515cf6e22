"""What happened: the contract of events, one file a family. Pure."""

from events.families import FAMILIES, Family

__all__ = ["FAMILIES", "Family"]
