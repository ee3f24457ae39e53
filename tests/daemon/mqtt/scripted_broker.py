"""A broker for what no decent broker does: it answers as the test says, within the test's turns."""

import socket
from collections.abc import Callable

CONNECT, PUBLISH, SUBSCRIBE, PINGREQ = 1, 3, 8, 12
"""Kinds of packets."""

Answer = Callable[[int, bytes], bytes | None]
"""Given the kind and the content of a packet, what to send; None closes the connection."""


class ScriptedBroker:
    """Accepts everybody on a port of its own."""

    def __init__(self, answer: Answer) -> None:
        self.num_connections = 0
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setblocking(False)
        self.port = int(self._listener.getsockname()[1])
        # Each connection with what it has sent and nobody has looked at.
        self._unread: dict[socket.socket, bytes] = {}

    def turn(self) -> None:
        """Answer what has come."""
        try:
            connection, _ = self._listener.accept()
        except BlockingIOError:
            pass
        else:
            connection.setblocking(False)
            self.num_connections += 1
            self._unread[connection] = b""
        for connection in list(self._unread):
            if not self._attend(connection):
                del self._unread[connection]
                connection.close()

    def close(self) -> None:
        """Leave."""
        for each in (self._listener, *self._unread):
            each.close()

    def _attend(self, connection: socket.socket) -> bool:
        """Answer one client; says whether to go on with it."""
        try:
            found = connection.recv(1 << 16)
        except BlockingIOError:
            return True
        except OSError:
            return False
        unread = self._unread[connection] + found
        while (packet := _packet(unread)) is not None:
            kind, content, unread = packet
            answer = self._answer(kind, content)
            if answer is None:
                return False
            connection.send(answer)
        self._unread[connection] = unread
        return bool(found)


def acknowledgement(kind: int, content: bytes) -> bytes:
    """What a decent broker answers."""
    if kind == PUBLISH:
        topic_bytes = int.from_bytes(content[:2], "big")
        return b"\x40\x02" + content[2 + topic_bytes : 4 + topic_bytes]
    if kind == SUBSCRIBE:
        return b"\x90\x03" + content[:2] + b"\x01"
    return {CONNECT: b"\x20\x02\x00\x00", PINGREQ: b"\xd0\x00"}.get(kind, b"")


def _packet(unread: bytes) -> tuple[int, bytes, bytes] | None:
    """Kind and content of the first packet, and what follows it; None if it is not whole."""
    length, end = 0, 1
    while end < len(unread):
        byte = unread[end]
        length |= (byte & 0x7F) << 7 * (end - 1)
        end += 1
        if byte < 0x80:
            whole = end + length
            return (
                None if len(unread) < whole else (unread[0] >> 4, unread[end:whole], unread[whole:])
            )
    return None
