"""Serve a meter over TCP, as a network bridge on its user port does."""

import asyncio
from collections.abc import Iterable
from typing import cast, override

from .fault import Fault
from .meter import VirtualMeter
from .server import MeterServer, Transform

# A client with this much unread (some 50 telegrams) misses telegrams; when it stays so for long, it is dropped.
_UNREAD_LIMIT = 64 * 1024
_STALLED_SECONDS = 5.0


class Client(asyncio.Protocol):
    """One TCP connection to the server; what it sends is ignored, as by a meter that only talks."""

    def __init__(self, server: TcpServer) -> None:
        """Wait for its connection."""
        self._server = server
        self._transport: asyncio.Transport | None = None
        self._loop = asyncio.get_running_loop()
        self._stalled_since: float | None = None
        self.closed = self._loop.create_future()

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        if not self._server.admit(self):
            self._transport.close()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._server.forget(self)
        if not self.closed.done():
            self.closed.set_result(None)

    def send(self, telegram: bytes) -> bool:
        """Send a telegram, or leave it out, and in the end drop a client that does not read."""
        if self._transport is None or self._transport.is_closing():
            return False
        if self._transport.get_write_buffer_size() <= _UNREAD_LIMIT:
            self._stalled_since = None
            self._transport.write(telegram)
            return True
        if self._stalled_since is None:
            self._stalled_since = self._loop.time()
        elif self._loop.time() - self._stalled_since > _STALLED_SECONDS:
            self._transport.abort()
        return False

    def drop(self) -> None:
        """Cut the connection."""
        if self._transport:
            self._transport.abort()


class TcpServer(MeterServer):
    """A bridge from the user port to the network, for any number of clients, or one at a time."""

    transport = "tcp"

    def __init__(
        self,
        meter: VirtualMeter,
        host: str = "127.0.0.1",
        port: int = 0,
        speed: float = 1.0,
        transform: Transform | None = None,
        *,
        single_client: bool = False,
        faults: Iterable[Fault] = (),
    ) -> None:
        """Listen on `host`; port 0 is any free one, kept for the next start."""
        super().__init__(meter, speed, transform, faults=faults)
        self.host = host
        self.port = port
        self.single_client = single_client
        self._clients: set[Client] = set()
        self._dead: set[Client] = set()
        self._server: asyncio.Server | None = None

    @property
    @override
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"socket://{host}:{self.port}"

    @property
    @override
    def clients(self) -> int:
        return len(self._clients)

    def admit(self, client: Client) -> bool:
        """Take a client in, unless there is one and one is the most."""
        if self.single_client and self._clients:
            return False
        self._clients.add(client)
        return True

    def forget(self, client: Client) -> None:
        """Let go of a client that left."""
        self._clients.discard(client)
        self._dead.discard(client)

    @property
    @override
    def is_open(self) -> bool:
        return self._server is not None

    @override
    def mute(self) -> None:
        self._dead |= self._clients
        self._clients.clear()

    @override
    def serve_one(self) -> None:
        self.single_client = True

    @override
    async def disconnect(self) -> None:
        clients = [*self._clients, *self._dead]
        for client in clients:
            client.drop()
        await asyncio.gather(*(client.closed for client in clients))

    async def stop_listening(self) -> None:
        """Let nobody in any more; whoever is connected stays so."""
        server, self._server = self._server, None
        if server:
            server.close()

    @override
    async def _open(self) -> None:
        loop = asyncio.get_running_loop()
        # A bridge comes back on its own port at once, even when connections of before still linger.
        self._server = await loop.create_server(lambda: Client(self), self.host, self.port, reuse_address=True)
        self.port = self._server.sockets[0].getsockname()[1]

    @override
    async def _close(self) -> None:
        server, self._server = self._server, None
        if server:
            server.close()
            server.abort_clients()
        await self.disconnect()
        if server:
            await server.wait_closed()

    @override
    def _send(self, telegram: bytes) -> bool:
        reached = [client.send(telegram) for client in self._clients]
        return any(reached)
