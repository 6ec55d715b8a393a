"""Add the meter to Home Assistant through the integration's own config flow."""

import asyncio
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
        async with asyncio.timeout(LOADED):
            while True:
                entry = (await api.command("config_entries/get", domain=DOMAIN))[0]
                if entry["state"] == "loaded":
                    return is_new
                await asyncio.sleep(0.2)
    except TimeoutError:
        reason = entry.get("reason") or entry["state"]
        raise HarnessError(f"Home Assistant knows the meter, but cannot read it at {url}: {reason}.") from None


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


def _explain(result: dict[str, Any], component: Path) -> str:
    """Return the message of a failed flow, in the integration's own words."""
    texts = json.loads((component / "translations" / "en.json").read_text())["config"]
    codes = [*(result.get("errors") or {}).values(), *([result["reason"]] if "reason" in result else [])]
    known = texts.get("error", {}) | texts.get("abort", {})
    text = " ".join(known.get(code, code) for code in codes) or f"it stopped at {result.get('step_id')}."
    for name, value in (result.get("description_placeholders") or {}).items():
        text = text.replace(f"{{{name}}}", value)
    return text
