# SPDX-License-Identifier: BSD-3-Clause
"""One host of the lab: runs inside a network namespace, joins and leaves groups through the kernel's
own IGMP, sends hand-made frames and records every frame that arrives.

Commands and answers are JSON objects, one per line, on stdin and stdout. Standard library only, so
that a dozen of these start quickly. Frames are recorded by a packet socket before the kernel filters
them: a frame that the host did not ask for is seen too, which is the point.
"""
import errno
import fcntl
import json
import socket
import struct
import sys
import threading
import time

ETH_P_ALL = 0x0003
SO_RCVBUFFORCE = 33
PACKET_AUXDATA = 8
PACKET_OUTGOING = 4
TP_STATUS_VLAN_VALID = 0x10
TP_STATUS_VLAN_TPID_VALID = 0x40
IP_UNBLOCK_SOURCE, IP_BLOCK_SOURCE = 37, 38
IP_ADD_SOURCE_MEMBERSHIP, IP_DROP_SOURCE_MEMBERSHIP = 39, 40
SIOCGIFADDR = 0x8915
DATA_MAGIC = b"SLUI"  # then stream number and sequence number, 32 bits each


def parse_data(frame):
    """(tci or None, stream, sequence) of a data frame of ours, else None."""
    at, tci = 12, None
    if frame[at:at + 2] == b"\x81\x00":
        tci = struct.unpack_from("!H", frame, at + 2)[0]
        at += 4
    at += 2 + 20 + 8
    if frame[at:at + 4] != DATA_MAGIC or len(frame) < at + 12:
        return None
    stream, sequence = struct.unpack_from("!II", frame, at + 4)
    return tci, stream, sequence


class Capture(threading.Thread):
    def __init__(self, interface):
        super().__init__(daemon=True)
        self.lock = threading.Condition()
        self.frames = []   # (time, bytes), without our data frames
        self.streams = {}  # stream number -> [(tci, sequence)]
        self.data_frames = {}  # stream number -> first frame as it came
        self.spans = {}        # stream number -> [time of the first, time of the last]
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 32 << 20)
        self.socket.setsockopt(263, PACKET_AUXDATA, 1)  # SOL_PACKET
        self.socket.bind((interface, ETH_P_ALL))

    def run(self):
        while True:
            try:
                data, ancillary, _, address = self.socket.recvmsg(65535, 256)
            except OSError as error:
                if error.errno == errno.ENETDOWN:  # said once, when a test takes the link down
                    continue
                raise
            if address[2] == PACKET_OUTGOING:
                continue
            for _, kind, body in ancillary:
                if kind != PACKET_AUXDATA:
                    continue
                # The kernel took the tag off the bytes; put it back as it was on the wire.
                status, _, _, _, _, tci, tpid = struct.unpack("IIIHHHH", body[:20])
                if status & TP_STATUS_VLAN_VALID:
                    tpid = tpid if status & TP_STATUS_VLAN_TPID_VALID else 0x8100
                    data = data[:12] + struct.pack("!HH", tpid, tci) + data[12:]
            found = parse_data(data)
            with self.lock:
                if found:
                    tci, stream, sequence = found
                    self.streams.setdefault(stream, []).append((tci, sequence))
                    self.data_frames.setdefault(stream, data)
                    now = time.monotonic()
                    self.spans.setdefault(stream, [now, now])[1] = now
                else:
                    self.frames.append((time.monotonic(), data))
                    self.lock.notify_all()


