"""Readers of recordings: each makes events of the contract out of rows, and reports what it had to do for that."""

from simulator.importers.cut import WHOLE, Cut
from simulator.importers.decoded import decoded
from simulator.importers.frames import Record, Source
from simulator.importers.parted import divisible, in_order, parted
from simulator.importers.recognise import open_source
from simulator.importers.report import Finding, Kind, Report

__all__ = ["WHOLE", "Cut", "Finding", "Kind", "Record", "Report", "Source", "decoded", "divisible", "in_order", "open_source", "parted"]
