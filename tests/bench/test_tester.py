# SPDX-License-Identifier: BSD-3-Clause
"""The tester finds what it is there to find (BT-01 to BT-05 of the methodology), over cables in memory
and over one real veth cable: /usr/bin/python3 -m pytest tests/bench/test_tester.py

Needs a built tester (ninja -C build tests/bench/tester/tester), and root for the real cable."""
import copy
import json
import os
import sys
import time

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

# pylint: disable=wrong-import-position,redefined-outer-name
import delay  # noqa: E402
import load  # noqa: E402
import search  # noqa: E402
from wires import Missing, Tester, Wires  # noqa: E402

BUILD = os.environ.get("SLUICE_BUILD", os.path.join(HERE, "..", "..", "build"))
COUNTS = ("lost", "duplicates", "reordered", "leaked", "wrong_egress", "altered")


def memory_tester(*more):
    """Ports 0-1 and 2-3 are cabled."""
    try:
        return Tester(BUILD, [], ["--memory", 4, *more])
    except Missing as missing:
        pytest.skip(str(missing))


@pytest.fixture
def tester():
    one = memory_tester()
    yield one
    one.close()


def source(count=1000, rate=500_000, groups=4, **more):
    return {"port": 0, "rate": rate, "count": count, "burst": 32,
            "groups": [{"first": "239.1.1.1", "count": groups, "expect": [1]}], **more}


def found(outcome):
    """What is wrong anywhere: {(port, what): how many}."""
    return {(number, what): port[what] for number, port in enumerate(outcome["ports"])
            for what in COUNTS if port[what]}


def trial(tester, *sources, **more):
    return tester.trial(**{"duration": 0.05, "residual": 0.01, "sources": list(sources), **more})


@pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")
def test_a_real_cable_loses_nothing_and_its_latency_is_small():  # BT-01
    try:
        wires = Wires(BUILD, 1)
    except Missing as missing:
        pytest.skip(str(missing))
    with wires:
        wires.device.ip("addr", "flush", "dev", "p0")
        near = Tester(BUILD, wires.device.command(), ["p0"])
        try:
            # The far end listens while the near one sends: runs have the same number in both.
            wires.tester.process.stdin.write(
                '{"duration":0.3,"residual":0.01,"sources":[{"port":0,"rate":0,"groups":'
                '[{"first":"239.1.1.1","expect":[0]}]}]}\n')
            wires.tester.process.stdin.flush()
            time.sleep(0.1)
            sent = near.trial(duration=0.1, residual=0,
                              sources=[{"port": 0, "rate": 10_000, "count": 900,
                                        "groups": [{"first": "239.1.1.1"}]}])
            heard = json.loads(wires.tester.process.stdout.readline())["ports"][0]
        finally:
            near.close()
    assert sent["offered"][0] == {"frames": 900, "refused": 0,
                                  "seconds": sent["offered"][0]["seconds"]}
    assert heard["received"] == 900 and heard["altered"] == 0 and heard["reordered"] == 0
    assert 0 < heard["latency_ns"]["p50"] < 50_000


def test_a_cable_in_memory_loses_nothing(tester):
    outcome = trial(tester, source(10_000))
    assert found(outcome) == {}
    assert outcome["ports"][1]["received"] == outcome["ports"][1]["expected"] == 10_000


def test_one_lost_frame_of_a_million_is_found(tester):  # BT-02, which asks ten million: 6 s more
    outcome = trial(tester, source(1_000_000, rate=5_000_000,
                                   faults=[{"kind": "lose", "sequence": 777_777}]), duration=0.8)
    assert found(outcome) == {(1, "lost"): 1}
    assert outcome["ports"][1]["received"] == 999_999


def test_the_longest_gap_is_found(tester):
    lost = [{"kind": "lose", "sequence": number} for number in range(100, 200)]
    outcome = trial(tester, source(500, rate=10_000, burst=1, faults=lost))
    assert 10e6 < outcome["ports"][1]["longest_gap_ns"] < 40e6


@pytest.mark.parametrize("fault, expected", [
    ({"kind": "lose", "sequence": 77}, {(1, "lost"): 1}),
    ({"kind": "duplicate", "sequence": 77}, {(1, "duplicates"): 1}),
    ({"kind": "swap", "sequence": 77}, {(1, "reordered"): 1}),
    ({"kind": "ttl", "sequence": 77}, {(1, "altered"): 1, (1, "lost"): 1}),
    ({"kind": "elsewhere", "sequence": 77, "port": 2}, {(3, "leaked"): 1, (1, "lost"): 1}),
])
def test_one_fault_is_found(tester, fault, expected):  # BT-02
    assert found(trial(tester, source(faults=[fault]))) == expected


def test_a_frame_at_another_flows_egress_is_found(tester):  # BT-02
    """Port 3 expects the second group, which is sent on its cable, but not the first."""
    flows = [{"first": "239.1.1.1", "expect": [1]}, {"first": "239.1.1.2", "expect": [3]}]
    faults = [{"kind": "elsewhere", "sequence": n, "port": 2} for n in range(1, 20, 2)]
    wrong = {"kind": "elsewhere", "sequence": 8, "port": 2}
    clean = {"port": 0, "rate": 500_000, "count": 20, "groups": flows, "faults": faults}
    assert found(trial(tester, clean)) == {}
    broken = {**clean, "faults": [*faults, wrong]}
    assert found(trial(tester, broken)) == {(3, "wrong_egress"): 1, (1, "lost"): 1}


