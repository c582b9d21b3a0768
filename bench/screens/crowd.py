"""Many sessions doing the main job at once, each at the pace of a person in a hurry."""

from __future__ import annotations

import csv
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from random import Random
from time import perf_counter

import yaml

from access.passwords import hash_password
from bench.reading.book import GROUP
from bench.screens.browsing import NotThere, Run, Session
from bench.screens.job import PASSWORD, confirm, for_own, preview, sign_in
from bench.screens.serving import Served
from orders.people import EVERY_GROUP

SESSIONS = (20, 50)
PAUSE = (1.0, 3.0)  # seconds between two steps of one person


@dataclass(frozen=True, slots=True)
class CrowdReading:
    """What all sessions saw. `memory` is in bytes, before the first came and when all had done their jobs."""

    sessions: int
    jobs: int
    done: int
    seconds: float
    memory: tuple[int, int]
    steps: dict[str, list[Run]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


def read_crowd(app: Served, assets: Sequence[str], sessions: int, jobs: int) -> CrowdReading:
    """So many sessions, each doing the job so many times, with a bond of its own each time."""
    steps, faults, lock = dict[str, list[Run]](), list[str](), threading.Lock()
    began, before, done = perf_counter(), app.memory(), 0
    everybody = [Session(app.url) for _ in range(sessions)]

    def work(number: int) -> int:
        session, rng, finished = everybody[number], Random(number), 0  # noqa: S311 - paces, no secrets
        time.sleep(rng.uniform(0, PAUSE[1]))
        for job in range(jobs):
            try:
                for name, run in _job(session, number, assets[number * jobs + job], first=job == 0):
                    with lock:
                        steps.setdefault(name, []).append(run)
                    time.sleep(rng.uniform(*PAUSE))
                finished += 1
            except (NotThere, OSError, TimeoutError) as error:
                with lock:
                    faults.append(str(error))
        return finished

    with ThreadPoolExecutor(sessions) as pool:
        done = sum(pool.map(work, range(sessions)))
    after, seconds = app.memory(), perf_counter() - began
    for session in everybody:
        session.close()
    return CrowdReading(sessions, sessions * jobs, done, seconds, (before, after), steps, faults)


def write_people(book: Path, count: int) -> Path:
    """A group of its own for each of so many people, a share of the accounts, and the user file, in which `pm` sees
    everything; both in the book."""
    with (book / "groups.csv").open(encoding="utf-8", newline="") as file:
        accounts = [row["account"] for row in csv.DictReader(file) if row["group"] == GROUP]
    with (book / "groups.csv").open("a", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows((_own(n % count), account) for n, account in enumerate(accounts if count else ()))
    hashed = hash_password(PASSWORD)
    groups = {"pm": [EVERY_GROUP]} | {f"p{n}": [GROUP, _own(n)] for n in range(count)}
    users = {
        name: {"name": name, "password": hashed, "roles": ["portfolio_manager"], "groups": seen}
        for name, seen in groups.items()
    }
    path = book / "users.yaml"
    path.write_text(yaml.safe_dump({"credentials": {"usernames": users}}), encoding="utf-8")
    return path


def _own(number: int) -> str:
    return f"OWN{number:02}"


def _job(session: Session, number: int, asset: str, first: bool) -> Iterator[tuple[str, Run]]:
    if first:
        yield "sign in", sign_in(session, f"p{number}")
    else:
        session.visit("")
        session.click(f"choose.{GROUP}")
    yield from chain(preview(session, asset), for_own(session, _own(number)), confirm(session))
