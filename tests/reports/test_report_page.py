"""A voltage report as a page."""

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from html.parser import HTMLParser
import re
from typing import override
from xml.etree import ElementTree as ET

import pytest

from custom_components.emucs.insight.voltage_history import OF_230_V, TO_STAR_POINT, VoltageVerdict
from custom_components.emucs.reports.markup import Markup, markup
from custom_components.emucs.reports.voltage_page import MOST_ROWS, security_policy, style, voltage_page
from custom_components.emucs.reports.wording import LANGUAGES, midnight
from tests.reports.making import METER, MONDAY, report, slot, slots, sunny, verdict, weeks_of_a_weak_feeder, wording

NOON = datetime(2026, 6, 3, 10, 0, tzinfo=UTC)
END = datetime(2026, 6, 25, 14, tzinfo=UTC)
VOID = {"meta"}
HOSTILE = "<script>alert(1)</script>\"' onload=x &amp; {evil}"


class Outline(HTMLParser):
    """The elements of a page, and whether they close in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    @override
    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    @override
    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    @override
    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def count(self, tag: str) -> int:
        """Return how many elements of a kind there are."""
        return sum(name == tag for name, _ in self.elements)


def plain(page: str) -> str:
    """Return a page with the spaces that a keyboard has."""
    return page.replace("\u00a0", " ")


def rows(page: str) -> list[list[str]]:
    """Return the texts of the rows of all tables."""
    found = re.findall(r"<tr.*?</tr>", plain(page))
    return [[re.sub(r"<[^>]*>", "", cell) for cell in re.findall(r"<t[hd].*?</t[hd]>", row)] for row in found]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_is_whole_in_every_language(language: str) -> None:
    page = voltage_page(weeks_of_a_weak_feeder(END), wording(language))
    outline = Outline(page)
    assert ("html", {"lang": language}) in outline.elements
    # A week has a section with a chart for each phase; one more says how to read all that.
    assert (outline.count("section"), outline.count("svg"), outline.count("h1")) == (6, 15, 1)
    assert outline.count("table") == outline.count("caption")
    assert all(attributes.get("scope") in ("col", "row") for tag, attributes in outline.elements if tag == "th")
    assert not re.search(r"\{\w+\}", page.replace(style(), ""))


def test_languages_say_it_in_their_own_words() -> None:
    pages = [set(Outline(voltage_page(report(), wording(language))).texts) for language in LANGUAGES]
    shared = set.intersection(*pages)
    assert {text for text in shared if re.search(r"[a-z]{3}", text) and text != style()} == {"Sagemcom T211"}


def test_the_facts_of_meter_and_period() -> None:
    facts = {row[0]: row[1] for row in rows(voltage_page(report(), wording())) if len(row) == 2}
    assert facts == {
        "Meter number": METER,
        "Model": "Sagemcom T211",
        "Grid": "three-phase 3×400 V with neutral",
        "Voltages": "between phase and neutral",
        "Limits": "207.0 V to 253.0 V for 95 % of a week, 195.5 V to 253.0 V always",
        "Period": "2026-06-01 00:00 – 2026-06-08 00:00",
        "Received": "L1 100.0 %, L2 100.0 %, L3 100.0 %",
        "EAN code, name, address": "",
    }


def test_a_meter_without_a_model_and_a_grid() -> None:
    page = voltage_page(report(model=None, grid=None), wording())
    assert {row[0] for row in rows(page)} & {"Model", "Grid"} == set()


def test_each_week_and_phase_has_its_verdict() -> None:
    verdicts = [
        verdict(MONDAY - timedelta(days=7), "l1", verdict=VoltageVerdict.OUTSIDE, within=0.9312),
        verdict(MONDAY - timedelta(days=7), "l3", verdict=VoltageVerdict.UNKNOWN_YET, known=0, within=0.0),
        verdict(MONDAY, "l1"),
    ]
    page = voltage_page(report(verdicts=verdicts), wording())
    table = rows(page)
    assert ["2026-05-25", "outside the limits (93.1 %)", "–", "not known yet "] in table
    assert ["2026-06-01", "within the limits (100.0 %)", "–", "–"] in table
    assert ["L2", "–", "1008 of 1008", "231.0 V", "231.0 V", "0:00:00", "0:00:00", "100.0 %"] in table


def test_a_week_that_is_not_over_has_no_verdict() -> None:
    friday = midnight(MONDAY + timedelta(days=4))
    table = rows(voltage_page(report(end=friday, verdicts=[]), wording()))
    assert [row[1] for row in table if row[0] in ("L1", "L2", "L3")] == ["week not over"] * 3


def test_what_was_outside_stands_with_the_power_export_at_that_time() -> None:
    seen = [slot(NOON, 254.0, above=500), slot(NOON + timedelta(minutes=10), 255.0, above=600)]
    export = {NOON: 4.0, NOON + timedelta(minutes=10): 5.0}
    page = voltage_page(report(slots={"l1": seen}, export=export), wording())
    assert ["2026-06-03 12:00", "2026-06-03 12:20", "L1", "2", "255.0 V", "0:18:20", "4.50 kW"] in rows(page)


def test_what_is_too_much_for_a_page_is_in_the_csv() -> None:
    seen = [slot(NOON + timedelta(minutes=20 * number), 254.0) for number in range(MOST_ROWS + 7)]
    page = voltage_page(report(slots={"l1": seen}), wording())
    assert sum(len(row) == 7 for row in rows(page)) == MOST_ROWS + 1
    assert "7 more are in the CSV file." in page


def test_the_repeated_hour_is_marked() -> None:
    begin = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    voltages = report(
        begin=begin - timedelta(days=1),
        end=begin + timedelta(days=1),
        slots={"l1": [slot(begin, 254.0), slot(begin + timedelta(hours=1), 254.0)]},
    )
    found = [row[:2] for row in rows(voltage_page(voltages, wording())) if len(row) == 7][1:]
    assert found == [
        ["2026-10-25 02:30 (UTC+02)", "2026-10-25 02:40 (UTC+02)"],
        ["2026-10-25 02:30 (UTC+01)", "2026-10-25 02:40 (UTC+01)"],
    ]


@pytest.mark.parametrize("phases", [{}, {"l1": []}, {"l1": [], "l2": [], "l3": []}])
def test_an_empty_history_is_a_page_that_says_so(phases: dict[str, list[object]]) -> None:
    page = voltage_page(report(slots=phases, verdicts=[]), wording())
    assert Outline(page).count("svg") == 0
    assert "No voltage was received in this period." in page


def test_a_single_phase_has_one_chart() -> None:
    page = voltage_page(report(slots={"l1": report().slots["l1"]}, grid="single_phase"), wording())
    assert Outline(page).count("svg") == 1
    assert "single-phase 230 V" in plain(page)


def test_limits_to_the_star_point_are_scaled() -> None:
    begin = midnight(MONDAY)
    seen = list(slots(begin, begin + timedelta(days=1), lambda _: 133.0))
    page = plain(voltage_page(report(slots={"l1": seen}, band=TO_STAR_POINT, grid="three_phase_230v"), wording()))
    assert "between phase and star point; limits divided by √3" in page
    assert "119.5 V to 146.1 V for 95 %" in page
    assert "between phases" in voltage_page(report(grid="three_phase_230v", band=OF_230_V), wording())


def test_it_is_called_indicative_and_says_why() -> None:
    page = voltage_page(report(), wording())
    assert "<strong>Indicative.</strong> A user port is not a class A instrument" in page
    assert "supply terminals under normal operating conditions" in page


def test_what_the_port_prints_makes_no_markup() -> None:
    page = voltage_page(report(meter=HOSTILE, model=HOSTILE), wording())
    outline = Outline(page)
    assert outline.count("script") == 0
    assert outline.texts.count(HOSTILE) == 2
    assert not any(name.startswith("on") for _, attributes in outline.elements for name in attributes)


def test_nothing_is_run_and_nothing_is_fetched() -> None:
    page = voltage_page(weeks_of_a_weak_feeder(END), wording())
    outline = Outline(page)
    assert {tag for tag, _ in outline.elements} & {"script", "link", "img", "iframe", "a", "form"} == set()
    assert not any({"style", "href", "src"} & attributes.keys() for _, attributes in outline.elements)
    assert "url(" not in style()
    assert "@import" not in style()
    [content] = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    digest = b64encode(sha256(content.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in security_policy()
    assert security_policy().startswith("default-src 'none'")


def test_charts_can_be_read_aloud_and_have_ids_of_their_own() -> None:
    page = voltage_page(weeks_of_a_weak_feeder(END), wording())
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids)) == 30
    for chart in re.findall(r"<svg.*?</svg>", page):
        tree = ET.fromstring(chart)  # noqa: S314 -- made here
        assert [child.tag for child in tree][:2] == ["title", "desc"]
        assert tree.attrib["aria-labelledby"].split() == [tree[0].attrib["id"], tree[1].attrib["id"]]
    assert "Means from 229.0 V to 255.0 V; outside the limits: 105; received: 100.0 %." in plain(page)


def chart(*seen: object, **others: object) -> ET.Element:
    """Return the chart of a report of one phase."""
    page = voltage_page(report(slots={"l1": list(seen)}, **others), wording())
    [found] = re.findall(r"<svg.*?</svg>", page)
    return ET.fromstring(found)  # noqa: S314 -- made here


def test_a_gap_is_no_line() -> None:
    begin = midnight(MONDAY)
    hour = timedelta(hours=1)
    parts = [*slots(begin, begin + hour, sunny()), *slots(begin + 3 * hour, begin + 4 * hour, sunny())]
    line = chart(*parts).find("path[@class='mean']")
    assert line is not None
    assert line.attrib["d"].count("M") == 2
    # What was hardly seen is none either; a mean by itself is a dot.
    alone = chart(slot(begin, 230.0), slot(begin + hour, 230.0, seconds=60)).find("path[@class='mean']")
    assert alone is not None
    assert re.fullmatch(r"M([\d.]+ [\d.]+) \1", alone.attrib["d"])


def test_the_scale_has_the_limits_and_all_values_but_none_that_no_grid_has() -> None:
    def lines(element: ET.Element) -> list[float]:
        return [float(line.attrib["y1"]) for line in element.iter("line") if line.attrib["class"] == "limit"]

    upper, lower = lines(chart(slot(midnight(MONDAY), 230.0)))
    assert upper < 40
    assert lower > 160
    # 0 V to 1e9 V: the scale ends at twice the nominal voltage.
    extreme = chart(slot(midnight(MONDAY), 230.0, minimum=0.0, maximum=1e9))
    upper, lower = lines(extreme)
    assert lower - upper > 10
    numbers = [float(number) for path in extreme.iter("path") for number in re.findall(r"[\d.]+", path.attrib["d"])]
    assert max(numbers) <= 1000


def test_what_is_outside_is_marked_also_without_colours() -> None:
    marks = list(chart(slot(NOON, 254.0), slot(NOON + timedelta(hours=2), 200.0)).iter("rect"))
    assert [each.attrib["class"] for each in marks] == ["band", "outside", "outside"]
    assert all(float(each.attrib["width"]) >= 2 for each in marks)


def test_markup_escapes_all_but_markup() -> None:
    bold = markup(t"<b>{'<i>'}</b>")
    assert bold == "<b>&lt;i&gt;</b>"
    assert markup(t"{bold}{None}{1.25:.1f}{[bold, '&']}") == "<b>&lt;i&gt;</b>1.2<b>&lt;i&gt;</b>&amp;"
    assert markup(t'<p title="{'" x="'}">') == '<p title="&quot; x=&quot;">'
    assert isinstance(bold, Markup)