def test_the_search_finds_the_limit_of_a_cable():  # BT-03
    limited = memory_tester("--limit", 100_000)
    try:
        def measure(rate):
            count = round(rate * 0.1)
            outcome = trial(limited, source(count, rate, burst=1), duration=0.11)
            return load.verdict(outcome, [(rate, count)]), outcome
        # Its bucket holds 10 ms' worth: 10 % of a trial of 100 ms. A busy machine makes
        # bursts that the bucket cannot hold; it does not do so three times.
        rates = []
        while len(rates) < 3 and not (rates and 96_000 <= rates[-1] <= 112_000):
            rates.append(search.highest_without_loss(measure, 200_000, 4000).rate)
    finally:
        limited.close()
    assert 96_000 <= rates[-1] <= 112_000, rates


def test_the_search_converges_to_its_resolution():  # BT-03
    for limit in (0, 12_345, 50_000, 987_654, 1_000_000):
        result = search.highest_without_loss(
            lambda rate, limit=limit: ("passed" if rate <= limit else "lost", rate), 1_000_000, 100)
        assert limit - 100 <= result.rate <= limit


def test_an_unconfirmed_rate_is_not_reported():  # CR-10
    result = search.highest_without_loss(
        lambda rate: ("passed" if rate <= 500_000 else "lost", None), 1_000_000, 1000,
        confirm=lambda rate: ("passed" if rate <= 450_000 else "lost", rate))
    assert 430_000 <= result.rate <= 450_000 and result.confirmed == result.rate


def test_a_load_that_was_not_offered_is_invalid(tester):  # CR-09
    outcome = trial(tester, source(10_000, rate=500_000))
    assert load.verdict(outcome, [(500_000, 10_000)]) in ("passed", "offered less than the intended "
                                                          "load")
    late = copy.deepcopy(outcome)
    late["offered"][0]["seconds"] *= 2
    assert load.verdict(late, [(500_000, 10_000)]) == "offered less than the intended load"
    dropped = copy.deepcopy(outcome)
    dropped["offered"][0]["refused"] = 1
    assert load.verdict(dropped, [(500_000, 10_000)]) == "the generator did not send all"


def segments(*rows):
    """Of the receiver: begin, and first, last, missed of the flow, all absolute in microseconds."""
    made = []
    for begin, *times in rows:
        flows = [{"first_ns": 1000 * (times[0] - begin), "last_ns": 1000 * (times[1] - begin),
                  "missed_ns": 1000 * (times[2] - begin) if times[2] else 0}] if times else []
        made.append({"begin_ns": 1000 * begin, "flows": flows})
    return {"ports": [{}, {"segments": [{"begin_ns": 0, "flows": []}, *made]}, {}]}


def judged(*rows):
    delays = delay.Delays()
    delay.judge(segments(*rows), delays)
    return delays


def test_delays_are_those_between_message_and_frame():
    delays = judged((10_000, 10_040, 15_000, 0), (15_000, 15_010, 15_020, 15_030))
    assert delays.join == [40] and delays.last_frame == [20] and delays.leave == [30]


def test_an_invalid_delay_enters_no_mean():  # BT-04, JD-02, LD-01
    still_flows = judged((10_000, 10_040, 15_000, 0), (15_000, 15_010, 19_900, 0),
                         (20_000, 20_010, 25_000, 0), (25_000, 25_010, 25_020, 25_030))
    assert still_flows.join == [40] and sum(still_flows.invalid.values()) == 1
    dead_before_leave = judged((10_000, 10_040, 12_000, 0), (15_000,))
    assert dead_before_leave.leave == [] and len(dead_before_leave.invalid) == 1
    never = judged((10_000,), (15_000,))
    assert never.join == [] and never.leave == [] and len(never.invalid) == 1


def test_a_leave_is_not_over_before_a_frame_failed_to_come():
    delays = judged((10_000, 10_040, 14_990, 15_080), (15_000,))
    assert delays.last_frame == [0] and delays.leave == [80]


def test_the_same_seed_gives_the_same_phases_and_order(tester):  # BT-05
    assert delay.plan(3, 20, seed=5) == delay.plan(3, 20, seed=5) != delay.plan(3, 20, seed=6)

    def watched(seed):
        outcome = trial(tester, source(5, 100_000, groups=100, order="random", seed=seed,
                                       watched=True))
        return [flow["flow"] for flow in outcome["ports"][1]["segments"][0]["flows"]]
    assert watched(5) == watched(5) != watched(6)


def test_a_job_that_makes_no_sense_is_refused(tester):
    for wrong in ({"frame_size": 63}, {"order": "upwards"}, {"port": 9}, {"groups": []},
                  {"address": "10.77.0.256"}):
        with pytest.raises(ValueError, match="refuses"):
            trial(tester, {**source(), **wrong})
    assert found(trial(tester, source())) == {}
