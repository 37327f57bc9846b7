# SPDX-License-Identifier: BSD-3-Clause
"""Frames by hand, and somebody else's decoder (scapy) for those that come back."""
import itertools
import logging
import os
import socket
import struct

logging.getLogger("scapy").setLevel(logging.ERROR)
from scapy.contrib.igmp import IGMP  # noqa: E402
from scapy.contrib.igmpv3 import IGMPv3, IGMPv3mq, IGMPv3mr  # noqa: E402
from scapy.layers.inet import IP, IPOption_Router_Alert  # noqa: E402
from scapy.layers.l2 import Dot1Q, Ether  # noqa: E402
from scapy.packet import Raw  # noqa: E402

# Record types of an IGMPv3 report.
IS_IN, IS_EX, TO_IN, TO_EX, ALLOW, BLOCK = 1, 2, 3, 4, 5, 6

_streams = itertools.count(os.getpid() << 12 & 0x7FFFFFFF)
_tokens = itertools.count(1)


def group_mac(group):
    low = socket.inet_aton(group)
    return "01:00:5e:%02x:%02x:%02x" % (low[1] & 0x7F, low[2], low[3])


def _tagged(ether, vlan, priority=0):
    return ether / Dot1Q(vlan=vlan, prio=priority) if vlan is not None else ether


class Data:
    """A stream of UDP datagrams to a group, numbered."""

    def __init__(self, mac, source, destination, vlan=None, priority=0, size=64, ttl=16, dmac=None):
        self.number = next(_streams)
        header = _tagged(Ether(src=mac, dst=dmac or group_mac(destination)), vlan, priority)
        body = b"SLUI" + struct.pack("!II", self.number, 0)
        body += bytes(max(0, size - 14 - 28 - len(body)))
        udp = struct.pack("!HHHH", 7000, 7000, 8 + len(body), 0) + body
        self.frame = bytes(header / IP(src=source, dst=destination, ttl=ttl, proto=17) / Raw(udp))
        self.offset = len(self.frame) - len(body) + 8  # of the sequence number


def barrier(mac, vlan=None):
    """A broadcast that arrives after everything that was sent before it, with a token to know it."""
    token = b"BARRIER!" + struct.pack("!QQ", os.getpid(), next(_tokens))
    header = _tagged(Ether(src=mac, dst="ff:ff:ff:ff:ff:ff"), vlan)
    header.lastlayer().type = 0x88B5
    return bytes(header / Raw(token + bytes(40))), token


def checksum(payload):
    total = sum(struct.unpack(f"!{len(payload) // 2}H", payload[:len(payload) & ~1]))
    if len(payload) % 2:
        total += payload[-1] << 8
    total = (total >> 16) + (total & 0xFFFF)
    total += total >> 16
    return ~total & 0xFFFF


def with_checksum(payload):
    payload = payload[:2] + b"\0\0" + payload[4:]
    return payload[:2] + struct.pack("!H", checksum(payload)) + payload[4:]


def igmp_frame(mac, source, destination, payload, vlan=None, ttl=1, router_alert=True, dmac=None,
               **ip_fields):
    """`payload` goes out as it is: checksums are the caller's, so that they can be wrong."""
    options = [IPOption_Router_Alert()] if router_alert else []
    ip = IP(src=source, dst=destination, ttl=ttl, tos=0xC0, proto=2, options=options, **ip_fields)
    return bytes(_tagged(Ether(src=mac, dst=dmac or group_mac(destination)), vlan) / ip / Raw(payload))


def many_reports(mac, source, groups, version=3, vlan=None, kind=TO_EX, sources=(), per_frame=180):
    """Reports for thousands of groups, as frames: scapy would take seconds over them. Version 3:
    `per_frame` records in each; version 2: one report a frame."""
    if version == 2:
        for group in groups:
            yield plain_igmp_frame(mac, source, group, v2_report(group), vlan)
        return
    groups = list(groups)
    for at in range(0, len(groups), per_frame):
        records = [v3_record(kind, group, sources) for group in groups[at:at + per_frame]]
        yield plain_igmp_frame(mac, source, "224.0.0.22", v3_report(*records), vlan)


def plain_igmp_frame(mac, source, destination, payload, vlan=None):
    """igmp_frame() with the fields of a well-behaved host, without scapy."""
    tag = b"" if vlan is None else struct.pack("!HH", 0x8100, vlan)
    ip = struct.pack("!BBHHHBBH4s4sI", 0x46, 0xC0, 24 + len(payload), 0, 0x4000, 1, 2, 0,
                     socket.inet_aton(source), socket.inet_aton(destination), 0x94040000)
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    macs = bytes.fromhex((group_mac(destination) + mac).replace(":", ""))
    return macs + tag + b"\x08\x00" + ip + payload


def group_numbers(first, count):
    """`count` group addresses from `first` on."""
    begin = struct.unpack("!I", socket.inet_aton(first))[0]
    return [socket.inet_ntoa(struct.pack("!I", begin + n)) for n in range(count)]


