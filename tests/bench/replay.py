# SPDX-License-Identifier: BSD-3-Clause
"""Full data load without a generator: a port of sluiced that replays a file at memory speed. Nearly all
of it goes to groups whose member is a port that throws away; one frame in `DILUTION` belongs to the
group that a trial watches, so that its port is not drowned. Reports may be strewn among it."""
import os
import struct

import traffic

FRAMES = 4096
DILUTION = 256
REPORT_DILUTION = 64
BURDEN_GROUP = "239.3.0.1"


def test_frame(group, sequence, frame_size):
    """As tests/bench/tester writes it: run 0, source 0, no time. Its header has to be the same."""
    number = struct.unpack("!I", bytes(map(int, group.split("."))))[0]
    length = frame_size - 4 - 14
    header = struct.pack("!BBHHHBBHII", 0x45, 0, length, 0, 0, 64, 17, 0, 0x0A4D0042, number)
    total = sum(struct.unpack("!10H", header))
    total = (total >> 16) + (total & 0xFFFF)
    total += total >> 16
    header = header[:10] + struct.pack("!H", ~total & 0xFFFF) + header[12:]
    mac = b"\x01\x00\x5e" + struct.pack("!I", number & 0x7FFFFF)[1:] + bytes((2, 0, 0, 0, 1, 1))
    udp = struct.pack("!HHHH", 5000, 5000, length - 20, 0)
    tag = struct.pack("!HHBBIQ", 0x5142, 0, 0, 0, sequence, 0)
    frame = mac + b"\x08\x00" + header + udp + tag
    return frame + bytes(frame_size - 4 - len(frame))


def ports(folder, group, frame_size=64, reports=()):
    """[[port]] tables, and what has to stand in the VLAN's table."""
    frames = [test_frame(group if n % DILUTION == 0 else BURDEN_GROUP, n // DILUTION, frame_size)
              for n in range(FRAMES)]
    for place, n in enumerate(range(1, FRAMES, REPORT_DILUTION) if reports else ()):
        frames[n] = reports[place % len(reports)]
    file = traffic.write_pcap(os.path.join(folder, "load.pcap"), frames)
    return ([{"name": "load", "device": f"net_pcap0,rx_pcap={file},infinite_rx=1",
              "access-vlan": 10},
             {"name": "sink", "device": "net_null0,no-rx=1", "access-vlan": 10}],
            {"static": [{"group-address": BURDEN_GROUP, "ports": ["sink"]}]})
