# SPDX-License-Identifier: BSD-3-Clause
"""DPDK's own counters, which every DPDK program shows at its telemetry socket: the same question
in the same words to each program that is compared. Also the EAL file prefixes of a run."""
import json
import os
import shutil
import socket
import subprocess
import tempfile

PREFIX = "sluice-bench-"  # then the pid of the run


def runtime_directory():
    if os.geteuid() == 0:
        return "/var/run/dpdk"
    return os.path.join(os.environ.get("XDG_RUNTIME_DIR", "/tmp"), "dpdk")


def prefix(name):
    """An EAL file prefix that no other run has."""
    return f"{PREFIX}{os.getpid()}-{name}"


def remove(file_prefix):
    """What a program that was killed left of its EAL directory."""
    shutil.rmtree(os.path.join(runtime_directory(), file_prefix), ignore_errors=True)


def sweep():
    """Removes what runs that are no more have left because they were killed: directories of EAL,
    directories of files, network namespaces."""
    for directory in (runtime_directory(), tempfile.gettempdir()):
        for name in _of_the_dead(directory):
            shutil.rmtree(os.path.join(directory, name), ignore_errors=True)
    for name in _of_the_dead("/run/netns"):
        subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


def _of_the_dead(directory):
    try:
        names = os.listdir(directory)
    except OSError:
        return []
    return [name for name in names if name.startswith(PREFIX)
            and not os.path.exists("/proc/" + name[len(PREFIX):].split("-")[0])]


class Telemetry:
    def __init__(self, file_prefix):
        path = os.path.join(runtime_directory(), file_prefix, "dpdk_telemetry.v2")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self._socket.settimeout(5)
            self._socket.connect(path)
            hello = json.loads(self._socket.recv(16384))
        except OSError:
            self._socket.close()
            raise
        self._size = hello["max_output_len"]
        self.version = hello["version"]

    def ask(self, command):
        self._socket.send(command.encode())
        return json.loads(self._socket.recv(self._size))[command.split(",")[0]]

    def ports(self):
        return self.ask("/ethdev/list")

    def received(self, port):
        return self.ask(f"/ethdev/stats,{port}")["ipackets"]

    def sent(self, port):
        return self.ask(f"/ethdev/stats,{port}")["opackets"]

    def close(self):
        self._socket.close()
