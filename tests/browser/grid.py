"""The grids of the screens, which are drawn on a canvas, used as one does without a mouse: by keyboard, and by the
table that they keep for those who hear the page. Widths, heights and places on the screen do not matter."""

from __future__ import annotations

from dataclasses import dataclass

from playwright.sync_api import Locator, Page, TimeoutError, expect

STEPS = 400  # more cells than any way through a grid of ours has
TRIES = 5
SOON = 2_000  # milliseconds a key may take to show
PACE = 40  # milliseconds between two keys of a quick typist: sooner, the grid may drop the edit
IDLE = '[data-testid="stApp"][data-test-script-state="notRunning"]'
SELECTED = "canvas td[aria-selected=true]:focus"  # with the keyboard, as what is announced lags behind


@dataclass(frozen=True)
class Place:
    """Where a cell is, counted from 0, as the grid's table has it."""

    column: int
    row: int

    @property
    def cell(self) -> str:
        return f"glide-cell-{self.column}-{self.row}"


class Grid:
    """One grid of a page, by the text it is announced with."""

    def __init__(self, page: Page, alt: str) -> None:
        self._page = page
        self._box = page.get_by_test_id("stDataFrame").filter(has=page.get_by_label(alt, exact=True)).first

    def open(self, row: str | int, column: str) -> Locator:
        """Go to a cell and open it: the field to type into. A page that is drawn anew meanwhile shuts it, so it is
        opened again until it stays. A row is named by the text in its first column, or counted from 1."""
        field = self._page.locator(".gdg-input")
        for _ in range(TRIES):
            self.go_to(row, column)
            self._page.keyboard.press("Enter")
            try:
                expect(field).to_be_editable(timeout=SOON)
            except AssertionError:
                self._page.keyboard.press("Escape")
                continue
            return field
        raise AssertionError(f"the cell {row}, {column} does not open: it is {self.go_to(row, column)}")

    def type(self, row: str | int, column: str, text: str) -> None:
        """Type over a cell, and wait until the page has taken it in."""
        for _ in range(TRIES):
            self.enter(row, column, text)
            place = self._place(row, column)
            try:
                if place is not None:
                    expect(self._cell(place)).to_have_text(text, timeout=SOON)
                    break
            except AssertionError:
                continue
        else:
            shown = None if place is None else self._cell(place).text_content()
            raise AssertionError(f"{text!r} is not taken in by the cell {row}, {column}: it shows {shown!r}")
        self._page.wait_for_timeout(300)  # the run that an input starts begins a moment later
        self._page.wait_for_selector(IDLE)

    def enter(self, row: str | int, column: str, text: str) -> None:
        """Type over a cell that may come to show it written otherwise."""
        field = self.open(row, column)
        for key in ("ControlOrMeta+a", "Delete", *text, "Enter"):
            field.press(key)
            self._page.wait_for_timeout(PACE)

    def column(self, name: str) -> list[str]:
        """The cells of a column that are in sight, from the top, as they are announced."""
        self._box.locator("canvas td").first.wait_for(state="attached")
        found: list[str] = self._box.evaluate(
            """(grid, name) => {
                const head = [...grid.querySelectorAll('canvas th')]
                    .find(each => each.textContent.replace('\\u061c', '') === name)
                const cells = `canvas tbody td[aria-colindex="${head?.getAttribute('aria-colindex')}"]`
                return [...grid.querySelectorAll(cells)].map(each => each.textContent)
            }""",
            name,
        )
        return found

    def go_to(self, row: str | int, column: str) -> Place:
        """Make a cell the selected one, with arrow keys; AssertionError when there is none such."""
        self._enter()
        for _ in range(STEPS):
            here, there = self._selected(), self._place(row, column)
            if here is None:
                self._enter()
            elif there == here:
                return here
            else:
                self._step(here, there)
        raise AssertionError(f"no cell {row}, {column}: the columns in sight are {self.columns()}")

    def _enter(self) -> None:
        """Give the keyboard to the grid. It selects its first cell when none is."""
        self._box.scroll_into_view_if_needed()
        cell = self._box.locator("canvas td").first
        cell.wait_for(state="attached")
        for _ in range(TRIES):  # a page that is drawn anew meanwhile, its charts too, takes the keyboard away again
            cell.evaluate("cell => cell.focus()")
            try:
                self._box.locator(SELECTED).wait_for(state="attached", timeout=SOON)
            except TimeoutError:
                continue
            return
        raise AssertionError("the grid does not take the keyboard")

    def _step(self, here: Place, there: Place | None) -> None:
        """One key towards a cell; to the right and on to the next row as long as it is not in sight."""
        if there is None:
            key = "ArrowRight"
        elif there.row != here.row:
            key = "ArrowDown" if there.row > here.row else "ArrowUp"
        else:
            key = "ArrowRight" if there.column > here.column else "ArrowLeft"
        self._page.keyboard.press(key)
        try:
            self._page.wait_for_function(
                "([grid, selected, was]) => (grid.querySelector(selected) || {id: was}).id !== was",
                arg=[self._box.element_handle(), SELECTED, here.cell],
                timeout=SOON,
            )
        except TimeoutError:
            if there is None:
                raise AssertionError(f"no such column: the last ones are {self.columns()}") from None

    def _selected(self) -> Place | None:
        found = self._box.locator(SELECTED)
        if not found.count():
            return None
        _, _, column, row = (found.get_attribute("id") or "").split("-")
        return Place(int(column), int(row))

    def columns(self) -> list[str]:
        """The heads of the columns that are in sight."""
        return self._box.locator("canvas th").all_text_contents()

    def _place(self, row: str | int, column: str) -> Place | None:
        """Where a cell is; None while it is out of sight."""
        found: list[int] | None = self._box.evaluate(
            """(grid, [row, column]) => {
                const head = [...grid.querySelectorAll('canvas th')]
                    .find(each => each.textContent.replace('\\u061c', '') === column)
                if (!head) return null
                const index = head.getAttribute('aria-colindex')
                const line = [...grid.querySelectorAll('canvas tbody tr')].find((each) => typeof row === 'number'
                    ? each.getAttribute('aria-rowindex') == row + 1
                    : each.querySelector('td')?.textContent === row)
                const cell = line?.querySelector(`td[aria-colindex="${index}"]`)
                return cell ? cell.id.split('-').slice(2).map(Number) : null
            }""",
            [row, column],
        )
        return None if found is None else Place(*found)

    def _cell(self, place: Place) -> Locator:
        return self._box.get_by_test_id(place.cell)
