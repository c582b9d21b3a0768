"""What is counted while the desk works, in Prometheus's terms; `/metrics` gives all of it (`docs/operations.md`)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import Counter, Histogram

_QUICK = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)  # seconds
_CALLS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60)
_GAPS = (0.0, 1e-9, 1e-6, 1e-4, 1e-3, 0.01, 0.1, 1.0)

PREVIEWS = Counter("evenlot_previews", "Allocations worked out to be looked at", ["engine"])
ALLOCATION_SECONDS = Histogram("evenlot_allocation_seconds", "Time an engine took", ["engine"], buckets=_QUICK)
GAP = Histogram(
    "evenlot_gap_ratio", "Dispersion above its proved bound, as a share of the dispersion", ["engine"], buckets=_GAPS
)
CONFIRMATIONS = Counter("evenlot_confirmations", "Allocations confirmed, by the state their order began in", ["state"])
CONFIRMATIONS_MOVED = Counter("evenlot_confirmations_moved", "Confirmations refused because the figures had moved")

ALADDIN_CALLS = Counter("evenlot_aladdin_calls", "Calls to Aladdin by what was answered", ["operation", "status"])
ALADDIN_SECONDS = Histogram("evenlot_aladdin_seconds", "Time of a call to Aladdin", ["operation"], buckets=_CALLS)
ALADDIN_RETRIES = Counter("evenlot_aladdin_retries", "Reads of Aladdin that were tried again")
ALADDIN_ERRORS = Counter("evenlot_aladdin_errors", "Reads and writes that failed for good, by what they met", ["kind"])
ALADDIN_NOT_MADE = Counter("evenlot_aladdin_calls_not_made", "Calls not made while their circuit was open", ["api"])
CACHE = Counter("evenlot_cache", "Reads of Aladdin by where the answer came from", ["resource", "source"])

COMMITS = Counter("evenlot_ledger_commits", "Commands written to the ledger", ["action"])
COMMIT_SECONDS = Histogram("evenlot_ledger_commit_seconds", "Time of a ledger command, waits included", buckets=_QUICK)

SIGN_INS = Counter("evenlot_sign_ins", "Attempts to sign in", ["outcome"])


@contextmanager
def timed(histogram: Histogram) -> Iterator[None]:
    """Count how long what is within took, where it did not fail."""
    started = time.perf_counter()
    yield
    histogram.observe(time.perf_counter() - started)
