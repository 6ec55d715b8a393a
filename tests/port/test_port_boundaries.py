"""What the rooms without Home Assistant know of others."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from custom_components.emucs import insight, port

COMPONENT = Path(port.__file__).parents[1]
ROOMS = {"port", "groups", "insight", "exports", "reports"}
MODULES = sorted(path for room in (*ROOMS, "port/s1") for path in COMPONENT.glob(f"{room}/*.py"))


def imports(path: Path) -> Iterator[tuple[str, str]]:
    """Return each module that is imported, relative ones with their dots, and each name from it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (("." * node.level + (node.module or ""), alias.name) for alias in node.names)


def test_there_is_something_to_look_at() -> None:
    assert {path.parent.name for path in MODULES} == {*ROOMS, "s1"}
    assert len(MODULES) > 10
    assert Path(insight.__file__) in MODULES


@pytest.mark.parametrize("path", MODULES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_nothing_knows_of_home_assistant(path: Path) -> None:
    for module, _ in imports(path):
        assert module.partition(".")[0] not in {"homeassistant", "voluptuous", "probatio", "custom_components"}


@pytest.mark.parametrize("path", COMPONENT.glob("port/*.py"), ids=lambda path: path.name)
def test_the_port_knows_nothing_but_itself(path: Path) -> None:
    assert not [module for module, _ in imports(path) if module.startswith("..")]


@pytest.mark.parametrize("path", COMPONENT.glob("insight/*.py"), ids=lambda path: path.name)
def test_insights_know_only_what_the_port_shows(path: Path) -> None:
    for module, name in imports(path):
        if module.startswith(".."):
            assert module in {"..port", "..port.s1"} or module.startswith("..groups.")
            assert module != "..port" or name in {*port.__all__, "obis", "unset"}


@pytest.mark.parametrize("path", COMPONENT.glob("groups/*.py"), ids=lambda path: path.name)
def test_groups_know_only_the_port(path: Path) -> None:
    assert {module for module, _ in imports(path) if module.startswith("..")} <= {"..port", "..port.period"}


@pytest.mark.parametrize("path", COMPONENT.glob("port/s1/*.py"), ids=lambda path: path.name)
def test_the_port_of_samples_knows_nothing_but_itself(path: Path) -> None:
    assert not [module for module, _ in imports(path) if module.startswith("..")]


@pytest.mark.parametrize("path", COMPONENT.glob("exports/*.py"), ids=lambda path: path.name)
def test_exports_know_only_what_meters_measure(path: Path) -> None:
    assert {module for module, _ in imports(path) if module.startswith("..")} <= {"..insight.mbus"}


@pytest.mark.parametrize("path", COMPONENT.glob("reports/*.py"), ids=lambda path: path.name)
def test_reports_know_only_what_insights_keep(path: Path) -> None:
    known = {"..insight.power_quality", "..insight.voltage_history"}
    assert {module for module, _ in imports(path) if module.startswith("..")} <= known


@pytest.mark.parametrize("path", sorted(COMPONENT.rglob("*.py")), ids=lambda path: str(path.relative_to(COMPONENT)))
def test_one_module_touches_the_tables_of_the_recorder(path: Path) -> None:
    tables = {module for module, _ in imports(path) if "db_schema" in module or module.startswith("sqlalchemy")}
    assert not tables or path.name == "recorder_rows.py"


def test_no_two_classes_have_one_name() -> None:
    names = [
        node.name
        for path in COMPONENT.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    ]
    assert len(names) > 100
    assert sorted(name for name in set(names) if names.count(name) > 1) == []


def test_what_the_port_shows() -> None:
    assert {"Reader", "Telegram", "Register", "Channel", "Link", "LinkDown"} <= set(port.__all__)
    assert sorted(port.__all__) == port.__all__
    assert all(getattr(port, name).__doc__ for name in port.__all__)
