"""The words of exports in four languages, and what they mean.

Dutch and English words come from real exports. French and German exports have not been seen: their words are an
assumption, made here alone, after the words that the grid operator's pages use for the same things. A missing word
makes a column unknown, and the error then shows the header.
"""

from enum import StrEnum
from typing import Final, NamedTuple
import unicodedata


class Column(StrEnum):
    """What a column holds."""

    FROM_DATE = "from_date"
    FROM_TIME = "from_time"
    UNTIL_DATE = "until_date"
    UNTIL_TIME = "until_time"
    EAN = "ean"
    METER = "meter"
    METER_TYPE = "meter_type"
    REGISTER = "register"
    VOLUME = "volume"
    UNIT = "unit"
    STATUS = "status"
    CALORIFIC = "calorific"


class FlowDirection(StrEnum):
    """The way that energy or volume goes."""

    IMPORT = "import"
    EXPORT = "export"


class ExportUnit(StrEnum):
    """The unit of a volume."""

    ENERGY = "kWh"
    VOLUME = "m³"
    POWER = "kW"


class Status(StrEnum):
    """Where a value comes from."""

    READ = "read"
    ESTIMATED = "estimated"
    UNKNOWN = "unknown"


class RegisterName(NamedTuple):
    """A register: its direction, and its tariff, 0 where it counts at all tariffs."""

    direction: FlowDirection
    tariff: int


def normalised(text: str) -> str:
    """Return a text without case, accents, brackets and blanks: headers differ in these from year to year."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in decomposed if letter.isalnum())


_COLUMNS: Final = {
    Column.FROM_DATE: "van datum, from date, de date, von datum",
    Column.FROM_TIME: "van tijdstip, from time, de heure, von uhrzeit, von zeit",
    Column.UNTIL_DATE: "tot datum, until date, to date, à date, jusqu'à date, bis datum",
    Column.UNTIL_TIME: "tot tijdstip, until time, to time, à heure, jusqu'à heure, bis uhrzeit, bis zeit",
    Column.EAN: "ean, ean-code, code ean",
    Column.METER: "meter, meternummer, meter nummer, compteur, numéro de compteur, zähler, zählernummer",
    Column.METER_TYPE: "metertype, meter type, type de compteur, zählertyp",
    Column.REGISTER: "register, registre",
    Column.VOLUME: "volume, volumen, menge",
    Column.UNIT: "eenheid, unit, unité, einheit",
    Column.STATUS: "validatiestatus, validation status, statut de validation, état de validation, validierungsstatus",
    Column.CALORIFIC: (
        "calorische bovenwaarde, caloric upper value, pouvoir calorifique supérieur, valeur calorifique supérieure, "
        "oberer heizwert, brennwert"
    ),
}
COLUMNS: Final = {normalised(word): column for column, words in _COLUMNS.items() for word in words.split(", ")}

_IMPORT: Final = (
    "afname",
    "offtake",
    "prélèvement",
    "entnahme",
    "verbruik",
    "consumption",
    "consommation",
    "verbrauch",
)
_EXPORT: Final = ("injectie", "injection", "einspeisung")
# Tariff 1 is the day's and 2 the night's on Belgian meters (e-MUCS P1 1.7.1, table 4).
_TARIFFS: Final = {
    0: ("", "totaal", "total", "gesamt", "actief", "active", "actif", "aktiv"),
    1: ("dag", "day", "jour", "tag"),
    2: ("nacht", "night", "nuit"),
}
REGISTERS: Final = {
    normalised(f"{word} {tariff_word}"): RegisterName(direction, tariff)
    for direction, words in ((FlowDirection.IMPORT, _IMPORT), (FlowDirection.EXPORT, _EXPORT))
    for word in words
    for tariff, tariff_words in _TARIFFS.items()
    for tariff_word in tariff_words
}
PEAK_REGISTERS: Final = frozenset(
    map(normalised, ("piekvermogen", "peak power", "puissance de pointe", "spitzenleistung"))
)
"""The register of month peaks. Only the Dutch word has been seen."""

WATER: Final = ("water", "deau", "wasser")
"""Words in the type of a water meter: an assumption, as no export of water has been seen."""

UNITS: Final = {"kwh": ExportUnit.ENERGY, "m3": ExportUnit.VOLUME, "kw": ExportUnit.POWER}

ESTIMATED: Final = frozenset(map(normalised, ("geschat", "estimated", "estimé", "geschätzt", "est")))
READ: Final = frozenset(
    map(
        normalised,
        (
            *("uitgelezen", "gevalideerd", "geen verbruik", "geen gegevens", "voorlopig", "definitief"),
            *("read", "validated", "no consumption", "no data", "provisional", "final"),
            *("lu", "relevé", "validé", "pas de consommation", "pas de données"),
            *("ausgelesen", "abgelesen", "validiert", "kein verbrauch", "keine daten"),
            *("val", "nval"),
        ),
    )
)
STATUS_WORDS: Final = ESTIMATED | READ


def status_of(text: str) -> Status:
    """Return what a validation status says."""
    word = normalised(text)
    return Status.ESTIMATED if word in ESTIMATED else Status.READ if word in READ else Status.UNKNOWN
