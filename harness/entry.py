"""Add the meter to Home Assistant through the integration's own config flow."""

import asyncio
from collections.abc import Mapping
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .api import Api, Flow
from .entities import DOMAIN
from .errors import HarnessError

LOADED = 60.0  # seconds that an entry may take until it works


async def ensure_entry(api: Api, url: str, component: Path) -> bool:
    """Add the meter if it is missing, and wait until it is loaded; return whether it was added."""
    is_new = not await api.command("config_entries/get", domain=DOMAIN)
    if is_new:
        await _add(api, url, component)
    try:
        await until_loaded(api)
    except HarnessError as error:
        raise HarnessError(f"Home Assistant knows the meter, but cannot read it at {url}: {error}.") from None
    return is_new


async def until_loaded(api: Api) -> None:
    """Wait until the meter is loaded; raise HarnessError with the reason if it is not."""
    entry: dict[str, Any] = {"state": "unknown"}
    try:
        async with asyncio.timeout(LOADED):
            while entry["state"] != "loaded":
                [entry, *_] = await api.command("config_entries/get", domain=DOMAIN)
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise HarnessError(entry.get("reason") or entry["state"]) from None


async def _add(api: Api, url: str, component: Path) -> None:
    """Go through the config flow: kind of connection, address, confirmation."""
    flow = await Flow.begin(api, DOMAIN)
    address = urlsplit(url)
    if address.scheme == "socket":
        form = await flow.choose("network")
        answer: dict[str, Any] = {"host": address.hostname, "port": address.port}
    else:
        form = await flow.choose("serial")
        answer = {"port": url}
    sections: dict[str, Any] = {field["name"]: {} for field in form["data_schema"] if field.get("type") == "expandable"}
    result = await flow.submit(answer | sections)
    if result["type"] == "form" and result["step_id"] == "confirm":
        result = await flow.submit({"add_to_energy": True})
    if result["type"] != "create_entry":
        raise HarnessError(f"The meter at {url} was not added: {_explain(result, component)}")


async def configure(api: Api, options: Mapping[str, Any]) -> None:
    """Set options of the meter, by section, through the integration's own options flow, as far as it asks for them."""
    [entry] = await api.command("config_entries/get", domain=DOMAIN)
    path = "config/config_entries/options/flow"
    step = await api.request("POST", path, {"handler": entry["entry_id"]})
    path = f"{path}/{step['flow_id']}"
    if step["type"] == "menu":
        step = await api.request("POST", path, {"next_step_id": "settings"})
    sections: dict[str, Any] = {field["name"]: {} for field in step["data_schema"] if field.get("type") == "expandable"}
    asked = {field["name"] for field in step["data_schema"]}
    result = await api.request("POST", path, sections | {name: options[name] for name in options if name in asked})
    if result["type"] != "create_entry":
        raise HarnessError(f"The options were not taken: {result.get('errors')}")
    await until_loaded(api)


def _explain(result: dict[str, Any], component: Path) -> str:
    """Return the message of a failed flow, in the integration's own words."""
    texts = json.loads((component / "translations" / "en.json").read_text())["config"]
    codes = [*(result.get("errors") or {}).values(), *([result["reason"]] if "reason" in result else [])]
    known = texts.get("error", {}) | texts.get("abort", {})
    text = " ".join(known.get(code, code) for code in codes) or f"it stopped at {result.get('step_id')}."
    for name, value in (result.get("description_placeholders") or {}).items():
        text = text.replace(f"{{{name}}}", value)
    return text
