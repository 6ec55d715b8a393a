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
    DESCRIPTION = "description"


class FlowDirection(StrEnum):
    """The way that energy or volume goes at a live meter."""

    IMPORT = "import"
    EXPORT = "export"


class SeriesFlow(StrEnum):
    """What a metering point measures: exchange with the grid, or what is produced and used behind it."""

    IMPORT = "import"
    EXPORT = "export"
    PRODUCTION = "production"
    AUXILIARY = "auxiliary"


class SeriesQuantity(StrEnum):
    """What a series is of."""

    ACTIVE = "active"
    REACTIVE = "reactive"
    INDUCTIVE = "inductive"
    CAPACITIVE = "capacitive"
    GAS_ENERGY = "gas_energy"
    GAS_VOLUME = "gas_volume"
    WATER = "water"


class ExportUnit(StrEnum):
    """The unit of a volume."""

    ENERGY = "kWh"
    VOLUME = "m³"
    POWER = "kW"
    REACTIVE = "kvarh"
    CALORIFIC = "kWh/m³"


class Status(StrEnum):
    """Where a value comes from."""

    READ = "read"
    ESTIMATED = "estimated"
    PROVISIONAL = "provisional"
    """Measured, but the operator may still revise it."""
    UNKNOWN = "unknown"


class RegisterName(NamedTuple):
    """A register: its flow, its tariff (0 where it counts at all tariffs), and what it counts.

    ACTIVE is also what the registers of gas and water are named after: the medium tells them apart.
    """

    flow: SeriesFlow
    tariff: int
    quantity: SeriesQuantity = SeriesQuantity.ACTIVE


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
    Column.DESCRIPTION: "omschrijving, description, beschreibung",
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
# Of large meters and of meters behind them. Only the Dutch words have been seen.
_PRODUCTION: Final = ("productie", "production", "produktion")
_AUXILIARY: Final = ("hulpverbruik", "auxiliary", "auxiliaire", "hilfsverbrauch")
_QUANTITIES: Final = {
    SeriesQuantity.REACTIVE: ("reactief", "reactive", "réactif", "réactive", "blind"),
    SeriesQuantity.INDUCTIVE: ("inductief", "inductive", "inductif", "induktiv"),
    SeriesQuantity.CAPACITIVE: ("capacitief", "capacitive", "capacitif", "kapazitiv"),
}
FLOW_WORDS: Final = {
    normalised(word): flow
    for flow, words in (
        (SeriesFlow.IMPORT, _IMPORT),
        (SeriesFlow.EXPORT, _EXPORT),
        (SeriesFlow.PRODUCTION, _PRODUCTION),
        (SeriesFlow.AUXILIARY, _AUXILIARY),
    )
    for word in words
}
# Without a tariff or kind, production and auxiliary consumption have not been seen.
_BARE: Final = (SeriesFlow.IMPORT, SeriesFlow.EXPORT)
REGISTERS: Final = {
    normalised(f"{word} {tariff_word}"): RegisterName(flow, tariff)
    for word, flow in FLOW_WORDS.items()
    for tariff, tariff_words in _TARIFFS.items()
    for tariff_word in tariff_words
    if tariff_word or flow in _BARE
} | {
    normalised(f"{word} {quantity_word}"): RegisterName(flow, 0, quantity)
    for word, flow in FLOW_WORDS.items()
    for quantity, quantity_words in _QUANTITIES.items()
    for quantity_word in quantity_words
}
_PEAK: Final = tuple(map(normalised, ("piekvermogen", "peak power", "puissance de pointe", "spitzenleistung")))
PEAK_REGISTERS: Final = dict.fromkeys(_PEAK, SeriesFlow.IMPORT) | {
    "".join(pair): flow for word, flow in FLOW_WORDS.items() for peak in _PEAK for pair in ((word, peak), (peak, word))
}
"""The registers of month peaks, by whose flow they are of. Only the Dutch word alone has been seen."""

WATER: Final = ("water", "deau", "wasser")
"""Words in the type of a water meter: an assumption, as no export of water has been seen."""

GAS_WORD: Final = "gas"
"""In the type of a gas meter: an assumption, for exports of gas in kWh alone."""

UNITS: Final = {
    "kwh": ExportUnit.ENERGY,
    "m3": ExportUnit.VOLUME,
    "kw": ExportUnit.POWER,
    "kvarh": ExportUnit.REACTIVE,
}
REACTIVE: Final = frozenset({SeriesQuantity.REACTIVE, SeriesQuantity.INDUCTIVE, SeriesQuantity.CAPACITIVE})


def is_counted(register: RegisterName, unit: ExportUnit | None) -> bool:
    """Tell whether a register counts in a unit: reactive energy is never taken for active energy, nor the reverse."""
    if register.quantity in REACTIVE:
        return unit is ExportUnit.REACTIVE
    return unit in (ExportUnit.ENERGY, ExportUnit.VOLUME)


ESTIMATED: Final = frozenset(map(normalised, ("geschat", "estimated", "estimé", "geschätzt", "est")))
PROVISIONAL: Final = frozenset(
    map(normalised, ("voorlopig", "provisional", "provisoire", "vorläufig", "nval", "ongevalideerd"))
)
UNVALIDATED: Final = frozenset({normalised("ongevalideerd")})
"""Of these, what the user is told: the values have not been checked."""
READ: Final = frozenset(
    map(
        normalised,
        (
            *("uitgelezen", "gevalideerd", "geen verbruik", "geen gegevens", "definitief"),
            *("read", "validated", "no consumption", "no data", "final"),
            *("lu", "relevé", "validé", "pas de consommation", "pas de données"),
            *("ausgelesen", "abgelesen", "validiert", "kein verbrauch", "keine daten"),
            *("val",),
        ),
    )
)
STATUS_WORDS: Final = ESTIMATED | READ | PROVISIONAL - UNVALIDATED
_STATES: Final = (
    dict.fromkeys(ESTIMATED, Status.ESTIMATED)
    | dict.fromkeys(PROVISIONAL, Status.PROVISIONAL)
    | dict.fromkeys(READ, Status.READ)
)


def status_of(text: str) -> Status:
    """Return what a validation status says."""
    return _STATES.get(normalised(text), Status.UNKNOWN)
