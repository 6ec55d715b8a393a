"""A port that answers nobody, as that of a bridge without power."""

import socket


def deaf_listener(port: int, host: str = "127.0.0.1") -> list[socket.socket]:
    """Return what makes a TCP port answer no new connection, until it is closed: a listener with a full queue."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(0)
    waiting = [socket.socket() for _ in range(2)]
    for each in waiting:
        each.setblocking(False)  # noqa: FBT003 -- the only way to call it
        each.connect_ex(listener.getsockname())
    return [listener, *waiting]
