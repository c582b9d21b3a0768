"""`python -m bench [allocation|reading|storing|life|screens]`: measures all or one part, prints it, and writes it to
docs/benchmarks.md."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from time import perf_counter, process_time

from bench import threads

LIBRARIES = ("numpy", "scipy", "cvxpy", "clarabel", "osqp", "pyscipopt")
PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"


def main() -> int:
    """Run; 0 when the page is printed, whether or not the targets are reached: they are its content."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("part", nargs="?", choices=tuple(PARTS), help="this part alone (default all)")
    parser.add_argument("--quick", action="store_true", help="under a minute; printed, and written only with --out")
    parser.add_argument("--out", type=Path, help="where to write the page (default docs/benchmarks.md)")
    chosen = parser.parse_args()
    threads.hold_to_one()
    out = chosen.out or (None if chosen.quick else PAGE)
    for name, measured in PARTS.items():
        if chosen.part not in (None, name):
            continue
        section = measured(chosen.quick)
        sys.stdout.write(section)
        if out is not None:
            page = out.read_text(encoding="utf-8") if out.exists() else ""
            out.write_text(placed(page, section), encoding="utf-8")
            _say(f"written to {out}")
    return 0


def placed(page: str, section: str) -> str:
    """The page with this section in place of the one with the same first line, or at its end. A section begins with a
    heading of the first order."""
    sections = [part.rstrip() + "\n" for part in re.split(r"^(?=# )", page, flags=re.MULTILINE) if part.strip()]
    heading = section.partition("\n")[0]
    headings = [part.partition("\n")[0] for part in sections]
    if heading in headings:
        sections[headings.index(heading)] = section.rstrip() + "\n"
    else:
        sections.append(section.rstrip() + "\n")
    return "\n".join(sections)


def _allocation(quick: bool) -> str:
    # only now: these import numpy, which reads the number of threads
    from bench.entrants import FULL, QUICK, everybody
    from bench.measure import contest
    from bench.report import report

    start, used = perf_counter(), process_time()
    entrants = everybody(quick)
    trials = list(contest(entrants, tuple(QUICK if quick else FULL), _say))
    spent = perf_counter() - start, process_time() - used
    return report(trials, entrants, spent, {name: version(name) for name in LIBRARIES})


def _reading(quick: bool) -> str:
    from bench.reading.report import reading_report

    return reading_report(quick, _say)


def _storing(quick: bool) -> str:
    from bench.storing.report import SIZES, section

    return section(SIZES[:1] if quick else SIZES, _say)


def _life(quick: bool) -> str:
    from bench.life.report import section

    return section(quick, _say)


def _screens(quick: bool) -> str:
    from bench.screens.report import section

    return section(quick, _say)


PARTS: dict[str, Callable[[bool], str]] = {
    "allocation": _allocation,
    "reading": _reading,
    "storing": _storing,
    "life": _life,
    "screens": _screens,
}


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
