# SPDX-License-Identifier: BSD-3-Clause
"""Fixtures, and the report that the conformance table is made from.

A test says what it proves by `@pytest.mark.req("snooping/SA-01", …)`; with `--req-report FILE` the
outcome of each goes into FILE as JSON.
"""
import json
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))

from lab import daemon as daemon_module  # noqa: E402
from lab.edge import Edge, wanted  # noqa: E402
from lab.network import Network, af_packet_ports  # noqa: E402


def pytest_addoption(parser):
    parser.addoption("--req-report", help="write name, outcome and requirement IDs of each test here")


def pytest_configure(config):
    config.addinivalue_line("markers", "req(*ids): requirements that the test proves")
    config.req_rows = []


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.when == "call" or (report.when == "setup" and not report.passed):
        ids = [i for mark in item.iter_markers("req") for i in mark.args]
        reason = ""
        if report.skipped:
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        item.config.req_rows.append({
            "test": item.nodeid.split("/")[-1], "outcome": report.outcome, "req": ids,
            "reason": reason})


def pytest_sessionfinish(session):
    path = session.config.getoption("--req-report")
    if path:
        with open(path, "w", encoding="utf-8") as file:
            json.dump(session.config.req_rows, file, indent=1)


def pytest_collection_modifyitems(items):
    if os.geteuid() != 0:
        raise pytest.UsageError("the end-to-end tests make network namespaces: run them as root")


@pytest.fixture(scope="session")
def net():
    """The standard network of lab/network.py; shared by all tests, emptied after each."""
    network = Network()
    yield network
    network.close()


@pytest.fixture(scope="module")
def settings():
    """What a module may override: the snooping keys of VLAN 10."""
    return {}


@pytest.fixture(scope="module")
def more():
    """What a module may add: further sections of the file."""
    return {}


@pytest.fixture(scope="module")
def module_daemon(net, settings, more):
    """sluiced on all six ports in VLAN 10, running for the whole module."""
    sluiced = daemon_module.Daemon(net.lab, net.switch)
    sluiced.configure(af_packet_ports(), {10: {"querier-source": "10.77.0.254", **settings}}, **more)
    sluiced.start()
    yield sluiced
    if sluiced.process.poll() is None:
        sluiced.stop()


@pytest.fixture
def sluiced(net, module_daemon):
    """The module's daemon, settled, without memberships before and after the test."""
    if module_daemon.process.poll() is not None:
        module_daemon.start()
    module_daemon.settled(10)
    yield module_daemon
    net.forget()
    if module_daemon.process.poll() is None:
        module_daemon.ctl("clear", "groups")
        module_daemon.wait(lambda: not [g for g in module_daemon.groups() if g["type"] == "dynamic"],
                           "groups to be gone after the test")


@pytest.fixture
def own_daemon(net):
    """Makes a daemon for one test: own_daemon(vlans, ports=…, …) starts it."""
    made = []

    def make(vlans=None, ports=None, start=True, name=None, space=None, **more):
        sluiced = daemon_module.Daemon(net.lab, space or net.switch, name or f"own{len(made)}")
        sluiced.configure(ports or af_packet_ports(),
                          vlans or {10: {"querier-source": "10.77.0.254"}}, **more)
        made.append(sluiced)
        if start:
            sluiced.start()
        return sluiced

    yield make
    net.forget()
    for sluiced in made:
        if sluiced.process and sluiced.process.poll() is None:
            sluiced.stop()


@pytest.fixture(scope="session")
def edge():
    """The network of lab/edge.py, for proxy mode; shared by all tests."""
    network = Edge()
    yield network
    network.close()


@pytest.fixture
def proxy(edge, rig):
    """The daemon of the module's `rig`; nothing but the witness is wanted before and after the test."""
    yield rig.proxy
    edge.forget()
    rig.proxy.ctl("clear", "groups")
    rig.proxy.wait(lambda: not wanted(rig.proxy.proxied()), "nothing to be wanted any more")
