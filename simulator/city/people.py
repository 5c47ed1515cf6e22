"""Who works in the city: a name, a language, a vehicle, a home, a skill, a habit of working, and how long they have been with us."""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from simulator.city.ground import HOTSPOTS, ZONES, Spot, Zone, around
from simulator.city.pains import PainPoint

NEW = 30
"""Days of tenure below which ops call a partner new."""
SHARE_NEW = 0.2
AWAY_FROM_HOTSPOTS = ZONES[2:]

NAMES = {
    "en": ("Asha", "Ravi", "Joseph", "Mary", "Imran", "Neha", "Thomas", "Sana", "Arjun", "Priya", "David", "Farah"),
    "hi": ("Amit", "Sunita", "Rahul", "Pooja", "Vikas", "Rekha", "Manoj", "Kavita", "Salman", "Anita", "Deepak", "Shabnam"),
    "kn": ("Manjunath", "Lakshmi", "Basavaraj", "Shilpa", "Nagaraj", "Savitha", "Girish", "Roopa", "Mahesh", "Vidya", "Chetan", "Kavya"),
}
LANGUAGES = ("kn", "hi", "en")
VEHICLES = {"motorbike": 7.5, "scooter": 6.5, "e_bike": 6.0, "bicycle": 4.5}
"""Mean speed in traffic, m/s, by vehicle."""
HABITS = ("breakfast", "lunch", "day", "dinner", "split", "night")


@dataclass(frozen=True, slots=True)
class Persona:
    """What does not change about a partner while the city runs. `skill` 0 to 1; `speed` in m/s; `new`: may fall under the rules for new ones."""

    partner_id: str
    first_name: str
    language: str
    vehicle: str
    speed: float
    home: Spot
    home_zone: Zone
    joined_on: date
    new: bool
    skill: float
    willingness: float
    habit: str


def partner_id(index: int) -> str:
    """What the partner with this number is called in events."""
    return f"blr-{index:05d}"


def persona(rng: Random, index: int, today: date, pain: PainPoint | None) -> Persona:
    """The partner with this number; `today` is the first day of the simulation, `pain` what is planned to go wrong for them."""
    language = rng.choices(LANGUAGES, (45, 30, 25))[0]
    vehicle = rng.choices(tuple(VEHICLES), (55, 30, 8, 7))[0]
    days, skill = _tenure(rng, pain), rng.random()
    zone, home = _home(rng, pain)
    return Persona(
        partner_id=partner_id(index),
        first_name=rng.choice(NAMES[language]),
        language=language,
        vehicle=vehicle,
        speed=VEHICLES[vehicle] * (0.9 + 0.2 * rng.random()),
        home=home,
        home_zone=zone,
        joined_on=today - timedelta(days=days),
        new=days <= NEW,
        skill=skill,
        willingness=0.55 + 0.3 * skill + 0.1 * min(days / 365, 1.0),
        habit=_habit(rng, pain),
    )


def _tenure(rng: Random, pain: PainPoint | None) -> int:
    """Days since joining. Those who will struggle stay new for over two weeks; those who will reject orders are not new."""
    if pain is PainPoint.new_struggling:
        return rng.randint(1, 12)
    if pain is PainPoint.reject_near_hotspot or rng.random() >= SHARE_NEW:
        return rng.randint(60, 1500)
    return rng.randint(0, 25)


def _home(rng: Random, pain: PainPoint | None) -> tuple[Zone, Spot]:
    """Those who will reject orders near a hotspot live close to one, new ones who will struggle do not."""
    if pain is PainPoint.reject_near_hotspot:
        zone = ZONES[rng.randrange(len(HOTSPOTS))]
        return zone, around(rng, zone.centre, 600.0)
    zone = rng.choice(AWAY_FROM_HOTSPOTS if pain is PainPoint.new_struggling else ZONES)
    return zone, around(rng, zone.centre, zone.radius / 2)


def _habit(rng: Random, pain: PainPoint | None) -> str:
    weights = (10, 18, 22, 26, 16, 8) if pain is None else (10, 18, 22, 26, 16, 0)
    return rng.choices(HABITS, weights)[0]
