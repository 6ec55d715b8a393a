"""The weather over one Belgian house: the sun, clouds, and the temperature outside."""

import math

from .curves import Curve, noise

LATITUDE = math.radians(50.85)
LONGITUDE_DEGREES = 4.35
_ROOF_TILT = math.radians(35)
_DAY = 86_400
_SUN_PERIOD = 120
_TEMPERATURE_PERIOD = 900


def _day_angle(t: int) -> float:
    """Return the time of year as an angle, 0 at the start of January."""
    return math.tau * ((t / _DAY) % 365.25) / 365.25


def sun_on_roof(t: int) -> float:
    """Return the clear-sky irradiance in W/m² on a roof that faces south (sun position: Spencer, 1971)."""
    year = _day_angle(t)
    declination = (
        0.006918
        - 0.399912 * math.cos(year)
        + 0.070257 * math.sin(year)
        - 0.006758 * math.cos(2 * year)
        + 0.000907 * math.sin(2 * year)
    )
    equation_of_time = 229.18 * (
        0.000075
        + 0.001868 * math.cos(year)
        - 0.032077 * math.sin(year)
        - 0.014615 * math.cos(2 * year)
        - 0.040849 * math.sin(2 * year)
    )
    solar_minutes = (t % _DAY) / 60 + 4 * LONGITUDE_DEGREES + equation_of_time
    hour_angle = math.radians(solar_minutes / 4 - 180)
    height = math.sin(LATITUDE) * math.sin(declination) + math.cos(LATITUDE) * math.cos(declination) * math.cos(
        hour_angle
    )
    if height <= 0:
        return 0.0
    tilted = LATITUDE - _ROOF_TILT
    on_roof = math.sin(tilted) * math.sin(declination) + math.cos(tilted) * math.cos(declination) * math.cos(hour_angle)
    air_mass = 1 / (height + 0.02)
    direct = 1361.0 * math.pow(0.7, math.pow(air_mass, 0.678))
    return direct * (max(0.0, on_roof) + 0.1)


class Weather:
    """Sun, clouds and temperature, decided by the seed and the time alone."""

    __slots__ = ("_clearness", "_clouds", "_gusts", "_spell", "_sun", "_temperature")

    def __init__(self, seed: int) -> None:
        """Prepare the weather of this seed."""
        self._sun = Curve(lambda knot: sun_on_roof(knot * _SUN_PERIOD), _SUN_PERIOD)
        self._clearness = noise(seed, "clearness", _DAY)
        self._clouds = noise(seed, "clouds", 900)
        self._gusts = noise(seed, "gusts", 40)
        self._spell = noise(seed, "spell", 3 * _DAY)
        self._temperature = Curve(self._temperature_knot, _TEMPERATURE_PERIOD)

    def _temperature_knot(self, knot: int) -> float:
        t = knot * _TEMPERATURE_PERIOD
        season = -math.cos(_day_angle(t) - 0.35)
        swing = 3.5 + 1.5 * season
        hour = math.tau * ((t % _DAY) / _DAY)
        return 10.8 + 7.6 * season + 11.0 * (self._spell.at(t) - 0.5) - swing * math.cos(hour - 0.8)

    def temperature(self, t: int) -> float:
        """Return the temperature outside in °C."""
        return self._temperature.at(t)

    def irradiance(self, t: int) -> float:
        """Return the irradiance on the roof in W/m², what the clouds leave of it."""
        sun = self._sun.at(t)
        if sun <= 0.0:
            return 0.0
        # A clear day lets the clouds pass only now and then; on a dull day they hardly ever break.
        cover = 0.75 * self._clouds.at(t) + 0.25 * self._gusts.at(t)
        shade = min(1.0, max(0.0, (cover + 0.15 - self._clearness.at(t)) * 4))
        return sun * (1.0 - 0.8 * shade)
