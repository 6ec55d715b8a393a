"""Workflows and issue forms on GitHub."""

import json
import os
from pathlib import Path
import re
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
FORMS = sorted(path for path in (GITHUB / "ISSUE_TEMPLATE").glob("*.yml") if path.stem != "config")
PINNED = re.compile(r"[\w./-]+@[0-9a-f]{40} # \S+")


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def steps(path: Path) -> list[dict[str, Any]]:
    return [step for job in read(path)["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_actions_are_pinned_by_commit(path: Path) -> None:
    used = re.findall(r"uses: *(.+)", path.read_text())
    assert used
    assert [use for use in used if not PINNED.fullmatch(use)] == []


def test_an_action_is_the_same_everywhere() -> None:
    used = {use for path in WORKFLOWS for use in re.findall(r"uses: *(.+)", path.read_text())}
    assert len(used) == len({use.partition("@")[0] for use in used})


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflows_may_do_no_more_than_they_have_to(path: Path) -> None:
    workflow = read(path)
    assert workflow["permissions"] == {}
    rights = [job["permissions"] for job in workflow["jobs"].values()]
    writing = [{"contents": "write"}] if path.stem == "release" else []
    assert [right for right in rights if right != {"contents": "read"}] == writing
    for step in steps(path):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False
        # What is put in place here is run: a title of a pull request must not be.
        assert "${{" not in step.get("run", "")


def test_every_check_has_a_workflow() -> None:
    jobs = {path.stem: read(path)["jobs"].keys() for path in WORKFLOWS}
    assert jobs["validate"] >= {"hassfest", "hacs"}
    assert jobs["tests"] == {"lint", "pure", "all"}
    run = {path.stem: [step.get("run") for step in steps(path)] for path in WORKFLOWS}
    assert ".ci/run" in run["tests"]
    assert ".ci/run" in run["release"]
    assert "scripts/test --ha beta" in run["canary"]
    # YAML reads the key `on` as a truth value.
    assert "schedule" in read(GITHUB / "workflows" / "canary.yml")[True]


def test_scripts_that_workflows_run_exist() -> None:
    commands = [step["run"].split()[0] for path in WORKFLOWS for step in steps(path) if "run" in step]
    scripts = {command for command in commands if "/" in command}
    assert {".ci/run", "scripts/test", "scripts/package"} <= scripts
    assert [script for script in scripts if not os.access(ROOT / script, os.X_OK)] == []


def test_the_release_offers_what_the_script_makes() -> None:
    # HACS takes the files at the tag, or those of main where there is no release.
    assert "zip_release" not in json.loads((ROOT / "hacs.json").read_text())
    [release] = [
        step["run"] for step in steps(GITHUB / "workflows" / "release.yml") if "gh release" in step.get("run", "")
    ]
    assert "dist/emucs.zip" in release.split()


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_forms_are_as_github_wants_them(path: Path) -> None:
    form = read(path)
    assert form.keys() == {"name", "description", "labels", "body"}
    fields = [field for field in form["body"] if field["type"] != "markdown"]
    assert len({field["id"] for field in fields}) == len(fields)
    for field in fields:
        assert field["type"] in {"checkboxes", "dropdown", "input", "textarea"}
        assert field["attributes"]["label"]
        if field["type"] in {"checkboxes", "dropdown"}:
            assert len(field["attributes"]["options"]) == len({str(each) for each in field["attributes"]["options"]})
    assert any(field.get("validations", {}).get("required") for field in fields)


def test_meters_are_reported_with_a_recording_and_diagnostics() -> None:
    fields = {field.get("id"): field for field in read(GITHUB / "ISSUE_TEMPLATE" / "meter.yml")["body"]}
    actions = read(ROOT / "custom_components" / "emucs" / "services.yaml")
    [action] = re.findall(r"`emucs\.(\w+)`", fields["recording"]["attributes"]["description"])
    assert action in actions
    assert "Download diagnostics" in fields["diagnostics"]["attributes"]["description"]
    assert fields["recording"]["validations"] == fields["diagnostics"]["validations"] == {"required": True}
