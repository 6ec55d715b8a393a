"""What the integration made of the meters: its entities, found by device and key."""

from dataclasses import dataclass

from .api import Api

DOMAIN = "emucs"


@dataclass(frozen=True)
class Entity:
    """One entity that is enabled."""

    entity_id: str
    device: str
    """The identifier of the meter that it belongs to."""
    key: str


@dataclass(frozen=True)
class Entities:
    """The entities of all meters."""

    all: tuple[Entity, ...]

    def find(self, key: str, device: str | None = None) -> str | None:
        """Return the entity id of a key, on one meter or on the first that has it."""
        for entity in self.all:
            if entity.key == key and device in (None, entity.device):
                return entity.entity_id
        return None


async def read_entities(api: Api) -> Entities:
    """Read the registries. A unique id is `{identifier of its device}_{key}`."""
    devices = {
        device["id"]: identifier
        for device in await api.command("config/device_registry/list")
        for domain, identifier, *_ in device["identifiers"]
        if domain == DOMAIN
    }
    return Entities(
        tuple(
            Entity(entry["entity_id"], device, entry["unique_id"].removeprefix(f"{device}_"))
            for entry in await api.command("config/entity_registry/list")
            if entry["platform"] == DOMAIN and not entry["disabled_by"] and (device := devices.get(entry["device_id"]))
        )
    )
