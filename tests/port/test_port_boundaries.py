"""What the port and the insights know of others, and others of them."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from custom_components.emucs import insight, port

COMPONENT = Path(port.__file__).parents[1]
MODULES = sorted([*COMPONENT.glob("port/*.py"), *COMPONENT.glob("insight/*.py")])


def imports(path: Path) -> Iterator[tuple[str, str]]:
    """Return each module that is imported, relative ones with their dots, and each name from it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (("." * node.level + (node.module or ""), alias.name) for alias in node.names)


def test_there_is_something_to_look_at() -> None:
    assert {path.parent.name for path in MODULES} == {"port", "insight"}
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
            assert module == "..port"
            assert name in {*port.__all__, "obis", "unset"}


def test_what_the_port_shows() -> None:
    assert {"Reader", "Telegram", "Register", "Channel", "Link", "LinkDown"} <= set(port.__all__)
    assert sorted(port.__all__) == port.__all__
    assert all(getattr(port, name).__doc__ for name in port.__all__)
