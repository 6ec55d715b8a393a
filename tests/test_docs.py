"""The pages: their links, and whether they agree with the integration."""

from collections.abc import Iterator
import difflib
import json
from pathlib import Path
import re
from typing import Any
from urllib.parse import unquote

import pytest
import yaml

ROOT = Path(__file__).parents[1]
COMPONENT = ROOT / "custom_components" / "emucs"
README = ROOT / "README.md"
DOCS = ROOT / "docs"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
LANGUAGES = {"en": README, **{language: DOCS / f"{language}.md" for language in ("nl", "fr", "de")}}
MANUAL = [page for page in (README, *sorted(DOCS.glob("*.md"))) if page not in list(LANGUAGES.values())[1:]]
REPOSITORY = "https://github.com/emucs/emucs"
MOST_LINES = 300

HEADING = re.compile(r"^#{1,6} +(.+?)(?: +#+)?$", re.MULTILINE)
FENCE = re.compile(r"^(`{3,})(\w*)\n(.*?)^\1$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]+`")
BOLD = re.compile(r"\*\*([^*→]+)\*\*")
ITALIC = re.compile(r"(?<!\*)\*([^*\n]+)\*(?!\*)")
LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|srcset|href)=\"([^\"]+)\"")


def prose(page: Path) -> str:
    """Return a page without its blocks of code."""
    return FENCE.sub("", page.read_text())


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub makes of headings; a repeated one gets a number."""
    found: list[str] = []
    for heading in HEADING.findall(prose(page)):
        text = re.sub(r"\]\([^)]*\)", "]", heading)
        anchor = re.sub(r"[^\w -]", "", text.lower()).replace(" ", "-")
        count = len([each for each in found if re.fullmatch(rf"{re.escape(anchor)}(-\d+)?", each)])
        found.append(f"{anchor}-{count}" if count else anchor)
    return set(found)


def links(text: str) -> Iterator[str]:
    """Yield the targets of links and images."""
    for markdown, html in LINK.findall(CODE.sub("", text)):
        yield markdown or html


def broken(link: str, page: Path) -> bool:
    """Tell whether a link within the repository leads nowhere; others are not checked."""
    if link.startswith(REPOSITORY):
        file = re.fullmatch(r"/(?:blob|tree|raw)/main/([^#]+)(#.*)?", link.removeprefix(REPOSITORY))
        link, page = (f"{file[1]}{file[2] or ''}" if file else link.removeprefix(REPOSITORY)), README
        if link.startswith("/"):
            # A page that GitHub makes.
            return False
    elif re.match(r"\w+:", link):
        return not link.startswith("https://")
    name, _, anchor = link.partition("#")
    target = (page.parent / unquote(name)).resolve() if name else page
    if not target.exists() or not target.is_relative_to(ROOT):
        return True
    return bool(anchor) and unquote(anchor) not in anchors(target)


def texts(language: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((COMPONENT / "translations" / f"{language}.json").read_text())
    return content


def strings(tree: object) -> Iterator[str]:
    """Yield all texts of a tree."""
    if isinstance(tree, dict):
        for branch in tree.values():
            yield from strings(branch)
    else:
        yield str(tree)


def says(text: str, quoted: str) -> bool:
    """Tell whether a text begins as a page quotes it: without its case and last stop, `…` for what varies."""
    parts = [re.escape(part.strip().rstrip(".").casefold()) for part in quoted.split("…")]
    return re.search(r".*".join(parts), text.casefold().replace("\n", " ")) is not None


def test_anchors_are_those_of_github(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# The port\n## 1. Have it *activated*\n## `emucs.get_peaks`\n## [A link](to.md)\n## Ende für heute\n"
        "```yaml\n# no heading\n```\n## The port\n"
    )
    assert anchors(page) == {
        "the-port", "1-have-it-activated", "emucsget_peaks", "a-link", "ende-für-heute", "the-port-1"
    }  # fmt: skip


def test_broken_links_are_found(tmp_path: Path) -> None:
    page = DOCS / "options.md"
    wrong = ["gone.md", "#gone", "../README.md#gone", "/README.md", "../../outside.md", "http://example.org"]
    wrong += [f"{REPOSITORY}#gone", f"{REPOSITORY}/blob/main/gone.md"]
    assert [link for link in wrong if not broken(link, page)] == []
    right = ["../README.md#set-up", "#configure", f"{REPOSITORY}/issues", f"{REPOSITORY}#troubleshooting"]
    assert [link for link in right if broken(link, page)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    assert [link for link in links(prose(page)) if broken(link, page)] == []


def test_who_reports_is_shown_the_remedies_first() -> None:
    chooser = yaml.safe_load((ROOT / ".github" / "ISSUE_TEMPLATE" / "config.yml").read_text())
    assert chooser["blank_issues_enabled"] is False
    for link in chooser["contact_links"]:
        assert not broken(link["url"], README)
        assert link["url"].partition("#")[2] in anchors(README)


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_links_of_forms_lead_somewhere(path: Path) -> None:
    found = re.findall(rf"{REPOSITORY}[^\s)>\"]*", path.read_text())
    assert [link for link in found if broken(link, README)] == []


def test_every_page_is_found_from_the_readme() -> None:
    found = {(README.parent / link.partition("#")[0]).resolve() for link in links(prose(README)) if ":" not in link}
    assert [page.name for page in PAGES if page != README and page not in found] == []
    back = {page for page in DOCS.glob("*.md") if "../README.md" in set(links(prose(page)))}
    assert back == set(DOCS.glob("*.md"))


def test_the_readme_is_short_and_begins_with_what_matters() -> None:
    lines = README.read_text().splitlines()
    assert len(lines) <= MOST_LINES
    first, _, _ = README.read_text().partition("\n## ")
    order = ["Home Assistant", "docs/images/", "**You need** Home Assistant", "redirect/hacs_repository/"]
    places = [first.find(each) for each in order]
    assert -1 not in places
    assert places == sorted(places)


@pytest.mark.parametrize("page", LANGUAGES.values(), ids=LANGUAGES)
def test_every_language_leads_to_the_others(page: Path) -> None:
    others = set(LANGUAGES.values()) - {page}
    assert others <= {(page.parent / link).resolve() for link in links(prose(page)) if link.endswith(".md")}


def test_languages_have_the_same_structure() -> None:
    def layout(page: Path) -> list[str]:
        """Return the levels of headings, and how many rows tables have between them."""
        return re.findall(r"^(#+|\|)", prose(page), re.MULTILINE)

    assert layout(LANGUAGES["nl"]) == layout(LANGUAGES["fr"]) == layout(LANGUAGES["de"])


def test_every_picture_is_shown() -> None:
    shown = {(page.parent / link).resolve() for page in PAGES for link in links(prose(page)) if ":" not in link}
    assert [path.name for path in sorted((DOCS / "images").iterdir()) if path not in shown] == []


def language_of(page: Path) -> str:
    """Return the language of a page of the manual."""
    return page.stem if page.stem in LANGUAGES else "en"


def names_of_entities(language: str) -> list[str]:
    """Return the names of all entities in a language."""
    return [each["name"] for platform in texts(language)["entity"].values() for each in platform.values()]


def is_name(text: str, names: list[str]) -> bool:
    """Tell whether a text is the name of an entity, with whatever its placeholders stand for, or of its first phase."""
    patterns = (re.sub(r"\\\{\w+\\\}", ".*", re.escape(name)) for name in names)
    return any(re.fullmatch(rf"{pattern}( L1)?", text) for pattern in patterns)


def presented_as_entities(page: str) -> set[str]:
    """Return what a page presents as names of entities.

    That is what stands in bold in its tables, in its list items behind a bold lead with a colon, and as a lead of which
    the item says what it *is*.
    """
    found = {text for row in page.splitlines() if row.startswith("|") for text in BOLD.findall(row)}
    for item in re.findall(r"^- +(.*(?:\n  .*)*)", page, re.MULTILINE):
        line = " ".join(item.split())
        if behind := re.match(r"\*\*[^*]+\*\* ?: (.*)", line):
            found.update(BOLD.findall(behind[1]))
        elif lead := re.match(r"\*\*([^*]+)\*\*(?: and \*\*([^*]+)\*\*)? (?:is|are) ", line):
            found.update(filter(None, lead.groups()))
    return found


@pytest.mark.parametrize("page", [*MANUAL, *list(LANGUAGES.values())[1:]], ids=lambda path: path.stem)
def test_entities_are_called_by_their_names(page: Path) -> None:
    """Hold pages to how they present entities: see `presented_as_entities`; nothing else may be nearly such a name."""
    language = language_of(page)
    names = names_of_entities(language)
    # Phases and numbers follow the entity that they are of; the others are Home Assistant's words, and leads.
    others = {"L2", "L3", "2", "4", "5", "Register", "Reconfigure", "Meters of other countries", "Month peaks"}
    others |= set(strings(texts(language)))
    assert {text for text in presented_as_entities(prose(page)) - others if not is_name(text, names)} == set()

    marked = {" ".join(text.split()) for pattern in (BOLD, ITALIC) for text in pattern.findall(prose(page))}
    known = [name.casefold() for name in names]
    nearly = {text for text in marked - others if difflib.get_close_matches(text.casefold(), known, cutoff=0.8)}
    assert {text for text in nearly if not is_name(text, names) and text.casefold() not in known} == set()


def test_wrong_names_are_found() -> None:
    page = (
        "| **Energy import** | **Verwacht vermogen** |\n- **Grid**: **Energy imports** as energy, **Power**\n  as W.\n"
        "- **Peek** is an event\n- **A cable** with a plug\n"
    )
    assert presented_as_entities(page) == {"Energy import", "Verwacht vermogen", "Energy imports", "Power", "Peek"}
    names = names_of_entities("en")
    assert {text for text in presented_as_entities(page) if is_name(text, names)} == {"Energy import", "Power"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_name_entities(language: str) -> None:
    assert len(presented_as_entities(prose(LANGUAGES[language]))) > 10


@pytest.mark.parametrize("language", LANGUAGES)
def test_symptoms_are_quoted_as_they_are_shown(language: str) -> None:
    page = prose(LANGUAGES[language])
    symptoms = [row.split("|")[1] for row in page.splitlines() if row.startswith("| ")]
    quoted = [quote for symptom in symptoms for quote in re.findall(r"(?<!\*)\*([^*]{15,})\*(?!\*)", symptom)]
    assert len(quoted) >= 4
    shown = list(strings(texts(language)))
    assert [quote for quote in quoted if not any(says(text, quote) for text in shown)] == []


def test_every_repair_issue_is_explained() -> None:
    pages = " ".join(prose(page) for page in MANUAL).casefold()
    titles = {key: issue["title"].casefold() for key, issue in texts("en")["issues"].items()}
    assert {key for key, title in titles.items() if re.sub(r"\{\w+\}", "…", title) not in pages} == set()


def test_every_field_of_the_set_up_and_every_option_is_explained() -> None:
    page = prose(DOCS / "options.md")
    english = texts("en")
    steps = [*english["config"]["step"].values(), *english["options"]["step"].values()]
    forms = [*steps, *(section for step in steps for section in step.get("sections", {}).values())]
    # Those of an import are on the page of the history.
    names = {name for form in forms for key, name in form.get("data", {}).items() if key not in {"file", "confirmed"}}
    assert {name for name in names if not re.search(rf"^\|.*\b{re.escape(name)} (?:\||\()", page, re.MULTILINE)} == (
        {"Import"} & names
    )


def test_every_action_is_explained() -> None:
    page = (DOCS / "entities.md").read_text()
    parts = dict(re.findall(r"^### `emucs\.(\w+)`\n(.*?)(?=^###? |\Z)", page, re.MULTILINE | re.DOTALL))
    actions = yaml.safe_load((COMPONENT / "services.yaml").read_text())
    assert parts.keys() == actions.keys()
    for name, action in actions.items():
        assert re.findall(r"^\| `(\w+)`", parts[name], re.MULTILINE) == list((action or {}).get("fields", {}))
