"""What is promised of the minimum-dispersion engine, each with its figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.figures import ratio
from bench.measure import Trial
from bench.ours import KERNEL, PROPOSAL

_ABSOLUTE, _RELATIVE = 1e-9, 1e-6  # years, and of the dispersion
_SHARE = 0.99


@dataclass(frozen=True, slots=True)
class Target:
    """A promise, what was measured, and whether it is kept; None where this run did not measure it."""

    promise: str
    figure: str
    reached: bool | None


@dataclass(frozen=True, slots=True)
class Speed:
    """At least `times` as fast as a peer, at each of these sizes."""

    times: float
    peer: str
    label: str
    least: int
    most: int


SPEEDS = (
    Speed(20, "cvxpy_clarabel", "cvxpy + Clarabel", 10, 200),
    Speed(50, "cvxpy_clarabel", "cvxpy + Clarabel", 1000, 5000),
    Speed(10, "clarabel", "Clarabel direct", 10, 200),
    Speed(40, "clarabel", "Clarabel direct", 1000, 5000),
    Speed(10, "clarabel_written", "Clarabel direct, by hand", 10, 200),
    Speed(40, "clarabel_written", "Clarabel direct, by hand", 1000, 5000),
    Speed(1000, "slsqp", "SLSQP, tuned", 200, 200),
    Speed(1000, "scip", "SCIP, exact", 50, 200),
    Speed(150, "mad", "HiGHS, mean absolute deviation", 50, 200),
)


def targets(trials: Sequence[Trial]) -> list[Target]:
    """Every target over these trials."""
    return [_legal(trials), _never_worse(trials), _proved(trials), *(_speed(trials, speed) for speed in SPEEDS)]


def _legal(trials: Sequence[Trial]) -> Target:
    broken = 0
    for trial in trials:
        judged = [trial.readings[key].given for key in (KERNEL, PROPOSAL)]
        broken += sum(1 if one is None else one.violations for one in judged)
    return Target("No violation of sum, caps, pieces or lots", f"{broken} on {len(trials)} instances", broken == 0)


def _never_worse(trials: Sequence[Trial]) -> Target:
    ours = [(trial, trial.readings[KERNEL].given) for trial in trials]
    behind = [(judged.dispersion - trial.best, trial.tolerance) for trial, judged in ours if judged is not None]
    worse = sum(excess > tolerance for excess, tolerance in behind)
    return Target(
        "Never worse than a legal allocation of any peer, beyond the certified tolerance",
        f"worse on {worse} of {len(behind)}; {max(excess for excess, _ in behind):.1e} years behind at most",
        worse == 0 and len(behind) == len(trials),
    )


def _proved(trials: Sequence[Trial]) -> Target:
    close = [trial.gap <= max(_ABSOLUTE, _RELATIVE * (trial.bound + trial.gap)) for trial in trials]
    share = sum(close) / len(close)
    return Target(
        "Gap to the bound within 1e-9 years or 1e-6 of the dispersion on 99% of the instances",
        f"{share:.1%} of {len(trials)}; largest gap {max(trial.gap for trial in trials):.1e} years",
        share >= _SHARE,
    )


def _speed(trials: Sequence[Trial], speed: Speed) -> Target:
    """Reached only if it is at every size and by both clocks: a busy machine interrupts the longer runs more often."""
    where = f"at {speed.least}" if speed.least == speed.most else f"at {speed.least} to {speed.most}"
    promise = f"{speed.times:,.0f} times as fast as {speed.label} {where} accounts"
    sizes = sorted({t.kind.size for t in trials if speed.least <= t.kind.size <= speed.most})
    found, said = [], []
    for size in sizes:
        these = [trial for trial in trials if trial.kind.size == size]
        kernel, proposal = ratio(these, speed.peer, KERNEL), ratio(these, speed.peer, PROPOSAL)
        processor = ratio(these, speed.peer, KERNEL, processor=True)
        if kernel is not None and proposal is not None and processor is not None:
            found.append(min(kernel, processor))
            said.append(f"{times(kernel)} at {size} ({times(processor)}; {times(proposal)})")
    if not found:
        return Target(promise, "not measured in this run", None)
    return Target(promise, ", ".join(said), all(least >= speed.times for least in found))


def times(value: float) -> str:
    """A ratio for reading: three digits below a thousand, whole above."""
    return f"{value:,.0f}" if value >= 1_000 else f"{value:.3g}"
