# SPDX-License-Identifier: BSD-3-Clause
"""A daemon's HTTP listener, spoken to from inside its namespace; and what Prometheus reads there."""
import ctypes
import http.client
import os
import re
import socket
import threading

CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def socket_in(space, kind=socket.SOCK_STREAM):
    """A socket that belongs to the namespace, whoever uses it."""
    made = []

    def make():  # of its own: the namespace is the thread's
        descriptor = os.open(f"/run/netns/{space.name}", os.O_RDONLY)
        try:
            if _libc.setns(descriptor, CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")
            made.append(socket.socket(socket.AF_INET, kind))
        finally:
            os.close(descriptor)
    thread = threading.Thread(target=make)
    thread.start()
    thread.join()
    made[0].settimeout(5)
    return made[0]


class Listener:
    def __init__(self, space, port, address="127.0.0.1"):
        self.space, self.address = space, (address, port)

    def connect(self):
        made = socket_in(self.space)
        made.connect(self.address)
        return made

    def ask(self, path, method="GET", headers=None):
        """(status, headers, text)."""
        connection = http.client.HTTPConnection(*self.address)
        connection.sock = self.connect()
        try:
            connection.request(method, path, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read().decode()
        finally:
            connection.close()

    def scrape(self):
        status, headers, text = self.ask("/metrics")
        assert status == 200 and headers["Content-Type"].startswith("text/plain; version=0.0.4"), text
        return Scrape(text)


class Scrape:
    def __init__(self, text):
        self.text = text
        self.types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M))
        self.values = {}
        for line in text.splitlines():
            if line and not line.startswith("#"):
                name, value = line.rsplit(" ", 1)
                assert name not in self.values, f"{name} stands twice"
                self.values[name] = float(value)

    def __getitem__(self, name):
        return self.values["sluice_" + name]

    def families(self):
        return set(self.types)
