"""The glossary: an English term is translated alike in all texts that users see."""

from collections.abc import Iterator
import json
from pathlib import Path
import re

from homeassistant.helpers.translation import recursive_flatten
import pytest

ROOT = Path(__file__).parents[2]
COMPONENT = ROOT / "custom_components" / "emucs"
LANGUAGES = ("nl", "fr", "de")
GLOSSARY = ROOT / "docs" / "glossary.md"
# What an English term is called in other languages; each of them is a set of parts.
type Forms = list[list[str]]


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations() -> None:
    """Start no Home Assistant: files need none."""


def _terms() -> dict[str, dict[str, Forms]]:
    """Return the terms in English, the longest first, and their forms by language."""
    rows = [line.strip("|").split("|") for line in GLOSSARY.read_text().splitlines() if line.startswith("| ")][1:]
    terms = {
        english.strip(): {
            language: [form.casefold().split() for form in cell.split(",")]
            for language, cell in zip(LANGUAGES, cells[:3], strict=True)
        }
        for english, *cells in rows
    }
    return dict(sorted(terms.items(), key=lambda item: -len(item[0])))


def _texts() -> dict[str, dict[str, str]]:
    """Return all texts of the integration and of its cards, by language."""
    card = re.split(r"^  (\w\w): \{$", (COMPONENT / "www" / "texts.js").read_text(), flags=re.MULTILINE)
    of_card = {
        language: {f"card.{key}": text for key, text in re.findall(r'^    (\w+): "(.*)",$', block, re.MULTILINE)}
        for language, block in zip(card[1::2], card[2::2], strict=True)
    }
    return {
        language: recursive_flatten("", json.loads((COMPONENT / "translations" / f"{language}.json").read_text()))
        | of_card[language]
        for language in ("en", *LANGUAGES)
    }


TERMS = _terms()
TEXTS = _texts()
PATTERNS = {term: re.compile(rf"\b{re.escape(term)}(?:s|es)?\b", re.IGNORECASE) for term in TERMS}


def terms_in(text: str) -> Iterator[str]:
    """Yield the terms in an English text, but none within a longer one."""
    taken: list[tuple[int, int]] = []
    for term, pattern in PATTERNS.items():
        for found in pattern.finditer(re.sub(r"\{\w+\}", "", text)):
            if not any(begin <= found.start() and found.end() <= end for begin, end in taken):
                taken.append(found.span())
                yield term


def is_said(text: str, forms: Forms) -> bool:
    """Tell whether a text contains a term, in one of its forms."""
    return any(all(part in text.casefold() for part in form) for form in forms)


def test_cards_have_texts() -> None:
    assert len({key for key in TEXTS["en"] if key.startswith("card.")}) > 30


@pytest.mark.parametrize("language", LANGUAGES)
def test_terms_are_translated_alike(language: str) -> None:
    wrong = {
        (key, term): TEXTS[language][key]
        for key, text in TEXTS["en"].items()
        for term in terms_in(text)
        if not is_said(TEXTS[language][key], TERMS[term][language])
    }
    assert wrong == {}


def test_every_term_is_used_and_in_order() -> None:
    used = {term for text in TEXTS["en"].values() for term in terms_in(text)}
    assert TERMS.keys() - used == set()
    listed = [line.split("|")[1].strip() for line in GLOSSARY.read_text().splitlines() if line.startswith("| ")][1:]
    assert listed == sorted(listed, key=str.lower)


def test_a_quarter_is_of_an_hour() -> None:
    # By itself it is three months, and "a year" for "per year" is no unit.
    loose = re.compile(
        r"\bquarters?\b(?!-hour)|(?:EUR|cost|tariff|telegrams) an? (?:minute|month|year)\b", re.IGNORECASE
    )
    assert {key: text for key, text in TEXTS["en"].items() if loose.search(text)} == {}
