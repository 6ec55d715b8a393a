"""The files of the blueprints: what Home Assistant takes of them, and where they are imported from."""

from pathlib import Path

from homeassistant.components.automation.config import AUTOMATION_BLUEPRINT_SCHEMA
from homeassistant.components.blueprint import importer, models
from homeassistant.core import HomeAssistant
from homeassistant.util import yaml as yaml_util
import pytest
from pytest_homeassistant_custom_component.test_util.aiohttp import AiohttpClientMocker

FOLDER = Path(__file__).parents[2] / "blueprints" / "automation"
# What the user has to fill in of each: a device or a meter, and what is to be switched. No helper is made by hand.
BLUEPRINTS = {"peak_shedding": ["device", "loads"], "quiet_start": ["meter", "machine"]}


@pytest.mark.parametrize(("name", "required"), BLUEPRINTS.items())
def test_the_file_is_a_blueprint(name: str, required: list[str]) -> None:
    path = f"emucs/{name}.yaml"
    data = yaml_util.load_yaml_dict(FOLDER / path)
    blueprint = models.Blueprint(data, expected_domain="automation", path=path, schema=AUTOMATION_BLUEPRINT_SCHEMA)
    assert blueprint.validate() is None
    assert blueprint.metadata["source_url"].endswith(str(Path("blueprints/automation") / path))
    for key, field in blueprint.inputs.items():
        assert field["name"], key
        assert field["description"].endswith("."), key
        assert "selector" in field, key
    assert [key for key, field in blueprint.inputs.items() if "default" not in field] == required
    # Importing writes it anew.
    again = yaml_util.parse_yaml(blueprint.yaml())
    assert models.Blueprint(again, schema=AUTOMATION_BLUEPRINT_SCHEMA).data == blueprint.data


@pytest.mark.parametrize("name", BLUEPRINTS)
async def test_import_by_its_address(hass: HomeAssistant, aioclient_mock: AiohttpClientMocker, name: str) -> None:
    path = f"emucs/{name}.yaml"
    address = yaml_util.load_yaml_dict(FOLDER / path)["blueprint"]["source_url"]
    raw = f"https://raw.githubusercontent.com/emucs/emucs/main/blueprints/automation/{path}"
    aioclient_mock.get(raw, text=(FOLDER / path).read_text())
    imported = await importer.fetch_blueprint_from_url(hass, address)
    assert imported.suggested_filename == path.removesuffix(".yaml")
    assert imported.blueprint.domain == "automation"
