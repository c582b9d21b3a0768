"""Books as data: the generated demo book, or one read from CSV files. A leaf: it imports nothing else of the house."""

from __future__ import annotations

from pathlib import Path

from books.csv_book import read_book
from books.faults import BookError, Fault
from books.model import Book

__all__ = ["Book", "BookError", "Fault", "demo_book", "open_book", "read_book"]


def demo_book(seed: int = 7) -> Book:
    """The generated book of the demo."""
    # Here, not above: what makes it takes long to import, and neither the app nor a book of files needs it.
    from books.demo import demo_book as made

    return made(seed)


def open_book(source: str) -> Book:
    """The book a source names: "demo", "demo:<seed>" with a whole seed, or the path of a folder of CSV files.

    Raises BookError when the seed is not a whole number or the folder's book has faults.
    """
    name, colon, seed = source.partition(":")
    if name != "demo":
        return read_book(Path(source))
    if not colon:
        return demo_book()
    if not seed.isdecimal():
        raise BookError(source, [Fault(source, 0, "", f"the seed '{seed}'", "a whole number, as in demo:7")])
    return demo_book(int(seed))
