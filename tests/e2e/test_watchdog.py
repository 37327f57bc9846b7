# SPDX-License-Identifier: BSD-3-Clause
"""systemd's side of sluiced: READY=1, and WATCHDOG=1 only while every worker gets anywhere."""
import ctypes
import os
import socket
import time

import pytest

from lab import daemon as daemon_module
from lab.network import af_packet_ports

PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT = 17, 0x4206, 0x4207
WALL = 0x40000000  # wait for threads too

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


def ptrace(request, thread):
    if libc.ptrace(request, thread, None, None) != 0:
        raise OSError(ctypes.get_errno(), f"ptrace {request}")


def worker_of(pid):
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/comm", encoding="ascii") as file:
            if file.read().startswith(("rte-worker", "lcore-worker")):
                return int(thread)
    raise AssertionError("no worker's thread")


class Held:
    """One thread stopped where it is, by ptrace; all others run."""

    def __init__(self, thread):
        self.thread = thread

    def __enter__(self):
        ptrace(PTRACE_SEIZE, self.thread)
        ptrace(PTRACE_INTERRUPT, self.thread)
        os.waitpid(self.thread, WALL)

    def __exit__(self, *_):
        ptrace(PTRACE_DETACH, self.thread)


@pytest.fixture
def notified(net, monkeypatch):
    """sluiced as systemd starts it, and the socket that systemd listens at."""
    sluiced = daemon_module.Daemon(net.lab, net.switch, "notified")
    sluiced.configure(af_packet_ports(2), {10: {}})
    path = os.path.join(sluiced.directory, "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(path)
        listener.settimeout(10)
        monkeypatch.setenv("NOTIFY_SOCKET", path)
        monkeypatch.setenv("WATCHDOG_USEC", "200000")
        sluiced.start(ready=False)
        yield sluiced, listener
        if sluiced.process.poll() is None:
            sluiced.stop()


def messages(listener, seconds):
    """What comes within that time."""
    found = []
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        listener.settimeout(left)
        try:
            found += listener.recv(4096).decode().split("\n")
        except socket.timeout:
            break
    return found


def test_watchdog_is_fed_while_the_workers_work(notified):
    sluiced, listener = notified
    assert listener.recv(4096) == b"READY=1"
    assert listener.recv(4096) == b"WATCHDOG=1"
    assert sluiced.ctl("status").returncode == 0
    with Held(worker_of(sluiced.process.pid)):
        messages(listener, 0.3)  # what was on its way
        assert messages(listener, 1.2) == [], "a worker is stuck, and systemd is told that all is well"
        assert sluiced.ctl("status").returncode == 0, "the control thread runs on"
        sluiced.wait(lambda: "event=worker-stuck" in sluiced.log, "the log to tell")
    listener.settimeout(10)
    assert listener.recv(4096) == b"WATCHDOG=1"
    sluiced.wait(lambda: "event=worker-resumed" in sluiced.log, "the log to tell")
    sluiced.stop()
    assert "STOPPING=1" in messages(listener, 1)
