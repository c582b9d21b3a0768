"""A small book in a folder, to be read as it is or after a change to one of its files."""

from __future__ import annotations

import csv
import io
from pathlib import Path

FILES = {
    "book.toml": 'name = "Small book"\nas_of = 2025-09-12\ncurrency = "USD"\n',
    "accounts.csv": (
        "account,name,currency,nav,cash,benchmark\n"
        "ALPHA,Alpha Fund,USD,10000000,250000,CREDIT\n"
        "BRAVO,Bravo Fund,USD,5000000.50,-1000,\n"
    ),
    "groups.csv": "group,account\nALL,ALPHA\nALL,BRAVO\nONE,ALPHA\n",
    "benchmarks.csv": "benchmark,name,duration,spread_duration,oas\nCREDIT,US Credit,6.8,6.6,82\n",
    "securities.csv": (
        "asset_id,cusip,isin,sedol,ticker,description,issuer,sector,asset_class,rating,currency,country,coupon,"
        "coupon_frequency,day_count,maturity,price,accrued,factor,is_144a,duration,spread_duration,oas,"
        "yield_to_maturity,analytics_date,min_piece,increment\n"
        "TSY,91282CLW9,US91282CLW90,,T,US TREASURY N/B 4.25 11/15/34,United States Treasury,Treasury,US Treasury,AA+,"
        "USD,US,4.25,2,ACT/ACT,2034-11-15,101.5,,,no,7.4,0,-1.5,4.05,2025-09-11,100,100\n"
        "CORP,,,,ACME,\"ACME 5 03/15/30, senior\",Acme Inc,Industrial,Corporate,BBB,"
        "USD,US,5,2,30/360,2030-03-15,99.25,2.4,0.5,yes,3.9,3.9,110,5.18,,200000,1000\n"
        "BILL,,,,,Bill,United States Treasury,Treasury,Bill,,USD,US,0,,,2026-01-08,98.7,,,,0.3,0,,,,100,100\n"
        "LOAN,,,,,Private loan,Acme Inc,Industrial,Private,,USD,US,,,,,,,,,,,,,,1000,1000\n"
    ),
    "positions.csv": (
        "account,asset_id,face,market_value\n"
        "ALPHA,TSY,4000000,4060000\n"
        "ALPHA,CORP,2000000,992500\n"
        "BRAVO,TSY,1234.56,1253.08\n"
        "BRAVO,LOAN,5000,5000\n"
    ),
}  # fmt: skip


def small_book(folder: Path, **changed: str) -> Path:
    """Writes the book to `folder`; `changed` replaces a file's text by its name without the ending."""
    folder.mkdir(exist_ok=True)
    for name, text in FILES.items():
        (folder / name).write_text(changed.get(name.split(".")[0], text), encoding="utf-8", newline="")
    return folder


def with_cell(name: str, line: int, column: str, value: str) -> str:
    """The file's text with one cell set. `line` counts from 1, the header."""
    rows = list(csv.reader(io.StringIO(FILES[name], newline="")))
    rows[line - 1][rows[0].index(column)] = value
    return text_of(rows)


def without_column(name: str, column: str) -> str:
    """The file's text with one column taken out."""
    rows = list(csv.reader(io.StringIO(FILES[name], newline="")))
    at = rows[0].index(column)
    return text_of([row[:at] + row[at + 1 :] for row in rows])


def text_of(rows: list[list[str]]) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()
