"""The method of an allocation: engine, its parameters, the rules around it, and what each account is to get. Inputs are
drawn from the options an engine declares, one function for each kind of option, so a new engine needs nothing here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from allocation.engines import ENGINES
from allocation.engines.options import Choice, Level, OneAccount, Option, Switch
from allocation.errors import InvalidBlock
from allocation.model import Account, Bond, Choices, Metric, Side
from ui import formats, forms, sheet
from ui.columns import TABLES, About, Table, faces, just_that

_BLOCKS = "method.blocks"
_AS_TYPED = "%.10g"  # a level is shown as it is used, whatever the metric's decimals


@dataclass(frozen=True, slots=True)
class Method:
    """What was chosen, and a sentence for each part of it that cannot be read."""

    choices: Choices
    faults: tuple[str, ...]


def inputs(group: str, bond: Bond, side: Side, accounts: Sequence[Account]) -> Method:
    """Draw the method and read it."""
    with st.container(horizontal=True, horizontal_alignment="distribute", gap="medium"):
        name = st.segmented_control(
            "Method", list(ENGINES), format_func=lambda key: ENGINES[key].label, default="pro_rata", required=True,
            key="allocate.engine", persist_state="session",
            help="\n".join(f"- **{engine.label}**: {engine.sentence}" for engine in ENGINES.values()),
        ) or "pro_rata"  # fmt: skip
        metric = st.segmented_control(
            "Judged by", list(Metric), format_func=lambda m: m.short, default=Metric.ASD, required=True, key="metric",
            persist_state="session",
        ) or Metric.ASD  # fmt: skip
    st.caption(ENGINES[name].sentence)
    about = About(group, bond, _blocks().get((group, bond.asset_id), 0), side, metric, name, accounts)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        given, tables = _parameters(about, ENGINES[name].options)
        rules, faults = _rules(about)
    typed, unread = _per_account(about, tables)
    locked = typed.pop("locked", {})
    choices = Choices(engine=name, parameters=given | typed, metric=metric, locked=locked, **rules)
    return Method(choices, (*faults, *unread))


def afresh(group: str, asset_id: str) -> None:
    """Forget faces, asks, locks and switches of a block that was confirmed: the next one is another."""
    _blocks()[group, asset_id] = _blocks().get((group, asset_id), 0) + 1


def _blocks() -> dict[tuple[str, str], int]:
    blocks: dict[tuple[str, str], int] = st.session_state.setdefault(_BLOCKS, {})
    return blocks


# -- one value for the whole allocation --------------------------------------------------------------------------------


def _choice(option: Choice, about: About) -> Any:
    values = list(option.choices)
    return st.selectbox(
        option.label, values, format_func=option.choices.__getitem__, index=values.index(option.default(about.side)),
        key=about.key(about.engine, option.name, about.side), persist_state="session", width=250,
    )  # fmt: skip


def _switch(option: Switch, about: About) -> Any:
    return st.toggle(
        option.label, value=option.default(about.side), help=option.help or None,
        key=about.key(about.engine, option.name), persist_state="session",
    )  # fmt: skip


def _level(option: Level, about: About) -> Any:
    metric = about.metric
    return st.number_input(
        f"{option.label}, {metric.unit}", value=None, format=_AS_TYPED, step=metric.tolerance,
        placeholder=f"{metric.short} to reach", key=about.key(about.engine, option.name, metric.key),
        persist_state="session", width=200,
    )  # fmt: skip


def _one_account(option: OneAccount, about: About) -> Any:
    names = {account.id: account.name for account in about.accounts}
    return st.selectbox(
        option.label, list(names), format_func=lambda account: f"{account} · {names.get(account, '')}", index=None,
        placeholder="choose an account", key=about.key(about.engine, option.name), persist_state="session", width=330,
    )  # fmt: skip


WIDGETS: Mapping[type, Callable[[Any, About], Any]] = {
    Choice: _choice, Switch: _switch, Level: _level, OneAccount: _one_account,
}  # fmt: skip


# -- putting them together ---------------------------------------------------------------------------------------------


def _parameters(about: About, options: Sequence[Option]) -> tuple[dict[str, Any], list[Table]]:
    """Draw the options that count under the others. What is filled in, by name, and the tables still to be drawn."""
    given, chosen, tables = dict[str, Any](), dict[str, Any](), list[Table]()
    for option in options:
        chosen[option.name] = option.default(about.side)
        if not all(chosen[other] in values for other, values in option.when.items()):
            continue
        if type(option) in TABLES:
            tables.append(table := TABLES[type(option)](option, about))
            _same_for_all(about, table)
        elif (value := WIDGETS[type(option)](option, about)) not in (None, ""):
            given[option.name] = chosen[option.name] = value
    return given, tables


def _same_for_all(about: About, table: Table) -> None:
    """An input that fills a table's column, and is empty again."""
    if not table.same_for_all:
        return
    metric, key = about.metric, about.key("same", table.name, about.metric.key)
    columns = [column.key for column in table.columns]

    def fill() -> None:
        value = st.session_state[key]
        if value is not None:
            sheet.fill(about.group, [a.id for a in about.accounts], columns, _AS_TYPED % value)
            st.session_state[key] = None

    st.number_input(
        f"{table.same_for_all}, {metric.unit}", value=None, format=_AS_TYPED, step=metric.tolerance,
        placeholder="fills the column", key=key, on_change=fill, width=200,
    )  # fmt: skip


