# SPDX-License-Identifier: BSD-3-Clause
"""What hostile or broken hosts, routers and clients do to sluiced, at random from a seed: frames for
tests/tools/soak.py to send, and clients of the control socket and of the HTTP listeners."""
import ctypes
import json
import os
import socket
import struct

from lab import frames

VLANS = (None, None, None, 20, 20, 30, 99, 0, 4095)  # None: untagged; 99 and 4095 are not carried
CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


class Inside:
    """`with Inside(namespace):` sockets are made there; they stay there afterwards."""

    def __init__(self, space):
        self._there = open(f"/run/netns/{space.name}", "rb")
        self._here = open("/proc/self/ns/net", "rb")

    @staticmethod
    def _enter(file):
        if _libc.setns(file.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")

    def __enter__(self):
        self._enter(self._there)

    def __exit__(self, *_):
        self._enter(self._here)


class Frames:
    """Each kind is a method without an underscore that gives one frame."""

    def __init__(self, rng):
        self.rng = rng
        self._kinds = [getattr(self, name) for name in sorted(vars(Frames)) if name[0] != "_"
                       for _ in range(8 if name in ("report_v3", "report_v2", "leave_v2") else 1)]

    def _one(self):
        return self.rng.choice(self._kinds)()

    def _mac(self):  # some hosts that stay, and any number that are made up
        number = self.rng.randrange(16) if self.rng.random() < 0.7 else self.rng.getrandbits(32)
        return "02:%02x:%02x:%02x:%02x:01" % tuple(struct.pack("!I", number))

    def _host(self):
        if self.rng.random() < 0.05:
            return self.rng.choice(["0.0.0.0", "255.255.255.255", "224.0.0.1", "127.0.0.1", "10.0.0.1"])
        return f"10.77.{self.rng.randrange(4)}.{self.rng.randrange(1, 255)}"

    def _group(self):
        if self.rng.random() < 0.03:
            return self.rng.choice(["224.0.0.5", "10.1.1.1", "255.255.255.255", "0.0.0.0", "240.0.0.1"])
        return f"{self.rng.choice((232, 239))}.1.{self.rng.randrange(16)}.{self.rng.randrange(256)}"

    def _sources(self, most):
        return [f"10.88.{self.rng.randrange(4)}.{self.rng.randrange(256)}"
                for _ in range(self.rng.randrange(most))]

    def _igmp(self, destination, payload):
        return frames.plain_igmp_frame(self._mac(), self._host(), destination, payload,
                                       self.rng.choice(VLANS))

    def report_v1(self):
        group = self._group()
        return self._igmp(group, frames.v1_report(group))

    def report_v2(self):
        group = self._group()
        return self._igmp(group, frames.v2_report(group))

    def leave_v2(self):
        return self._igmp("224.0.0.2", frames.v2_leave(self._group()))

    def report_v3(self):
        records = [frames.v3_record(self.rng.randrange(0, 8), self._group(),
                                    self._sources(self.rng.choice((1, 4, 12))),
                                    bytes(4 * self.rng.choice((0, 0, 0, 2))))
                   for _ in range(self.rng.choice((1, 2, 20)))]
        count = len(records) if self.rng.random() < 0.95 else self.rng.getrandbits(16)
        return self._igmp("224.0.0.22", frames.v3_report(*records[:60], count=count))

    def query(self):
        group = self.rng.choice(["0.0.0.0", self._group()])
        if self.rng.random() < 0.3:
            payload = frames.v2_query(group, self.rng.choice((0, 1, 5)))
        else:
            sources = self._sources(8) if group != "0.0.0.0" else ()
            payload = frames.v3_query(group, sources, response_ds=self.rng.choice((1, 5)),
                                      robustness=self.rng.randrange(8), interval_s=2)
        return self._igmp("224.0.0.1" if group == "0.0.0.0" else group, payload)

    def router(self):
        payload = self.rng.choice([
            struct.pack("!BBHHH", 0x30, self.rng.choice((4, 5)), 0, 2, 2),
            struct.pack("!BBH", 0x32, 0, 0), struct.pack("!BBH", 0x31, 0, 0)])
        return self._igmp("224.0.0.106", frames.with_checksum(payload))

    def hello(self):
        frame = bytearray(self._igmp("224.0.0.13", frames.with_checksum(
            struct.pack("!BBHHHH", 0x20, 0, 0, 1, 2, 3))))
        at = 18 if frame[12:14] == b"\x81\x00" else 14
        frame[at + 9] = 103
        frame[at + 10:at + 12] = b"\0\0"
        frame[at + 10:at + 12] = struct.pack("!H", frames.checksum(bytes(frame[at:at + 24])))
        return bytes(frame)

    def data(self):
        frame = bytearray(self._igmp(self._group(), bytes(self.rng.randrange(0, 1400))))
        at = 18 if frame[12:14] == b"\x81\x00" else 14
        frame[at + 8:at + 10] = bytes((self.rng.randrange(3), 17))
        frame[at + 10:at + 12] = b"\0\0"
        frame[at + 10:at + 12] = struct.pack("!H", frames.checksum(bytes(frame[at:at + 24])))
        return bytes(frame)

    def arp(self):
        mac = bytes.fromhex(self._mac().replace(":", ""))
        target = socket.inet_aton(self.rng.choice(["10.77.0.254", "10.77.0.1"]))
        return b"\xff" * 6 + mac + struct.pack("!HHHBBH", 0x0806, 1, 0x0800, 6, 4, 1) + mac + \
            socket.inet_aton(self._host()) + bytes(6) + target + bytes(18)

    def mutated(self):
        frame = bytearray(self.rng.choice([self.report_v3, self.report_v2, self.query, self.data])())
        for _ in range(self.rng.randrange(1, 6)):
            frame[self.rng.randrange(len(frame))] = self.rng.getrandbits(8)
        if self.rng.random() < 0.3:
            del frame[self.rng.randrange(14, len(frame)):]
        elif self.rng.random() < 0.2:
            frame += bytes(self.rng.randrange(400))
        return bytes(frame)

    def rubbish(self):
        return bytes(self.rng.getrandbits(8) for _ in range(self.rng.randrange(14, 200)))


class ControlClient:
    """Asks, mumbles, watches and hangs up."""

    WORDS = ({"command": "status"}, {"command": "show groups"}, {"command": "show fib"},
             {"command": "show ports"}, {"command": "show counters"}, {"command": "show queriers"},
             {"command": "show alarms"}, {"command": "watch"}, {"command": "no such thing"},
             {"command": "explain", "vlan": 10, "port": "p1", "group": "239.1.1.1"},
             {"command": "clear groups"}, {"command": "static add", "vlan": 10, "group": "bad"}, [])

    def __init__(self, path, rng):
        self.path, self.rng = path, rng
        self.held = []  # connections that are left open for a while

    def act(self):
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(2)
        try:
            client.connect(self.path)
            line = json.dumps(self.rng.choice(self.WORDS)).encode() + b"\n"
            kind = self.rng.randrange(5)
            if kind == 0:
                line = line[:self.rng.randrange(len(line))]
            elif kind == 1:
                line = os.urandom(self.rng.randrange(1, 5000)) + b"\n"
            client.sendall(line)
            if kind > 2:
                client.recv(65536)
        except OSError:
            pass
        self.held.append(client)
        while len(self.held) > 5:
            self.held.pop(0).close()

    def close(self):
        for client in self.held:
            client.close()


class HttpClient(ControlClient):
    """The same, for a listener inside a network namespace."""

    LINES = (b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
             b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n", b"GET /../../etc/passwd",
             b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 3000, b"\0\xff\r\n\r\n")

    def __init__(self, space, port, rng):
        super().__init__(None, rng)
        self.inside, self.port = Inside(space), port

    def act(self):
        with self.inside:
            client = socket.socket()
        client.settimeout(2)
        try:
            client.connect(("127.0.0.1", self.port))
            client.sendall(self.rng.choice(self.LINES))
            if self.rng.random() < 0.6:
                client.recv(1 << 20)
        except OSError:
            pass
        self.held.append(client)
        while len(self.held) > 5:
            self.held.pop(0).close()
