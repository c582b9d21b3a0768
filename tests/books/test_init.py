"""The one door to a book."""

from __future__ import annotations

from pathlib import Path

import pytest

from books import BookError, open_book
from tests.books.folder import small_book


def test_a_source_names_the_demo_book_a_seed_or_a_folder(tmp_path: Path) -> None:
    assert open_book("demo").id == "demo:7"
    assert open_book("demo:3").id == "demo:3"
    assert open_book(str(small_book(tmp_path))).name == "Small book"
    for wrong in ("demo:", "demo:x", "demo:-1"):
        with pytest.raises(BookError, match="whole number"):
            open_book(wrong)
