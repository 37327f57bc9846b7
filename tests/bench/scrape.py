# SPDX-License-Identifier: BSD-3-Clause
"""Forwarding while somebody reads the metrics: the same data with 100,000 groups in the table, with
nobody scraping, with a scrape each second, and with one after the other without a pause."""
import http.client
import os
import socket
import threading

import traffic
from alternate import Line, measure
from record import Result
from sluiced import Shape, Sluiced
from trials import Broken, detail, invalid, mbufs, need_mb, setup_of, write

GROUPS = 100_000
FAN_OUT = 1
FRAMES = traffic.BIG
SECONDS = 2.0  # of a window: two scrapes of the one a second


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


class Scraped(Sluiced):
    """`interval`: seconds from scrape to scrape, 0 for no pause, None for no scrape. Scrapes only
    while it is its turn."""

    def __init__(self, *arguments, interval=None, **more):
        super().__init__(*arguments, **more)
        self.interval = interval
        self.port = free_port()
        self.scrapes, self.took, self.bytes = 0, 0.0, 0
        self._thread, self._stop, self._failed = None, threading.Event(), None

    def make_configuration(self):
        return super().make_configuration() + f'[metrics]\nlisten = "127.0.0.1:{self.port}"\n'

    def resume(self):
        super().resume()
        if self.interval is not None:
            self._stop.clear()
            self._thread = threading.Thread(target=self._scrape, daemon=True)
            self._thread.start()

    def pause(self):
        if self._thread:
            self._stop.set()
            self._thread.join()
            self._thread = None
        super().pause()

    def _scrape(self):
        os.sched_setaffinity(0, {self.machine.main_core})  # this thread: the workers' cores are theirs
        # Half an interval first: a window has as many scrapes as intervals.
        while not self._stop.wait(self.interval / 2):
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
                connection.request("GET", "/metrics")
                text = connection.getresponse().read()
                connection.close()
            except OSError as error:
                self._failed = error
                return
            self.scrapes, self.bytes = self.scrapes + 1, len(text)
            for line in text.decode().splitlines():
                if line.startswith("sluice_scrape_duration_seconds "):
                    self.took += float(line.split()[1])
            if self._stop.wait(self.interval / 2):
                return

    def after(self):
        super().after()
        if self._failed:
            raise Broken(f"{self.name}: {self._failed}")

    def report(self):
        return {"scrapes": self.scrapes, "bytes": self.bytes,
                "seconds-each": self.took / max(self.scrapes, 1)}


def run(bench):
    results = [Result("scrape-each-second", "rate while scraped once a second ÷ at rest, 100k groups",
                      None, "x", floor=0.98, aim=0.99),
               Result("scrape-continuous", "rate while scraped without a pause ÷ at rest, 100k groups",
                      None, "x", floor=0.90, aim=0.95)]
    wanted = [result for result in results if bench.context.wants(result.id)]
    if not wanted or (bench.context.quick and not bench.context.only):
        return []
    bench.context.progress("rate while the metrics are scraped, 100k groups")
    try:
        return _measure(bench, wanted)
    except Broken as broken:
        return [invalid(result, broken) for result in wanted]


def _measure(bench, results):
    shape = Shape(FAN_OUT, GROUPS)
    if not bench.machine.provide(need_mb(FRAMES, 3)):
        raise Broken("not enough memory")
    with bench.folder() as folder:
        file = write(folder, FRAMES, shape)

        def device(name, interval):
            return Scraped(folder, bench.machine, bench.context.build, shape, [file], mbufs(FRAMES),
                           name, interval=interval)
        devices = {"sluice-rest": device("sluice-rest", None),
                   "scrape-each-second": device("scrape-each-second", 1.0),
                   "scrape-continuous": device("scrape-continuous", 0.0)}
        with Line(*devices.values()) as line:
            def figure(rates):
                return rates["scrape-continuous"].frames / rates["sluice-rest"].frames
            trial = measure(line, figure, bench.rounds, SECONDS, attempts=1)  # long windows are calm
            said = [one.describe() for one in line]
    for result in results:
        ratios = sorted(rates[result.id].frames / rates["sluice-rest"].frames
                        for rates in trial.rounds)
        result.value = ratios[len(ratios) // 2]
        result.spread = (ratios[-1] - ratios[0]) / result.value
        result.detail = detail(bench, trial, said, setup_of(shape, FRAMES, 64), sluice=result.id)
        result.detail["burden"] = devices[result.id].report()
        each = devices[result.id].report()["seconds-each"]
        result.why = f"{devices[result.id].scrapes} scrapes of {each * 1000:.0f} ms"
    return results
