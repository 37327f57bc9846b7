#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""A device under test for the harness's own tests: it forwards nothing, and shows at a telemetry
socket the counters of one that receives RATE frames a second by port 0 and sends COPIES times as
many by port 1. fake_device.py SOCKET RATE COPIES"""
import json
import socket
import sys
import time


def main(path, rate, copies):
    server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    server.bind(path)
    server.listen()
    client, _ = server.accept()
    client.send(json.dumps({"version": "fake", "pid": 0, "max_output_len": 16384}).encode())
    while True:
        question = client.recv(1024).decode()
        if not question:
            return
        command, _, port = question.partition(",")
        frames = int(time.monotonic() * rate)
        counts = {"ipackets": frames if port == "0" else 0,
                  "opackets": int(frames * copies) if port == "1" else 0}
        client.send(json.dumps({command: counts}).encode())


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), float(sys.argv[3]))
