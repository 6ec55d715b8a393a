"""Confirms repair issues as the frontend does."""

from http import HTTPStatus
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.emucs.const import DOMAIN

type Step = dict[str, Any]
"""A step of a flow, as the frontend gets it."""


async def confirm(hass: HomeAssistant, hass_client: ClientSessionGenerator, issue: ir.IssueEntry) -> tuple[Step, Step]:
    """Submit the form of an issue; return the form, and how that ends."""
    assert await async_setup_component(hass, "repairs", {})
    client = await hass_client()
    response = await client.post("/api/repairs/issues/fix", json={"handler": DOMAIN, "issue_id": issue.issue_id})
    assert response.status == HTTPStatus.OK, await response.text()
    form: Step = await response.json()
    response = await client.post(f"/api/repairs/issues/fix/{form['flow_id']}", json={})
    assert response.status == HTTPStatus.OK, await response.text()
    ended: Step = await response.json()
    return form, ended
