# SPDX-License-Identifier: BSD-3-Clause
"""dpdk-testpmd, the yardstick: it receives and sends every frame once, as it is (`io`) or with its
MAC addresses exchanged (`macswap`), and does nothing else."""
from device import Device
from program import Broken, find


class Testpmd(Device):
    patience = 0  # it has nothing to tidy up, and takes its time

    def __init__(self, folder, machine, mode, files, mbufs, name=None, inputs=None, output=None):
        """`files`: one pcap file for each worker's queue. `inputs`, `output`: other devices than
        net_pcap and net_null."""
        super().__init__(name or mode, folder, inputs=[0], outputs=[1])
        self.machine, self.mode, self.mbufs, self.queues = machine, mode, mbufs, len(files) or 1
        self.input = inputs or replay(files)
        self.output = output or "net_null0,no-rx=1"
        self.cores = None  # others than the worker's

    def start(self):
        path = find("dpdk-testpmd")
        if path is None:
            raise Broken("dpdk-testpmd is not installed (Debian package dpdk-dev)")
        machine = self.machine
        cores = [machine.main_core, *(self.cores or machine.worker_cores[:self.queues])]
        lcores = ",".join(f"{lcore}@{core}" for lcore, core in enumerate(cores))
        words = [path, "--no-pci", "--lcores", lcores, "--file-prefix", self.prefix,
                 *machine.memory_options(self.mbufs),
                 "--vdev", self.input, "--vdev", self.output, "--",
                 f"--forward-mode={self.mode}", f"--total-num-mbufs={self.mbufs}", "--burst=32",
                 f"--nb-cores={self.queues}", f"--rxq={self.queues}", f"--txq={self.queues}",
                 "--no-lsc-interrupt", "--auto-start"]
        self.program = self.run(words)
        self.connect(timeout=60)


def replay(files, number=0):
    """The device that replays these files for ever, each by a queue of its own."""
    return f"net_pcap{number}," + ",".join(f"rx_pcap={file}" for file in files) + ",infinite_rx=1"