def _per_account(about: About, tables: Sequence[Table]) -> tuple[dict[str, Any], list[str]]:
    """The table with a row for each account: what is typed by option name, and what cannot be read."""
    lock = faces("lock", "Lock", "a face fixed by hand: this line stays, the rest is solved again", about)
    drawn = [*tables, Table("locked", (lock,), just_that)]
    columns = [column for table in drawn for column in table.columns]
    what = ", ".join(column.label.lower() for column in columns)
    count = sheet.filled(about.group, about.accounts, columns)
    label = f"Per account: {what}" + (f" · {formats.count(count, 'cell')} filled in" if count else "")
    with st.expander(label, expanded=bool(tables), key=about.key("sheet", *(c.key for c in columns))):
        sheet.draw(about.group, about.accounts, about.metric, columns, about.bond if about.side is Side.SELL else None)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(f"{columns[0].label}: {columns[0].help}.")
            st.button(
                "Clear", icon=":material/backspace:", type="tertiary", key=about.key("clear"), on_click=sheet.fill,
                args=(about.group, [a.id for a in about.accounts], [c.key for c in columns], ""),
                help="Empties every cell that can be typed into.",
            )  # fmt: skip
    typed, faults = dict[str, Any](), list[str]()
    for table in drawn:
        readings = [sheet.read(about.group, about.accounts, column) for column in table.columns]
        joined = table.join(readings)
        faults += [fault for reading in readings for fault in reading.faults.values()]
        faults += [fault for fault in joined.faults.values() if fault not in faults]
        if joined.values:
            typed[table.name] = joined.values
    return typed, faults


# -- the rules around every engine -------------------------------------------------------------------------------------


def _rules(about: About) -> tuple[dict[str, Any], list[str]]:
    """Tolerance, minimum allocation and the what-if switches, with a badge for each that is not as usual. As keywords
    of `Choices`, with what cannot be read."""
    metric = about.metric
    with st.popover("Rules", icon=":material/tune:", key=about.key("rules")):
        tolerance = st.number_input(
            f"Tolerance, {metric.unit}", min_value=0.0, value=metric.tolerance, step=metric.tolerance,
            format=_AS_TYPED, key=about.key("tolerance", metric.key), persist_state="session",
            help=f"How near to its target, or to the mean, an account counts as there. Usually {metric.tolerance:g}.",
        )  # fmt: skip
        least = st.text_input(
            "Minimum allocation, face", key=about.key("least", about.block), placeholder="none, or 100k",
            persist_state="session", help="No account gets a smaller line than this; a sell may still end a holding.",
        )  # fmt: skip
        cash = st.toggle(
            "Respect cash", value=True, key=about.key("cash", about.block), persist_state="session",
            help="Off is a what-if: accounts may be overdrawn, and confirming needs a reason.",
        )  # fmt: skip
        rounding = st.toggle(
            "Round to denomination", value=True, key=about.key("rounding", about.block), persist_state="session",
            help="Off is a what-if in single units of face, which cannot be confirmed.",
        )  # fmt: skip
    chosen: dict[str, Any] = {"respect_cash": cash, "round_to_denomination": rounding}
    faults = []
    if tolerance is not None and tolerance != metric.tolerance:
        chosen["tolerance"] = tolerance
        st.badge(f"tolerance {tolerance:g} {metric.unit}", color="blue")
    if least and least.strip():
        try:
            chosen["min_allocation"] = forms.face(least, least=0)
            st.badge(f"no line below {chosen['min_allocation']:,}", color="blue")
        except InvalidBlock as error:
            faults.append(f"Minimum allocation: {error}")
    if not cash:
        st.badge("cash not respected", icon=":material/warning:", color="orange")
    if not rounding:
        st.badge("not rounded", icon=":material/block:", color="red")
    return chosen, faults
