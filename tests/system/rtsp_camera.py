"""A camera on the network: `python -m tests.system.rtsp_camera PORT SWITCH`.

As much RTSP as ffmpeg needs to fetch 8 kHz PCMU over TCP (RFC 2326, interleaved). It hums, loudly
while the file SWITCH is there; while SWITCH.dead is there it keeps its connections and is silent.
"""

import re
import socket
import struct
import sys
import time
from pathlib import Path

from tests.system.broker import HOST

PACKET_S = 0.02
_SAMPLES = 160
_SDP = (
    "v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=camera\r\nt=0 0\r\nm=audio 0 RTP/AVP 0\r\na=control:a\r\n"
)
_SOFT, _LOUD = bytes([0xF0, 0x70]), bytes([0x90, 0x10])
"""Two samples of mu-law: about -60 and -10 dBFS."""


def main() -> None:
    """Serve one client after the other, for ever."""
    port, switch = int(sys.argv[1]), Path(sys.argv[2])
    with socket.create_server((HOST, port)) as server:
        while True:
            client, _ = server.accept()
            try:
                _serve(client, switch)
            except OSError:
                client.close()


def _serve(client: socket.socket, switch: Path) -> None:
    request = b""
    while True:
        data = client.recv(4096)
        if not data:
            client.close()
            return
        request += data
        while b"\r\n\r\n" in request:
            head, _, request = request.partition(b"\r\n\r\n")
            text = head.decode()
            method = text.split(" ", 1)[0]
            number = re.search(r"CSeq: *(\d+)", text, re.IGNORECASE)
            lines = ["RTSP/1.0 200 OK", f"CSeq: {number.group(1) if number else 0}", "Session: 1"]
            body = ""
            if method == "OPTIONS":
                lines.append("Public: DESCRIBE, SETUP, PLAY, TEARDOWN")
            elif method == "DESCRIBE":
                body = _SDP
                lines += ["Content-Type: application/sdp", f"Content-Length: {len(body)}"]
            elif method == "SETUP":
                lines.append("Transport: RTP/AVP/TCP;unicast;interleaved=0-1")
            client.sendall(("\r\n".join(lines) + "\r\n\r\n" + body).encode())
            if method == "PLAY":
                _play(client, switch)


def _play(client: socket.socket, switch: Path) -> None:
    dead = switch.with_name(switch.name + ".dead")
    begin_s, number = time.monotonic(), 0
    while True:
        if not dead.exists():
            sound = (_LOUD if switch.exists() else _SOFT) * (_SAMPLES // 2)
            head = struct.pack(
                ">BBHII", 0x80, 0, number & 0xFFFF, number * _SAMPLES & 0xFFFFFFFF, 1
            )
            packet = head + sound
            client.sendall(struct.pack(">BBH", ord("$"), 0, len(packet)) + packet)
        number += 1
        time.sleep(max(0.0, begin_s + number * PACKET_S - time.monotonic()))


if __name__ == "__main__":
    main()
