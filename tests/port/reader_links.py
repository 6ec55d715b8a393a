"""Links to readers of software, and what they say first."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from custom_components.emucs.port import (
    Link,
    LinkDown,
    PortError,
    Telegram,
)
from custom_components.emucs.port.access import Access
from custom_components.emucs.port.opening import opener_of
from custom_components.emucs.port.source import Opener

FAST = 10


@asynccontextmanager
async def answering(answer: Callable[[], web.Response], *, path: str = "/telegram") -> AsyncGenerator[str]:
    """Serve answers on a path; the value is the URL."""

    async def handle(_: web.Request) -> web.Response:
        return answer()

    application = web.Application()
    application.router.add_get(path, handle)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}{path}"
    finally:
        await runner.cleanup()


def opener(url: str, **access: Any) -> Opener:
    """Return what opens a URL with secrets, as often as allowed."""
    return opener_of(url, {}, Access(interval=0.5, **access))


def link_to(url: str, *, silence: float | None = None, **access: Any) -> Link:
    """Return a link to a reader."""
    return Link(url, silence=silence, open_with=opener(url, **access))


async def failure_of(url: str, **access: Any) -> PortError:
    """Return why a reader gives no telegram."""
    async with link_to(url, silence=1.5, **access) as link:
        event = await anext(link)
    assert isinstance(event, LinkDown), event
    return event.error


async def telegrams_of(url: str, count: int = 3, **access: Any) -> list[Telegram]:
    """Return the first telegrams of a reader, without anything between them."""
    async with link_to(url, **access) as link:
        events = [await anext(link) for _ in range(count)]
    telegrams = [event for event in events if isinstance(event, Telegram)]
    assert len(telegrams) == count, events
    return telegrams
