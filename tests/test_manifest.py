"""The manifest, as HACS and hassfest check it on GitHub."""

from importlib.util import find_spec
import json
from pathlib import Path
import re
import struct
import tomllib
from typing import Any

from awesomeversion import AwesomeVersion, AwesomeVersionStrategy
from packaging.requirements import Requirement
import pytest
import yaml

ROOT = Path(__file__).parents[1]
COMPONENT = ROOT / "custom_components" / "emucs"
BRAND = COMPONENT / "brand"
HACS_KEYS = {
    *("content_in_root", "country", "filename", "hacs", "hide_default_branch"),
    *("homeassistant", "name", "persistent_directory", "render_readme", "zip_release"),
}
# What HACS wants of every integration, and hassfest of one with a config flow.
MANIFEST_KEYS = {
    *("domain", "name", "codeowners", "config_flow", "documentation"),
    *("integration_type", "iot_class", "issue_tracker", "requirements", "version"),
}
RULES = {
    *("action-setup", "appropriate-polling", "brands", "common-modules", "config-flow", "config-flow-test-coverage"),
    *("dependency-transparency", "docs-actions", "docs-conditions", "docs-high-level-description"),
    *("docs-installation-instructions", "docs-removal-instructions", "docs-triggers", "entity-event-setup"),
    *("entity-unique-id", "has-entity-name", "runtime-data", "test-before-configure", "test-before-setup"),
    *("unique-config-entry", "action-exceptions", "config-entry-unloading", "docs-configuration-parameters"),
    *("docs-installation-parameters", "entity-unavailable", "integration-owner", "log-when-unavailable"),
    *("parallel-updates", "reauthentication-flow", "test-coverage", "devices", "diagnostics", "discovery"),
    *("discovery-update-info", "docs-data-update", "docs-examples", "docs-known-limitations"),
    *("docs-supported-devices", "docs-supported-functions", "docs-troubleshooting", "docs-use-cases"),
    *("dynamic-devices", "entity-category", "entity-device-class", "entity-disabled-by-default"),
    *("entity-translations", "exception-translations", "icon-translations", "reconfiguration-flow"),
    *("repair-issues", "stale-devices", "async-dependency", "inject-websession", "strict-typing"),
}


def read_json(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text())
    return content


MANIFEST = read_json(COMPONENT / "manifest.json")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PINS = dict(re.findall(r"^([\w-]+)==(\S+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE))


def test_manifest_has_what_hacs_and_hassfest_want() -> None:
    keys = list(MANIFEST)
    assert keys == ["domain", "name", *sorted(set(keys) - {"domain", "name"})]
    assert set(keys) >= MANIFEST_KEYS
    assert MANIFEST["domain"] == COMPONENT.name
    assert MANIFEST["config_flow"] is True
    assert MANIFEST["iot_class"] == "local_push"
    assert MANIFEST["documentation"].startswith("https://")
    assert MANIFEST["issue_tracker"].startswith(MANIFEST["documentation"])
    assert MANIFEST["codeowners"]
    assert all(owner.startswith("@") for owner in MANIFEST["codeowners"])


def test_domain_is_not_one_of_home_assistants_own() -> None:
    # Found without being imported: that would take seconds.
    found = find_spec("homeassistant")
    assert found is not None
    assert found.origin is not None
    assert not (Path(found.origin).parent / "components" / MANIFEST["domain"]).exists()


def test_version_is_one_and_the_same() -> None:
    assert PROJECT["version"] == MANIFEST["version"]
    AwesomeVersion(MANIFEST["version"], ensure_strategy=[AwesomeVersionStrategy.SEMVER, AwesomeVersionStrategy.CALVER])
    assert MANIFEST["version"] in (ROOT / "CHANGELOG.md").read_text()


def test_requirements_are_pinned_to_what_is_tested() -> None:
    assert MANIFEST["requirements"]
    for requirement in MANIFEST["requirements"]:
        name, _, version = requirement.partition("==")
        assert version == PINS[name]
        assert requirement in PROJECT["dependencies"]


def test_the_project_asks_for_no_less_than_what_is_tested() -> None:
    for requirement in map(Requirement, PROJECT["dependencies"]):
        [bound] = requirement.specifier
        assert bound.operator in {"==", ">="}
        assert PINS[requirement.name].startswith(bound.version)
    oldest = read_json(ROOT / "hacs.json")["homeassistant"]
    assert f"homeassistant>={oldest.removesuffix('.0')}" in PROJECT["dependencies"]


def test_hacs_json_has_only_keys_that_hacs_knows() -> None:
    hacs = read_json(ROOT / "hacs.json")
    assert set(hacs) <= HACS_KEYS
    assert hacs["name"] == MANIFEST["name"]
    assert hacs["country"] == ["BE"]
    assert re.fullmatch(r"\d{4}\.\d{1,2}\.\d+", hacs["homeassistant"])


def test_there_is_one_integration() -> None:
    folders = [path.name for path in COMPONENT.parent.iterdir() if path.is_dir() and path.name != "__pycache__"]
    assert folders == [MANIFEST["domain"]]


def test_licence_is_mit() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert text.startswith("MIT License\n")
    assert "Permission is hereby granted, free of charge" in text


@pytest.mark.parametrize(
    ("name", "width", "height"),
    [
        ("icon.png", (256, 256), (256, 256)),
        ("icon@2x.png", (512, 512), (512, 512)),
        ("logo.png", (129, 1024), (128, 256)),
        ("logo@2x.png", (257, 2048), (256, 512)),
        ("dark_logo.png", (129, 1024), (128, 256)),
        ("dark_logo@2x.png", (257, 2048), (256, 512)),
    ],
)
def test_brand_images_have_their_size(name: str, width: tuple[int, int], height: tuple[int, int]) -> None:
    header = (BRAND / name).read_bytes()[:33]
    assert header.startswith(b"\x89PNG\r\n\x1a\n")
    real_width, real_height, _, colours, *_ = struct.unpack(">IIBBBBB", header[16:29])
    assert width[0] <= real_width <= width[1]
    assert height[0] <= real_height <= height[1]
    assert colours == 6, "no transparency"


def test_brand_images_are_all_known() -> None:
    known = {"icon", "logo", "dark_icon", "dark_logo"}
    assert {path.name.removesuffix(".png").removesuffix("@2x") for path in BRAND.iterdir()} <= known


def test_readme_shows_where_the_images_are() -> None:
    links = re.findall(r"(?:\]\(|src=\"|srcset=\")(?!https?:|#)([^)\"#]+)", (ROOT / "README.md").read_text())
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_quality_scale_answers_every_rule() -> None:
    rules = yaml.safe_load((COMPONENT / "quality_scale.yaml").read_text())["rules"]
    assert rules.keys() == RULES
    for name, answer in rules.items():
        status = answer if isinstance(answer, str) else answer["status"]
        assert status in {"done", "exempt", "todo"}, name
        if status != "done":
            assert answer["comment"].strip().endswith("."), name


def test_quality_scale_knows_of_actions() -> None:
    rules = yaml.safe_load((COMPONENT / "quality_scale.yaml").read_text())["rules"]
    exempt = {name for name, answer in rules.items() if isinstance(answer, dict) and answer["status"] == "exempt"}
    of_actions = {"action-setup", "action-exceptions", "docs-actions"}
    assert exempt & of_actions == (set() if (COMPONENT / "services.yaml").exists() else of_actions)
