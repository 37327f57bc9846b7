# SPDX-License-Identifier: BSD-3-Clause
"""The search for the highest load without loss (RFC 2544 section 26.1, RFC 3918 section 4.3)."""
from dataclasses import dataclass, field


@dataclass
class Found:
    rate: float                    # highest confirmed; 0 when not even the lowest passes
    confirmed: object = None       # the outcome of the confirming trial
    limited_by_generator: bool = False
    trials: list = field(default_factory=list)  # (rate, "passed" | "lost" | reason it was invalid)


def highest_without_loss(measure, top, resolution, confirm=None):
    """Binary search between 0 and `top`, down to `resolution` (frames per second). `measure(rate)`
    gives (verdict, outcome), the verdict "passed", "lost", or why the trial is invalid; then the
    generator could not offer it, and the search goes on below. The rate that is found is confirmed by
    a full-length trial, `confirm(rate)`; one that is not confirmed is never reported (CR-10)."""
    confirm = confirm or measure
    found = Found(0.0)
    low, high = 0.0, top
    invalid_above = False

    def attempt(rate, how):
        verdict, outcome = how(rate)
        found.trials.append((rate, verdict))
        return verdict, outcome

    verdict, _ = attempt(top, measure)
    if verdict == "passed":
        low = top
    invalid_above = verdict not in ("passed", "lost")
    while high - low > resolution:
        rate = (low + high) / 2
        verdict, _ = attempt(rate, measure)
        if verdict == "passed":
            low = rate
        else:
            high = rate
            invalid_above = verdict != "lost"
    rate = low
    while rate > 0:
        verdict, outcome = attempt(rate, confirm)
        if verdict == "passed":
            found.rate, found.confirmed = rate, outcome
            found.limited_by_generator = invalid_above and rate == low
            return found
        invalid_above = False
        rate = max(0.0, rate - max(resolution, rate * 0.03))
    return found
