"""Home Assistant's REST and WebSocket APIs, as its own frontend uses them."""

import asyncio
from http import HTTPStatus
from typing import Any, Self

import aiohttp

from .errors import HarnessError

type Json = dict[str, Any]


async def onboard(session: aiohttp.ClientSession, url: str, username: str, password: str) -> str:
    """Create the owner, and return a token that stays valid for years."""
    client_id = f"{url}/"
    user = {"name": username.title(), "username": username, "password": password, "client_id": client_id}
    async with session.post(f"{url}/api/onboarding/users", json=user | {"language": "en"}) as response:
        if not response.ok:
            raise HarnessError("This Home Assistant has a user already, and no token of it is known.")
        code = (await response.json())["auth_code"]
    grant = {"grant_type": "authorization_code", "code": code, "client_id": client_id}
    async with session.post(f"{url}/auth/token", data=grant) as response:
        response.raise_for_status()
        short_lived = (await response.json())["access_token"]
    async with Api(session, url, short_lived) as api:
        token: str = await api.command("auth/long_lived_access_token", client_name="emucs", lifespan=3650)
    return token


class Api:
    """One user's connection."""

    def __init__(self, session: aiohttp.ClientSession, url: str, token: str) -> None:
        """Keep the address and token; the connection opens on entering the context."""
        self._session = session
        self._url = url
        self._token = token
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._reader: asyncio.Task[None] | None = None
        self._waiting: dict[int, asyncio.Future[Json]] = {}
        self._last_id = 0

    async def __aenter__(self) -> Self:
        """Connect, unless `open` has done so."""
        return self if self._socket else await self.open()

    async def open(self) -> Self:
        """Connect and log in."""
        # Statistics and registries are larger than aiohttp's limit of 4 MB.
        self._socket = await self._session.ws_connect(f"{self._url}/api/websocket", max_msg_size=0)
        await self._socket.receive_json()
        await self._socket.send_json({"type": "auth", "access_token": self._token})
        if (await self._socket.receive_json())["type"] != "auth_ok":
            await self._socket.close()
            raise HarnessError("Home Assistant does not accept this token any more.")
        self._reader = asyncio.create_task(self._read(self._socket))
        return self

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Distribute answers; constant reading also answers Home Assistant's pings, without which it hangs up."""
        try:
            async for message in socket:
                answer = message.json()
                if answer["type"] == "result" and (waiting := self._waiting.pop(answer["id"], None)):
                    waiting.set_result(answer)
        finally:
            for waiting in self._waiting.values():
                waiting.cancel()

    async def __aexit__(self, *_: object) -> None:
        """Close: Home Assistant's stop would wait ten seconds for an open WebSocket."""
        if self._socket is not None:
            await self._socket.close()
        if self._reader is not None:
            await asyncio.wait([self._reader])

    async def sleep(self, seconds: float) -> None:
        """Sleep; raise ConnectionError as soon as Home Assistant is gone."""
        if self._reader is not None and (await asyncio.wait([self._reader], timeout=seconds))[0]:
            raise ConnectionError("Home Assistant closed the connection")

    async def command(self, kind: str, **arguments: Any) -> Any:
        """Send a WebSocket command and return its result."""
        if self._socket is None or self._reader is None:
            raise RuntimeError("not connected")
        self._last_id += 1
        waiting = self._waiting[self._last_id] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": self._last_id, "type": kind, **arguments})
        await asyncio.wait([waiting, self._reader], return_when=asyncio.FIRST_COMPLETED)
        if not waiting.done() or waiting.cancelled():
            raise ConnectionError("Home Assistant closed the connection")
        answer = waiting.result()
        if not answer["success"]:
            raise CommandError(kind, answer["error"])
        return answer["result"]

    async def until_running(self) -> None:
        """Wait until everything is set up; a stop before that takes the recorder a minute."""
        while True:
            if (await self.command("get_config"))["state"] == "RUNNING":
                return
            await asyncio.sleep(0.1)

    async def request(self, method: str, path: str, body: Json | None = None) -> Json:
        """Call the REST API and return its JSON answer."""
        headers = {"Authorization": f"Bearer {self._token}"}
        async with self._session.request(method, f"{self._url}/api/{path}", json=body, headers=headers) as response:
            if response.status >= HTTPStatus.BAD_REQUEST:
                raise CommandError(path, {"code": str(response.status), "message": await response.text()})
            answer: Json = await response.json()
            return answer


class CommandError(Exception):
    """Home Assistant refused a command."""

    def __init__(self, command: str, error: Json) -> None:
        """Keep the error code, by which callers decide."""
        super().__init__(f"{command}: {error.get('message')} ({error.get('code')})")
        self.code: str = error.get("code", "")


class Flow:
    """A config flow, driven step by step over REST."""

    def __init__(self, api: Api, result: Json) -> None:
        """Wrap a flow that has begun; `begin` starts one."""
        self._api = api
        self.result = result

    @classmethod
    async def begin(cls, api: Api, domain: str) -> Self:
        """Start the config flow of an integration."""
        return cls(api, await api.request("POST", "config/config_entries/flow", {"handler": domain}))

    async def submit(self, data: Json) -> Json:
        """Submit the current step, and wait for the next one."""
        path = f"config/config_entries/flow/{self.result['flow_id']}"
        self.result = await self._api.request("POST", path, data)
        while self.result["type"] == "progress":
            await asyncio.sleep(0.2)
            self.result = await self._api.request("GET", path)
        return self.result

    async def choose(self, step: str) -> Json:
        """Choose from a menu."""
        return await self.submit({"next_step_id": step})
