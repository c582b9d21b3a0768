"""A made-up book of any size as CSV files, the same for the same sizes: bonds, accounts that hold them, one group."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from itertools import islice, product
from pathlib import Path
from random import Random

from stdnum import cusip as cusips
from stdnum import isin as isins

AS_OF = date(2026, 11, 20)
GROUP = "WHOLE"
BENCHMARKS = 5
_SYLLABLES = ("ba", "cor", "del", "fin", "gra", "hol", "jun", "kel", "lor", "mer", "nor", "pas", "quin", "ros", "sten",
              "tor", "val", "wex", "yor", "zan")  # fmt: skip
_KINDS = ("Corp", "Group Inc", "Holdings plc", "Financial Corp", "Energy Partners", "Bank NA", "Capital LLC")
_BONDS_AN_ISSUER = 12
_ISSUER_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"


def bonds(count: int) -> list[dict[str, str]]:
    """So many bonds as rows of securities.csv, a dozen to an issuer, with sound CUSIPs and ISINs."""
    rng = Random(count)  # noqa: S311 - a reproducible example, not a secret
    issuers = list(islice(_issuers(rng), -(-count // _BONDS_AN_ISSUER)))
    return [_bond(rng, n, *issuers[n // _BONDS_AN_ISSUER]) for n in range(count)]


def _issuers(rng: Random) -> Iterator[tuple[str, str]]:
    """Tickers and names, no two alike."""
    words = ["".join(parts).capitalize() for parts in product(_SYLLABLES, repeat=3)]
    rng.shuffle(words)
    for n, word in enumerate(words):
        ticker = word[:1].upper() + "".join(
            _ISSUER_LETTERS[n // len(_ISSUER_LETTERS) ** place % len(_ISSUER_LETTERS)] for place in range(3)
        )
        yield ticker, f"{word} {rng.choice(_KINDS)}"


def _bond(rng: Random, number: int, ticker: str, issuer: str) -> dict[str, str]:
    body = f"{number:06}{rng.randrange(10, 99)}"
    cusip = body + cusips.calc_check_digit(body)
    coupon = Decimal(rng.randrange(8, 72)) / 8
    maturity = AS_OF + timedelta(days=rng.randrange(400, 11_000))
    duration = round(rng.uniform(0.5, 15), 4)
    return {
        "asset_id": cusip,
        "cusip": cusip,
        "isin": isins.from_natid("US", cusip),
        "ticker": ticker,
        "description": f"{ticker} {coupon} {maturity:%m/%d/%y}",
        "issuer": issuer,
        "sector": rng.choice(("Banking", "Energy", "Utility", "Technology")),
        "asset_class": "Corporate",
        "rating": rng.choice(("AA", "A", "BBB")),
        "currency": "USD",
        "country": "US",
        "coupon": str(coupon),
        "coupon_frequency": "2",
        "maturity": maturity.isoformat(),
        "price": str(round(Decimal(rng.uniform(70, 120)), 4)),
        "accrued": str(round(Decimal(rng.uniform(0, 3)), 4)),
        "duration": str(duration),
        "spread_duration": str(round(duration * 0.97, 4)),
        "oas": str(rng.randrange(20, 400)),
        "yield_to_maturity": "",
        "min_piece": "2000",
        "increment": "1000",
    }


def write_book(folder: Path, accounts: int, positions: int) -> Path:
    """A folder with a book of one group whose accounts hold `positions` in all, in a tenth as many bonds."""
    folder.mkdir(parents=True)
    rng = Random(accounts)  # noqa: S311
    securities = bonds(max(positions // 10, positions // accounts))
    held = [
        {"account": f"ACC{n % accounts:03}", "asset_id": s["asset_id"], "face": str(face), "market_value": str(value)}
        for n, s in enumerate(_dealt(rng, securities, accounts, positions))
        for face in [1000 * rng.randrange(10, 5000)]
        for value in [round(face * Decimal(s["price"]) / 100, 2)]
    ]
    names = [f"ACC{n:03}" for n in range(accounts)]
    (folder / "book.toml").write_text(
        f'name = "{accounts} accounts"\nas_of = {AS_OF.isoformat()}\ncurrency = "USD"\n', encoding="utf-8"
    )
    _write(folder / "securities.csv", securities)
    _write(folder / "positions.csv", held)
    _write(
        folder / "accounts.csv",
        [
            {"account": name, "name": f"Fund {name}", "currency": "USD", "nav": "1000000000", "cash": "25000000",
             "benchmark": f"IDX{n % BENCHMARKS}"}
            for n, name in enumerate(names)
        ],
    )  # fmt: skip
    _write(folder / "groups.csv", [{"group": GROUP, "account": name} for name in names])
    _write(
        folder / "benchmarks.csv",
        [
            {"benchmark": f"IDX{n}", "name": f"Index {n}", "duration": "6", "spread_duration": "5.9", "oas": "90"}
            for n in range(BENCHMARKS)
        ],
    )
    return folder


def _dealt(rng: Random, securities: list[dict[str, str]], accounts: int, positions: int) -> Iterator[dict[str, str]]:
    """The n-th position's bond: account n modulo `accounts` never holds one twice."""
    hands = [rng.sample(securities, -(-positions // accounts)) for _ in range(accounts)]
    return (hands[n % accounts][n // accounts] for n in range(positions))


def _write(path: Path, rows: Iterable[Mapping[str, str]]) -> None:
    written = list(rows)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(written[0]))
        writer.writeheader()
        writer.writerows(written)
