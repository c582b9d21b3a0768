"""What a person does at the screens, one step a function. Things are found by role, label and sentence, and named here
alone: a label that changes is changed here."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Literal

from playwright.sync_api import Browser, Locator, Page, TimeoutError, expect

from tests.browser.grid import IDLE, SOON, Grid
from tests.browser.server import ROOT

SHOTS = ROOT / "build" / "screenshots"
PATIENCE = 45_000  # milliseconds for what a busy machine is slow with

Theme = Literal["light", "dark"]
Label = str | re.Pattern[str]

ASKS = "what each account is to get, a row per account"  # grids, by what they are announced as
LINES = "the allocation, a row per account"
SENT = "what will be sent"
COMPARED = "a row for each engine"
ORDER = re.compile(r"/orders\?order=EL-")  # the address of an order's page
METHODS = {  # the label of each engine, and how the sentence about it begins
    "pro_rata": ("Pro rata", "Each account in proportion to its size"),
    "equal": ("Equal", "The same face to every account"),
    "min_dispersion": ("Minimum dispersion", ""),
    "to_target": ("To target", "Closes each account's gap"),
    "custom": ("Custom", "What you ask for each account"),
}


# -- coming in ---------------------------------------------------------------------------------------------------------


def window(
    browser: Browser, url: str, width: int = 1440, height: int = 1100, theme: Theme = "light", still: bool = False
) -> Page:
    """A browser of one person's own, at an address. Close its context at the end."""
    expect.set_options(timeout=PATIENCE)
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=theme,
        reduced_motion="reduce" if still else "no-preference",
    )
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto(url)
    return page


def sign_in(page: Page, name: str, password: str = "", at: Label = "Groups") -> None:
    """Sign in at the form, and wait for the page of this heading and for the cookie, by which other windows and
    addresses know who is there."""
    field(page, "Username").wait_for()
    idle(page)
    field(page, "Username").fill(name)
    field(page, "Password").fill(password or f"{name}-demo")
    page.get_by_role("button", name="Sign in").click()
    heading(page, at)
    remembered(page)


def remembered(page: Page) -> None:
    """Wait for the cookie. Its coming runs the page anew, and a click just before that could be lost."""
    for _ in range(100):
        if any(cookie["name"] == "evenlot" for cookie in page.context.cookies()):
            break
        page.wait_for_timeout(100)
    settle(page)


def sign_out(page: Page) -> None:
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


# -- anywhere ----------------------------------------------------------------------------------------------------------


def idle(page: Page) -> None:
    """Wait until the page's script has run."""
    page.wait_for_selector(IDLE)


def settle(page: Page, pause: int = 300) -> None:
    """Wait for the run that an input starts, which begins a moment later."""
    page.wait_for_timeout(pause)
    idle(page)


def settled(page: Page) -> None:
    """Wait for what a run draws as well."""
    settle(page, 700)
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)  # what stands for a chart while it loads
    page.wait_for_timeout(300)


def heading(page: Page, name: Label) -> None:
    """Wait for the page of this heading."""
    expect(page.get_by_role("heading", name=name, exact=isinstance(name, str)).first).to_be_visible()


def go_to(page: Page, name: str) -> None:
    """Another page, by the menu."""
    page.get_by_test_id("stSidebarNav").get_by_role("link", name=name, exact=True).click()
    settle(page)


def next_step(page: Page, label: Label) -> None:
    """The button at the foot of the page that goes on."""
    page.get_by_test_id("stBottomBlockContainer").get_by_role("button", name=label).click()


def field(page: Page, label: str) -> Locator:
    return page.get_by_role("textbox", name=label, exact=True)


def type_into(page: Page, label: str, text: str) -> None:
    """Type into a field of this label, and leave it by Enter."""
    box = page.locator(f'input[aria-label="{label}"]')
    box.fill(text)
    box.press("Enter")
    settle(page)


def metric(page: Page, label: str) -> str:
    """The value under a label of `st.metric`."""
    return figure(page, label).inner_text()


def figure(page: Page, label: str) -> Locator:
    named = page.get_by_test_id("stMetric").filter(has=page.get_by_text(label, exact=True))
    return named.get_by_test_id("stMetricValue")


def said(page: Page, sentence: Label) -> None:
    """Wait for a sentence, or a part of it."""
    expect(page.get_by_text(sentence).first).to_be_visible()


