"""What the guided demo tells: scenarios on the demo book, each a block to look at and the steps through it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WORDS = "144A"  # which find bonds in pieces of 200,000, whatever the seed of the demo book


@dataclass(frozen=True, slots=True)
class Step:
    """A page, and what to look at on it. With an `engine` the block is typed in for it; with a `plan` the simulated
    Aladdin is in that trouble from here on, "clear" ends it."""

    page: str
    title: str
    says: str
    engine: str = ""
    plan: str = ""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A story, of a buy of the demo book's longest private placement. `decided` leaves the accounts without the metric
    out of it; otherwise that is left to whoever plays."""

    name: str
    about: str
    icon: str
    group: str
    face: int
    steps: Sequence[Step]
    decided: bool = True


_ORDER = Step(
    "orders", "The order",
    "It goes out and fills while you watch: its lines, its fills, and under **Statement** what was frozen before it "
    "was sent, with its hash.",
)  # fmt: skip
# What is told at a step about an order instead, where there is none, or it waits
NOT_CONFIRMED = "Nothing of this story is confirmed, so there is no order to look at. Go **Back**, and **Confirm**."
AWAITS = (
    "It was confirmed, and is not sent: an order of its size waits for somebody else. **Sign out**, and sign in as "
    "`{approver}`: it is under **Approvals**, with the statement that is to be approved and its hash. Once approved it "
    "goes out, and fills."
)

SCENARIOS = (
    Scenario(
        "High dispersion", "Twenty-four accounts that have drifted apart, and one bond to bring them together.",
        ":material/scatter_plot:", "DP-LB-USD", 150_000_000,
        (
            Step("groups", "How far apart they are",
                 "Each dot is an account at its active spread duration. The figure on the card is their dispersion,"
                 " the standard deviation over all of them. Next: a bond to buy."),
            Step("securities", "A long bond",
                 "Terms, figures with their dates, the pieces it trades in, and who of the group holds it. Next: "
                 "the block, as everybody splits it today."),
            Step("allocate", "Pro rata",
                 "150 million split by NAV. Compare **Dispersion before** and **after**: everybody gets their "
                 "share, so the accounts stay as far apart as they were. Next: the same block, allocated to bring "
                 "them together.",
                 engine="pro_rata"),
            Step("allocate", "Minimum dispersion",
                 "The same bond, face and caps. See how much narrower the group ends, and **Proved**: no other "
                 "allocation of this face does better. Each line says why. Press **Confirm** to send it, or go on.",
                 engine="min_dispersion"),
            _ORDER,
        ),
    ),
    Scenario(
        "Short of cash", "A block for sixty accounts, of which a few have next to nothing to spend.",
        ":material/account_balance_wallet:", "PUBLICPRE", 400_000_000,
        (
            Step("groups", "Who has cash",
                 "Sort the table by cash: a handful of accounts has hardly any. What an order may spend is the cash"
                 " on its settlement date, after live orders. Next: a block that is too large for them."),
            Step("allocate", "The caps at work",
                 "Look at the orange diamonds and at **What each cap would bind today**: the poor accounts stop at "
                 "their cash, what they cannot take goes to the others, and nobody is overdrawn. Next: what if cash"
                 " did not count?",
                 engine="pro_rata"),
            Step("allocate", "Try it without",
                 "Under **Rules**, switch *Respect cash* off. The page says whom that overdraws, and a confirmation"
                 " asks for a reason, which the statement keeps. Switch it on again before you go on."),
            _ORDER,
        ),
    ),
    Scenario(
        "Odd lots", "A small block of a bond that trades in pieces of 200,000.",
        ":material/grid_view:", "BIG6", 1_100_000,
        (
            Step("securities", "Its pieces",
                 "**Trades in** says it in words: 200,000 at least, then steps of 1,000. Six accounts want 1.1 "
                 "million. Next: who gets a piece."),
            Step("allocate", "Nobody gets half a piece",
                 "An account gets 200,000 or more, or nothing, and each line says why. What could not be placed "
                 "would be a row with its reason; nothing disappears. Next: the same by another method.",
                 engine="pro_rata"),
            Step("allocate", "Pieces where they help",
                 "Now the pieces go where they bring the accounts together most. Which allocation is best depends "
                 "on who gets a piece at all: that search is exact, and proved.",
                 engine="min_dispersion"),
        ),
    ),
    Scenario(
        "Missing analytics", "Some accounts cannot be measured. A missing figure is missing, never zero.",
        ":material/help_center:", "PUBLICPRE", 100_000_000,
        (
            Step("groups", "What is not known",
                 "The dispersion says over how many accounts it is. The others are last in the table, each with the"
                 " reason: no benchmark, or too much in bonds without figures. Next: a block for all of them."),
            Step("allocate", "Nothing silent",
                 "The accounts that cannot be measured are named, and nothing is allocated until you decide. Tick "
                 "*Leave … accounts out of Active spread duration*: they still get their share, and the dispersion "
                 "says whom it leaves out.",
                 engine="pro_rata"),
        ),
        decided=False,
    ),
    Scenario(
        "Four eyes", "A block so large that a second person must agree before it is sent.",
        ":material/how_to_reg:", "PUBLICPRE", 500_000_000,
        (
            Step("allocate", "Too large for one",
                 "From this size on the demo asks for a second person. Press **Confirm**: the dialog says so, and "
                 "asks for approval instead of sending.",
                 engine="pro_rata"),
            _ORDER,
        ),
    ),
    Scenario(
        "Aladdin in trouble", "Answers that get lost, fills that stop, a server that is down.",
        ":material/cloud_off:", "BIG6", 25_000_000,
        (
            Step("allocate", "A block to send",
                 "Press **Confirm**, and send it. The simulated Aladdin will take the order, and its answer will be"
                 " lost on the way back: the worst moment there is.",
                 engine="pro_rata", plan="lost-answers"),
            Step("orders", "Posted once",
                 "Look at its **History**. The desk does not know whether Aladdin has the order, so it "
                 "looks it up by its reference instead of posting again: there is one order, and it fills."),
            Step("groups", "Aladdin is down",
                 "From now on every call fails. Press **Refresh**: what is still kept is shown with its age, what is "
                 "not says so with a reference for support, the badges say what is wrong, and nothing can be "
                 "confirmed on figures that cannot be checked.",
                 plan="down"),
            Step("groups", "And back again",
                 "It answers again. Within half a minute the badge is green, without a restart: press **Refresh**.",
                 plan="clear"),
        ),
    ),
)  # fmt: skip
