"""Finds the entities of the integration by device and key."""

from dataclasses import dataclass
from typing import Any

from .api import Api

DOMAIN = "emucs"


@dataclass(frozen=True)
class Entity:
    """One entity that is enabled."""

    entity_id: str
    device: str
    """The identifier of the meter that it belongs to, by itself or by a service of it."""
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
    """Read the entities from the registries. A unique id is `{identifier of its meter}_{key}`."""
    devices = {device["id"]: device for device in await api.command("config/device_registry/list")}
    meters = {
        each: identifier
        for each, device in devices.items()
        for domain, identifier, *_ in devices[_meter_of(device)]["identifiers"]
        if domain == DOMAIN
    }
    return Entities(
        tuple(
            Entity(entry["entity_id"], meter, entry["unique_id"].removeprefix(f"{meter}_"))
            for entry in await api.command("config/entity_registry/list")
            if entry["platform"] == DOMAIN and not entry["disabled_by"] and (meter := meters.get(entry["device_id"]))
        )
    )


def _meter_of(device: dict[str, Any]) -> str:
    """Return the id of the meter of a device: that of a service, or the device itself."""
    via: str | None = device["via_device_id"] if device["entry_type"] == "service" else None
    return via or str(device["id"])