def shot(page: Page, name: str) -> None:
    """A picture of all of the page."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}.png", full_page=True)


# -- from a group to a block -------------------------------------------------------------------------------------------


def choose(page: Page, group: str) -> None:
    """Choose a group, unless its user had chosen it before: that outlasts the window it was done in."""
    idle(page)
    button = page.locator(f".st-key-choose-{group} button")
    if button.is_enabled():
        button.click()
    said(page, f"{group} is chosen.")


def find(page: Page, bond: str) -> None:
    """From the groups to the card of a bond, by its label or CUSIP."""
    next_step(page, "Find a bond")
    heading(page, "Securities")
    search(page, bond)


def search(page: Page, text: str) -> None:
    """Take the bond that a text means, the first where it means several."""
    type_into(page, "Find a bond", text)
    taken = page.get_by_test_id("stBottomBlockContainer").get_by_role("button", name=re.compile("^Allocate"))
    with suppress(TimeoutError):
        taken.wait_for(timeout=SOON)
    if not taken.count():  # that Enter showed what there is, and this one takes the first of it
        page.locator('input[aria-label="Find a bond"]').press("Enter")
    taken.wait_for()


def to_allocate(page: Page, group: str, bond: str) -> None:
    """From the groups to the block of a bond."""
    choose(page, group)
    find(page, bond)
    next_step(page, re.compile("^Allocate"))
    expect(field(page, "Face")).to_be_visible()
    idle(page)


def side(page: Page, name: str) -> None:
    page.get_by_test_id("stButtonGroup").get_by_text(name, exact=True).click()
    settle(page, 500)


def face(page: Page, text: str) -> None:
    """Type a face, and wait for what comes of it."""
    type_into(page, "Face", text)


def limit(page: Page, price: str) -> None:
    box = page.get_by_role("textbox", name=re.compile("^Limit, per 100"))
    box.fill(price)
    box.press("Enter")
    settle(page)


def method(page: Page, engine: str) -> None:
    label, sentence = METHODS[engine]
    page.get_by_test_id("stButtonGroup").get_by_text(label, exact=True).click()
    if sentence:
        said(page, sentence)
    settle(page, 500)


def judged_by(page: Page, metric: str) -> None:
    page.get_by_test_id("stButtonGroup").get_by_text(metric, exact=True).click()
    settle(page, 500)


def cell(page: Page, account: str, column: str, text: str) -> None:
    """Type into the table of accounts, which is shown where it is folded away."""
    grid = page.get_by_label(ASKS, exact=True)
    if not grid.count() or not grid.first.is_visible():
        page.get_by_text(re.compile("^Per account:")).click()
        settle(page)
    Grid(page, ASKS).type(account, column, text)


def lock(page: Page, account: str, face: str) -> None:
    """Fix a line by hand: a face typed into the allocation itself."""
    Grid(page, LINES).enter(account, "Face", face)
    settle(page, 500)


def free(page: Page) -> None:
    """Undo that, for every line."""
    page.get_by_role("button", name="Free all").click()
    settle(page)


def line(page: Page, account: str) -> Locator:
    """An account's row of the allocation, as those hear it who do not see it."""
    grid = page.get_by_test_id("stDataFrame").filter(has=page.get_by_label(LINES, exact=True)).first
    return grid.locator("canvas tbody tr").filter(has_text=account)


def filled_in(page: Page) -> None:
    """Wait until cells of the table of accounts count as filled in."""
    said(page, re.compile("^Per account: .* filled in$"))


def dispersions(page: Page, after: str) -> str:
    """The dispersion before and after, once it is `after`."""
    both = page.get_by_test_id("stMetric").filter(has=page.get_by_text(re.compile("^Dispersion .*after$")))
    expect(both.get_by_test_id("stMetricValue")).to_have_text(re.compile(f"{re.escape(after)}$"))
    shown = page.get_by_test_id("stMetric").filter(has=page.get_by_text(re.compile("^Dispersion ")))
    return " → ".join(shown.get_by_test_id("stMetricValue").all_inner_texts())


def rule(page: Page, label: str) -> None:
    """Switch one of the rules around every engine."""
    page.get_by_role("button", name="Rules").click()
    page.get_by_text(label, exact=True).click()
    settle(page)
    page.keyboard.press("Escape")


def touched(page: Page, accounts: str) -> None:
    """The preview comes to touch so many accounts: the run that makes it may begin late on a busy machine."""
    expect(figure(page, "Accounts touched")).to_have_text(accounts)


def previewed(page: Page) -> None:
    """Wait for the preview."""
    expect(figure(page, "Placed")).to_be_visible()
    idle(page)


# -- confirming and deciding -------------------------------------------------------------------------------------------


def dialog(page: Page) -> Locator:
    return page.get_by_role("dialog")


def open_confirmation(page: Page, reason: str = "Known, and meant") -> Locator:
    """Open the dialog that confirms, and say of each warning why it does not matter."""
    next_step(page, "Confirm…")
    expect(dialog(page).get_by_text("The allocation is frozen and stored first.")).to_be_visible()
    idle(page)
    accept_warnings(page, reason)
    return dialog(page)


def accept_warnings(page: Page, reason: str = "Known, and meant") -> None:
    """Say in the dialog that is open why each warning does not matter."""
    reasons = dialog(page).locator('input[aria-label^="Warning"]')
    for place in range(reasons.count()):
        reasons.nth(place).fill(reason)
        reasons.nth(place).press("Enter")
        settle(page)


def confirm(page: Page, button: Label = "Confirm and send") -> str:
    """Confirm what the open dialog shows, and wait for the page of the order, whose id is returned."""
    dialog(page).get_by_role("button", name=button).click()
    page.wait_for_url(ORDER)
    return order_of(page)


def order_of(page: Page) -> str:
    """The id of the order that is open."""
    return page.url.split("order=")[1]


def state(page: Page, word: Label, seconds: float = PATIENCE / 1000) -> None:
    """Wait until the order that is open is in this state."""
    shown = page.get_by_test_id("stMetricValue").filter(has_text=word)
    expect(shown.first).to_be_visible(timeout=1000 * seconds)


def decide(page: Page, label: str) -> Locator:
    """Open the dialog of a decision about the order that is open."""
    page.get_by_role("button", name=f"{label}…").click()
    expect(dialog(page)).to_be_visible()
    return dialog(page)


def give_reason(page: Page, text: str) -> None:
    box = dialog(page).get_by_role("textbox", name="Reason (required)")
    box.fill(text)
    box.press("Tab")
    settle(page)
