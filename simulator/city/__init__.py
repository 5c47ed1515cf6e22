"""A city of invented partners, with a truth that is known: who has a pain point, when the nudge has to come, and to whom none may."""

from simulator.city.city import City
from simulator.city.demand import time_zone_where
from simulator.city.feedback import react
from simulator.city.pains import PainPoint
from simulator.city.truth import Truth, read_truth, write_truth

__all__ = ["City", "PainPoint", "Truth", "react", "read_truth", "time_zone_where", "write_truth"]
