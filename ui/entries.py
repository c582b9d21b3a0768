"""The engines of a comparison: each as it was set on the allocate page, and variants that ask for nothing more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from allocation.engines import ENGINES
from allocation.engines.options import Choice
from allocation.model import Account, Bond
from orders.comparing import Entry
from orders.desk import Request
from ui import method
from ui.columns import About


@dataclass(frozen=True, slots=True)
class Field:
    """The engines of a comparison, and those that cannot take part for what was typed for them."""

    entries: tuple[Entry, ...]
    faults: Mapping[str, str]  # engine -> what cannot be read


def field(request: Request, bond: Bond, accounts: Sequence[Account], added: Sequence[str] = ()) -> Field:
    """Every engine with what was chosen and typed for it, each followed by those of its variants that are `added`."""
    entries, faults = list[Entry](), dict[str, str]()
    offered = variants(request)
    for name in ENGINES:
        given, unread = typed(request, bond, accounts, name)
        if unread:
            faults[name] = " ".join(unread)
        else:
            entries.append(Entry(name, given))
        own = [offered[label] for label in added if label in offered and offered[label].engine == name]
        entries += [entry for entry in own if entry not in entries]
    return Field(tuple(entries), faults)


def typed(
    request: Request, bond: Bond, accounts: Sequence[Account], name: str
) -> tuple[dict[str, object], Sequence[str]]:
    """The parameters of an engine on the allocate page: of the one in hand those of the request, of the others what was
    chosen and typed for them there; and what of it cannot be read."""
    if name == request.choices.engine:
        return dict(request.choices.parameters), ()
    return method.typed(about(request, bond, accounts, name))


def about(request: Request, bond: Bond, accounts: Sequence[Account], name: str) -> About:
    """What an engine's inputs on the allocate page are about."""
    return method.about(request.group, bond, request.side, accounts, request.choices.metric, name)


def variants(request: Request) -> dict[str, Entry]:
    """Every engine with one choice other than usual, by a label, where that choice asks for nothing more."""
    found = {}
    for name, engine in ENGINES.items():
        if any(not isinstance(option, Choice) and not option.when for option in engine.options):
            continue  # it needs figures of its own in any case
        for option in engine.options:
            if not isinstance(option, Choice):
                continue
            asking = {value for other in engine.options for value in other.when.get(option.name, ())}
            for value, words in option.choices.items():
                if value not in asking and value != option.default(request.side):
                    label = f"{engine.label} ({option.label[:1].lower()}{option.label[1:]} {words})"
                    found[label] = Entry(name, {option.name: value})
    return found
