"""The results as a page of Markdown."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

from bench.contest import Entrant
from bench.figures import Figures, figures, ratio
from bench.instances import PIECES, WEIGHTINGS
from bench.measure import Trial
from bench.ours import KERNEL, PROPOSAL
from bench.targets import targets, times

_INTRODUCTION = """\
# Minimum dispersion, measured

Written by `make bench`. Every method gets the same instances and places the same total; everybody has one thread, is
warmed up, and takes its turn on each instance, so that ratios are within one run and one instance. A time is the median
of up to five calls.

Instances: NAV lognormal around 700 million (sigma 1.3) within 50 million and 20 billion, the metric before normal
around 5 years with a standard deviation of 0.3 or 0.02, price 60 to 120, spread duration 0.5 to 15 years, face
log-uniform from 1 to 500 million, cash 5% of NAV and less than that for up to 40% of the accounts, lots of 1,000,
minimum pieces of 1,000, 2,000 and 200,000, equal and NAV weights: twelve kinds of each size.
"""

_READING = """\
"Times ours" is a method's time over the kernel's. Excess is dispersion, in years, above the best legal allocation that
any method found. A continuous method knows neither lots nor pieces: its excess "as given" is that of its answer as it
is, which can lie below zero, and its answer is then rounded to whole lots of the same total by largest remainder. A
violation is a missed sum, or an account above its cap, strictly between nothing and the minimum piece, or off the lot;
the excess after rounding is over the answers without one.
"""

_SPEED = """\
## Targets

A speed is the kernel's by the clock; in brackets in processor time, then that of the whole checked proposal. It is
reached if it is at every size and by both: a busy machine interrupts the longer runs more often.
"""


def cpu_model() -> str:
    """The processor's name, as the system tells it."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def report(
    trials: Sequence[Trial], entrants: Sequence[Entrant], spent: tuple[float, float], libraries: Mapping[str, str]
) -> str:
    """The whole page. `spent` is how long the contest took by the clock and in processor time, both in seconds;
    `libraries` are versions by name."""
    sizes = sorted({trial.kind.size for trial in trials})
    parts = [
        _INTRODUCTION,
        _setting(trials, spent, libraries),
        _SPEED,
        _targets(trials),
        "## Who took part\n",
        "\n".join(f"- **{entrant.label}**: {entrant.sentence}" for entrant in entrants) + "\n",
        "## By number of accounts\n",
        _READING,
        *(_by_size(trials, entrants, size) for size in sizes),
        "## The kernel by minimum piece and weights\n",
        "A piece of 1,000 is one lot. Times in ms; parts are those of its branch and bound.\n",
        _by_piece(trials, sizes),
    ]
    return "\n".join(parts)


def _setting(trials: Sequence[Trial], spent: tuple[float, float], libraries: Mapping[str, str]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in libraries.items())
    clock, processor = spent
    return (
        f"{len(trials)} instances in {clock:.0f} seconds on {cpu_model()}, of which it had a processor for "
        f"{processor / clock:.0%}.\nPython {platform.python_version()}, {versions}.\n"
    )


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of Markdown; its first column is text, the others are figures."""
    lines = ["| " + " | ".join(head) + " |", "|---" + "|---:" * (len(head) - 1) + "|"]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)]) + "\n"


def _targets(trials: Sequence[Trial]) -> str:
    verdict = {True: "reached", False: "**missed**", None: "not judged"}
    return table(
        ("target", "measured", ""),
        [(target.promise, target.figure, verdict[target.reached]) for target in targets(trials)],
    )


def _by_size(trials: Sequence[Trial], entrants: Sequence[Entrant], size: int) -> str:
    here = [trial for trial in trials if trial.kind.size == size]
    rows, said = [], [_proved(here)]
    for entrant in entrants:
        found = figures(here, entrant.key)
        if found is None:
            continue
        rows.append(_row(entrant.label, found, ratio(here, entrant.key, KERNEL)))
        if found.notes:
            notes = "; ".join(f"{note} on {count} of {found.count}" for note, count in found.notes.most_common())
            said.append(f"{entrant.label}: {notes}.")
    head = (
        "method", "instances", "median ms", "max ms", "times ours", "excess as given: median", "max", "violations",
        "excess after rounding: median", "max", "violations",
    )  # fmt: skip
    return f"### {size:,} accounts\n\n" + table(head, rows) + "".join(f"\n{line}\n" for line in said)


def _proved(here: Sequence[Trial]) -> str:
    furthest = max(trial.best - trial.bound for trial in here)
    return f"The best known is at most {_years(furthest)} years above the bound that the kernel certifies."


def _row(label: str, found: Figures, slower: float | None) -> tuple[str, ...]:
    given = ("", "", "") if found.excess is None else (*map(_years, found.excess), f"{found.violations:,}")
    legal = ("-", "-") if found.excess_rounded is None else tuple(map(_years, found.excess_rounded))
    broken = f"{found.violations_rounded:,} on {found.broken}" if found.broken else "0"
    after = ("", "", "") if found.excess is None else (*legal, broken)
    shown = "" if slower is None else times(slower)
    return (label, str(found.count), _ms(found.median_ms), _ms(found.max_ms), shown, *given, *after)


def _ms(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _years(value: float) -> str:
    return "0" if abs(value) < 1e-15 else f"{value:.1e}"


def _by_piece(trials: Sequence[Trial], sizes: Sequence[int]) -> str:
    rows = []
    for size in sizes:
        for piece in PIECES:
            for weighting in WEIGHTINGS:
                here = [t for t in trials if (t.kind.size, t.kind.piece, t.kind.weighting) == (size, piece, weighting)]
                if here:
                    rows.append((f"{size:,}", f"{piece:,}", weighting, *_kernel(here)))
    head = (
        "accounts", "piece", "weights", "kernel median", "max", "proposal median", "max", "largest gap, years",
        "most parts", "times cvxpy + Clarabel", "Clarabel direct", "by hand",
    )  # fmt: skip
    return table(head, rows)


def _kernel(here: Sequence[Trial]) -> tuple[str, ...]:
    taken = [[1e3 * trial.readings[key].seconds for trial in here] for key in (KERNEL, PROPOSAL)]
    spent = [_ms(figure) for one in taken for figure in (median(one), max(one))]
    ratios = (ratio(here, peer, KERNEL) for peer in ("cvxpy_clarabel", "clarabel", "clarabel_written"))
    shown = ["" if value is None else times(value) for value in ratios]
    return (*spent, _years(max(t.gap for t in here)), f"{max(t.parts for t in here):,}", *shown)
