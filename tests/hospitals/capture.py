"""Everything that passes on a cable, packet by packet, and what of it a hospital sent."""

from __future__ import annotations

import socket
import struct
import threading
from collections import defaultdict

from tests.hospitals.network import Cable, inside

ALL, IPV4, ARP, TCP = 0x0003, 0x0800, 0x0806, 6
WRAPS = 1 << 32  # sequence numbers
LONGEST = 1 << 17
SOL_PACKET, STATISTICS = 263, 6
BUFFER = 64 << 20

Flow = tuple[str, int, str, int]


class Capture:
    """Listens at the relay's end of a cable."""

    def __init__(self, cable: Cable) -> None:
        def listen() -> socket.socket:
            found = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL))
            found.setsockopt(socket.SOL_SOCKET, 33, BUFFER)  # SO_RCVBUFFORCE
            found.bind((cable.device, 0))
            found.settimeout(0.2)
            return found

        self._cable = cable
        self._socket = inside(cable.outside, listen)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._read, name=f"capture {cable.number}", daemon=True)
        self.bytes_out = 0  # whole frames
        self.spoken_to: set[str] = set()  # by the hospital, over IPv4
        self.protocols: set[int] = set()  # of all frames, by their Ethernet type
        self._parts: dict[Flow, dict[int, bytes]] = defaultdict(dict)
        self.lost = 0

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """What has passed until now is in it; again, it does nothing."""
        self._over.set()
        self._thread.join()
        if self._socket.fileno() >= 0:
            _, self.lost = struct.unpack("II", self._socket.getsockopt(SOL_PACKET, STATISTICS, 8))
            self._socket.close()

    def sent(self) -> dict[Flow, bytes]:
        """What the hospital said on each TCP connection, put together in the order of its bytes."""
        return {flow: _joined(parts) for flow, parts in self._parts.items()}

    def _read(self) -> None:
        while not self._over.is_set():
            try:
                frame = self._socket.recv(LONGEST)
            except TimeoutError:
                continue
            self._take(frame)

    def _take(self, frame: bytes) -> None:
        protocol = int.from_bytes(frame[12:14], "big")
        self.protocols.add(protocol)
        if protocol != IPV4:
            return
        packet = frame[14:]
        source, target = socket.inet_ntoa(packet[12:16]), socket.inet_ntoa(packet[16:20])
        if source != self._cable.address:
            return
        self.bytes_out += len(frame)
        self.spoken_to.add(target)
        header, length = (packet[0] & 15) * 4, int.from_bytes(packet[2:4], "big")
        if packet[9] != TCP:
            return
        segment = packet[header:length] if length else packet[header:]
        ports = struct.unpack(">HH", segment[:4])
        data = segment[(segment[12] >> 4) * 4 :]
        if data:
            number = int.from_bytes(segment[4:8], "big")
            parts = self._parts[source, ports[0], target, ports[1]]
            if len(data) > len(parts.get(number, b"")):
                parts[number] = data


def _joined(parts: dict[int, bytes]) -> bytes:
    """Segments may repeat and overlap; a gap would be a packet that was not seen."""
    first = next(iter(parts))
    placed = sorted(((number - first) % WRAPS, data) for number, data in parts.items())
    whole = bytearray()
    for at, data in placed:
        assert at <= len(whole), f"{at - len(whole)} bytes were not captured"
        whole += data[len(whole) - at :]
    return bytes(whole)
