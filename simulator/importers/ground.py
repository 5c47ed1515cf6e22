"""Distances on the ground and moves that no vehicle makes: for noticing what a recording got wrong."""

import numpy as np
import pandas as pd

EARTH_RADIUS_KM = 6371.0088
IMPLAUSIBLE_KMH = 150.0


def kilometres(lat_a: np.ndarray, lon_a: np.ndarray, lat_b: np.ndarray, lon_b: np.ndarray) -> np.ndarray:
    """Great-circle distance in km (haversine, mean earth radius) of points in degrees, element by element."""
    phi_a, phi_b = np.radians(lat_a), np.radians(lat_b)
    half_lat, half_lon = (phi_b - phi_a) / 2, np.radians(lon_b - lon_a) / 2
    chord = np.sin(half_lat) ** 2 + np.cos(phi_a) * np.cos(phi_b) * np.sin(half_lon) ** 2
    return 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(chord))


def jumps(partner: pd.Series, at: pd.Series, lat: pd.Series, lon: pd.Series) -> pd.Series:
    """Where a fix is farther from the partner's fix before it than 150 km/h allow: a boolean a row; fixes of one second are no jump."""
    fixes = pd.DataFrame({"partner": partner, "at": at, "lat": lat, "lon": lon}).dropna().sort_values(["partner", "at"], kind="stable")
    before = fixes.groupby("partner").shift()
    hours = (fixes["at"] - before["at"]) / 3600
    away = pd.Series(kilometres(*(side[name].to_numpy() for side in (before, fixes) for name in ("lat", "lon"))), index=fixes.index)
    return ((away > IMPLAUSIBLE_KMH * hours) & (hours > 0)).reindex(partner.index, fill_value=False)