def groups_reported(raw):
    """The groups of a report of any version, without scapy; empty for other frames."""
    if raw[12:14] != b"\x08\x00" or raw[23] != 2:
        return []
    at = 14 + 4 * (raw[14] & 15)
    if raw[at] in (0x12, 0x16):
        return [socket.inet_ntoa(raw[at + 4:at + 8])]
    if raw[at] != 0x22:
        return []
    count, groups = struct.unpack_from("!H", raw, at + 6)[0], []
    at += 8
    for _ in range(count):
        auxiliary_words, sources = struct.unpack_from("!BH", raw, at + 1)
        groups.append(socket.inet_ntoa(raw[at + 4:at + 8]))
        at += 8 + 4 * (sources + auxiliary_words)
    return groups


def routed(frame, mac, vlan=None):
    """The frame that a router with this MAC address makes of an untagged one."""
    ip = bytearray(frame[14:34])
    ip[8] -= 1
    ip[10:12] = b"\0\0"
    ip[10:12] = struct.pack("!H", checksum(bytes(ip)))
    tag = b"" if vlan is None else struct.pack("!HH", 0x8100, vlan)
    return frame[:6] + bytes.fromhex(mac.replace(":", "")) + tag + frame[12:14] + bytes(ip) + frame[34:]


def v2_message(kind, group, code=0):
    return with_checksum(struct.pack("!BBH4s", kind, code, 0, socket.inet_aton(group)))


def v1_report(group):
    return v2_message(0x12, group)


def v2_report(group):
    return v2_message(0x16, group)


def v2_leave(group):
    return v2_message(0x17, group)


def v2_query(group="0.0.0.0", response_ds=5):
    return v2_message(0x11, group, response_ds)


def v3_query(group="0.0.0.0", sources=(), response_ds=5, robustness=2, interval_s=2, suppress=False):
    body = struct.pack("!BBH4sBBH", 0x11, response_ds, 0, socket.inet_aton(group),
                       (8 if suppress else 0) | robustness, interval_s, len(sources))
    return with_checksum(body + b"".join(socket.inet_aton(s) for s in sources))


def v3_record(kind, group, sources=(), auxiliary=b""):
    return (struct.pack("!BBH4s", kind, len(auxiliary) // 4, len(sources), socket.inet_aton(group))
            + b"".join(socket.inet_aton(s) for s in sources) + auxiliary)


def v3_report(*records, count=None):
    body = struct.pack("!BBHHH", 0x22, 0, 0, 0, len(records) if count is None else count)
    return with_checksum(body + b"".join(records))


def pim_hello(mac, source, holdtime_s=3, vlan=None):
    payload = struct.pack("!BBH", 0x20, 0, 0) + struct.pack("!HHH", 1, 2, holdtime_s)
    payload = with_checksum(payload)
    ip = IP(src=source, dst="224.0.0.13", ttl=1, tos=0xC0, proto=103)
    return bytes(_tagged(Ether(src=mac, dst=group_mac("224.0.0.13")), vlan) / ip / Raw(payload))


def mrd_advertisement(mac, source, interval_s=4, query_interval=2, robustness=2):
    payload = with_checksum(struct.pack("!BBHHH", 0x30, interval_s, 0, query_interval, robustness))
    return igmp_frame(mac, source, "224.0.0.106", payload)


def mrd_termination(mac, source):
    return igmp_frame(mac, source, "224.0.0.106", with_checksum(struct.pack("!BBH", 0x32, 0, 0)))


class Igmp:
    """A decoded IGMP message."""

    def __init__(self, frame, kind, group, records, message, vlan):
        self.source, self.destination = frame[IP].src, frame[IP].dst
        self.kind, self.group, self.records = kind, group, records
        self.message, self.vlan, self.ip = message, vlan, frame[IP]

    def __repr__(self):
        what = f"records={self.records}" if self.kind == 0x22 else f"group={self.group}"
        return f"<IGMP {self.kind:#x} {self.source}>{self.destination} {what} vlan={self.vlan}>"


def decode_igmp(raw):
    """An Igmp, or None for any other frame."""
    frame = Ether(raw)
    if IP not in frame or frame[IP].proto != 2:
        return None
    vlan = frame[Dot1Q].vlan if Dot1Q in frame else None
    ip = frame[IP]
    payload = bytes(ip.payload)[:ip.len - 4 * ip.ihl]
    if not payload:
        return None
    kind = payload[0]
    if kind == 0x22:
        report = IGMPv3(payload)
        records = [(r.rtype, r.maddr, sorted(r.srcaddrs)) for r in report[IGMPv3mr].records]
        return Igmp(frame, kind, None, records, report, vlan)
    if kind == 0x11 and len(payload) >= 12:
        query = IGMPv3(payload)
        return Igmp(frame, kind, query[IGMPv3mq].gaddr, None, query, vlan)
    group = IGMP(payload).gaddr if len(payload) >= 8 else None
    return Igmp(frame, kind, group, None, payload, vlan)