class Agent:
    def __init__(self, interface):
        self.interface = interface
        self.index = socket.if_nametoindex(interface)
        self.capture = Capture(interface)
        self.sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.sender.bind((interface, 0))
        self.memberships = {}  # key -> (socket, group)
        self.stream_stop = None
        self.stream_thread = None
        self.stream_sent = 0
        self.capture.start()

    def address(self):
        request = struct.pack("256s", self.interface.encode())
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            return fcntl.ioctl(probe, SIOCGIFADDR, request)[20:24]

    # --- membership, by the kernel ---

    def op_join(self, key, group, source=None):
        sock, _ = self.memberships.setdefault(
            key, (socket.socket(socket.AF_INET, socket.SOCK_DGRAM), group))
        if source is None:
            request = socket.inet_aton(group) + self.address() + struct.pack("@i", self.index)
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, request)
        else:
            self._source_option(sock, IP_ADD_SOURCE_MEMBERSHIP, group, source)

    def _source_option(self, sock, option, group, source):
        request = socket.inet_aton(group) + self.address() + socket.inet_aton(source)
        sock.setsockopt(socket.IPPROTO_IP, option, request)

    def op_drop_source(self, key, source):
        sock, group = self.memberships[key]
        self._source_option(sock, IP_DROP_SOURCE_MEMBERSHIP, group, source)

    def op_block(self, key, source):
        sock, group = self.memberships[key]
        self._source_option(sock, IP_BLOCK_SOURCE, group, source)

    def op_unblock(self, key, source):
        sock, group = self.memberships[key]
        self._source_option(sock, IP_UNBLOCK_SOURCE, group, source)

    def op_leave(self, key):
        sock, _ = self.memberships.pop(key)
        sock.close()

    def op_leave_all(self):
        for sock, _ in self.memberships.values():
            sock.close()
        self.memberships.clear()

    def op_sysctl(self, name, value):
        with open("/proc/sys/" + name.replace(".", "/"), "w", encoding="ascii") as knob:
            knob.write(str(value))

    # --- frames by hand ---

    def op_send(self, frames, gap=0.0):
        for frame in frames:
            self.sender.send(bytes.fromhex(frame))
            if gap:
                time.sleep(gap)
        return len(frames)

    def op_send_timed(self, frame):
        """Sends one frame; returns when, by the clock that captured frames are timed by."""
        now = time.monotonic()
        self.sender.send(bytes.fromhex(frame))
        return now

    def _send_data(self, frame, offset, count, gap, first, stop=None):
        frame = bytearray(bytes.fromhex(frame))
        begin = time.monotonic()
        sent = 0
        while (count is None or sent < count) and not (stop and stop.is_set()):
            struct.pack_into("!I", frame, offset, first + sent)
            try:
                self.sender.send(frame)
            except OSError as error:  # a test took the link down: the stream goes on without it
                if error.errno not in (errno.ENETDOWN, errno.ENOBUFS):
                    raise
            sent += 1
            self.stream_sent = sent
            wait = begin + sent * gap - time.monotonic()
            if wait > 0:
                time.sleep(wait)
        return sent

    def op_data(self, frame, offset, count, gap=0.0, first=0):
        return self._send_data(frame, offset, count, gap, first)

    def op_stream_start(self, frame, offset, gap):
        self.op_stream_stop()
        self.stream_stop = threading.Event()
        self.stream_sent = 0
        self.stream_thread = threading.Thread(
            target=self._send_data, args=(frame, offset, None, gap, 0, self.stream_stop), daemon=True)
        self.stream_thread.start()

    def op_stream_sent(self):
        return self.stream_sent

    def op_stream_stop(self):
        if self.stream_thread:
            self.stream_stop.set()
            self.stream_thread.join()
        return self.stream_sent

    # --- what came ---

    def op_streams(self, numbers):
        with self.capture.lock:
            return {str(n): self.capture.streams.get(n, []) for n in numbers}

    def op_data_frame(self, number):
        with self.capture.lock:
            frame = self.capture.data_frames.get(number)
        return frame.hex() if frame else None

    def op_span(self, number):
        """When the first and the last frame of a stream came, or None."""
        with self.capture.lock:
            return self.capture.spans.get(number)

    def op_frames(self, since=0):
        """Frames that are not our data, from the since-th on, as hex; and how many there are."""
        with self.capture.lock:
            rows = [[t, f.hex()] for t, f in self.capture.frames[since:]]
            return {"frames": rows, "next": len(self.capture.frames)}

    def op_count(self):
        with self.capture.lock:
            return len(self.capture.frames)

    def op_await(self, contains, since=0, timeout=5.0):
        """Waits for a frame that contains these bytes."""
        wanted = bytes.fromhex(contains)
        deadline = time.monotonic() + timeout
        with self.capture.lock:
            at = since
            while True:
                while at < len(self.capture.frames):
                    if wanted in self.capture.frames[at][1]:
                        return True
                    at += 1
                rest = deadline - time.monotonic()
                if rest <= 0:
                    return False
                self.capture.lock.wait(rest)

    def op_mac(self):
        with open(f"/sys/class/net/{self.interface}/address", encoding="ascii") as text:
            return text.read().strip()

    def serve(self):
        for line in sys.stdin:
            request = json.loads(line)
            try:
                answer = {"ok": getattr(self, "op_" + request.pop("op"))(**request)}
            except Exception as problem:  # reported to the test, which fails with it
                answer = {"error": f"{type(problem).__name__}: {problem}"}
            print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    Agent(sys.argv[1]).serve()
