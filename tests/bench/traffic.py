# SPDX-License-Identifier: BSD-3-Clause
"""The pcap files that are replayed: frames of so many groups in a random order that a seed makes
the same again (BT-05). Sizes are as RFC 2544 counts them, with the four bytes of the checksum."""
import random
import struct

SMALL = 1024        # frames, `s`: stays in cache
BIG = 65536         # frames, `b`: receiving itself misses cache
HUGE = 1048576      # frames: each of a million groups once
SOURCE = 0x0A4D0501  # 10.77.5.1
SOURCE_MAC = bytes.fromhex("020000000001")
FIRST_GROUP = 0xEF010000  # 239.1.0.0; a million of them end at 239.16.255.255
CHECKSUM = 4        # of the Ethernet frame; no pcap file holds it
OVERHEAD = 20       # preamble, start delimiter and gap, in bytes (RFC 2544 §20)


def line_rate(gigabits, size):
    """Frames per second, rounded down."""
    return int(gigabits * 1e9 // ((size + OVERHEAD) * 8))


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def address(number):
    return ".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0))


def group(index):
    return FIRST_GROUP + index


def multicast_mac(group_address):
    return b"\x01\x00\x5e" + struct.pack("!I", group_address & 0x7FFFFF)[1:]


def ethernet(group_address, tag=None):
    tag = b"" if tag is None else struct.pack("!HH", 0x8100, tag)
    return multicast_mac(group_address) + SOURCE_MAC + tag + b"\x08\x00"


def data_frame(group_address, size=64, tag=None, ttl=16, source=SOURCE):
    link = ethernet(group_address, tag)
    length = size - CHECKSUM - len(link)
    header = struct.pack("!BBHHHBBHII", 0x45, 0, length, 0, 0, ttl, 17, 0, source, group_address)
    header = header[:10] + struct.pack("!H", checksum(header)) + header[12:]
    udp = struct.pack("!HHHH", 5000, 5000, length - 20, 0)
    return link + header + udp + bytes(length - 28)


def report_frame(records, host, tag=None, to=0xE0000016):
    """An IGMPv3 report (RFC 9776 §4.2) of (record type, group) without sources."""
    body = b"".join(struct.pack("!BBHI", kind, 0, 0, address) for kind, address in records)
    body = struct.pack("!BBHHH", 0x22, 0, 0, 0, len(records)) + body
    body = body[:2] + struct.pack("!H", checksum(body)) + body[4:]
    header = struct.pack("!BBHHHBBHIII", 0x46, 0xC0, 24 + len(body), 0, 0, 1, 2, 0, host, to,
                         0x94040000)
    header = header[:10] + struct.pack("!H", checksum(header)) + header[12:]
    return (ethernet(to, tag) + header + body).ljust(60, b"\0")


def group_order(frames, groups, seed=1):
    """Which group each frame is of: each as often as the others, or once where there are more
    groups than frames; shuffled."""
    order = [index % groups for index in range(frames)]
    random.Random(seed).shuffle(order)
    return order


def write_pcap(path, frames):
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for frame in frames:
            file.write(struct.pack("<IIII", 0, 0, len(frame), len(frame)))
            file.write(frame)
    return path


def write_data(path, frames, groups, size=64, tag=None, seed=1):
    """The file of one trial."""
    made = {}

    def frame(index):
        known = made.get(index)
        if known is None:
            known = made[index] = data_frame(group(index), size, tag)
        return known
    return write_pcap(path, (frame(index) for index in group_order(frames, groups, seed)))
