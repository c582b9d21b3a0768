"""`python -m bench`: runs the contest, prints the page and writes it to docs/benchmarks.md."""

from __future__ import annotations

import argparse
import sys
from importlib.metadata import version
from pathlib import Path
from time import perf_counter, process_time

from bench import threads

LIBRARIES = ("numpy", "scipy", "cvxpy", "clarabel", "osqp", "pyscipopt")
PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"


def main() -> int:
    """Run; 0 when the page is printed, whether or not the targets are reached: they are its content."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under a minute; printed, and written only with --out")
    parser.add_argument("--out", type=Path, help="where to write the page (default docs/benchmarks.md)")
    chosen = parser.parse_args()
    threads.hold_to_one()
    # only now: these import numpy, which reads the number of threads
    from bench.entrants import FULL, QUICK, everybody
    from bench.measure import contest
    from bench.report import report
    from bench.storing import kept_section

    start, used = perf_counter(), process_time()
    entrants = everybody(chosen.quick)
    trials = list(contest(entrants, tuple(QUICK if chosen.quick else FULL), _say))
    spent = perf_counter() - start, process_time() - used
    page = report(trials, entrants, spent, {name: version(name) for name in LIBRARIES})
    sys.stdout.write(page)
    out = chosen.out or (None if chosen.quick else PAGE)
    if out is not None:
        out.write_text(page + kept_section(out), encoding="utf-8")
        _say(f"written to {out}")
    return 0


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
