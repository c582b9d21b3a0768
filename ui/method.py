"""The method of an allocation: engine, its parameters, the rules around it, and what each account is to get. Inputs are
drawn from the options an engine declares, one function for each kind of option, so a new engine needs nothing here."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from allocation.engines import ENGINES
from allocation.engines.options import Choice, Level, OneAccount, Option, Switch
from allocation.errors import MetricUnavailable, MissingMeasure
from allocation.model import Account, Bond, Choices, Metric, Side
from ui import formats, lines, rules, sheet
from ui.columns import AS_TYPED, TABLES, About, Table, a_face, faces, just_that

_BLOCKS = "method.blocks"


@dataclass(frozen=True, slots=True)
class Method:
    """What was chosen, and a sentence for each part of it that cannot be read: of locks by account."""

    choices: Choices
    faults: tuple[str, ...]
    unread: Mapping[str, str]


def about(group: str, bond: Bond, side: Side, accounts: Sequence[Account], metric: Metric, engine: str) -> About:
    """What the inputs are about, for the block that is being typed."""
    return About(group, bond, _blocks().get((group, bond.asset_id), 0), side, metric, engine, accounts)


def inputs(group: str, bond: Bond, side: Side, accounts: Sequence[Account], row: DeltaGenerator) -> Method:
    """Draw the method, its engines in this row, and read it."""
    with row:
        name = st.segmented_control(
            "Method", list(ENGINES), format_func=lambda key: ENGINES[key].label, default="pro_rata", required=True,
            key="allocate.engine", persist_state="session",
            help="\n".join(f"- **{engine.label}**: {engine.sentence}" for engine in ENGINES.values()),
        ) or "pro_rata"  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall"):
        with st.container(width="content", gap=None):
            metric = st.segmented_control(
                "Judged by", list(Metric), format_func=lambda m: m.short, default=Metric.ASD, required=True,
                key="metric", persist_state="session",
            ) or Metric.ASD  # fmt: skip
            st.space(5)  # as high as the fields beside it
        of = about(group, bond, side, accounts, metric, name)
        given, tables = _parameters(of, ENGINES[name].options)
        ruled, faults = rules.draw(of)
    filled, unread = _per_account(of, tables)
    lines.take_in()
    locks = sheet.read(group, accounts, lock(of))
    choices = Choices(engine=name, parameters=given | filled, metric=metric, locked=dict(locks.values), **ruled)
    return Method(choices, (*faults, *unread), locks.faults)


def restore(group: str, bond: Bond, side: Side, accounts: Sequence[Account], choices: Choices) -> tuple[str, ...]:
    """Put choices into the inputs, as if they had been typed, before those are drawn. The accounts among them that are
    not in the group any more, for which nothing can be typed."""
    afresh(group, bond.asset_id)
    of = about(group, bond, side, accounts, choices.metric, choices.engine)
    put = st.session_state
    put["metric"] = choices.metric
    locks = Table("locked", (lock(of),), just_that, a_face)
    gone = use(of, choices.parameters) | _write(of, locks, choices.locked)
    usual = choices.metric.tolerance
    put[of.key("tolerance", choices.metric.key)] = usual if choices.tolerance is None else choices.tolerance
    put[of.key("least", of.block)] = f"{choices.min_allocation:,}" if choices.min_allocation else ""
    put[of.key("cash", of.block)] = choices.respect_cash
    put[of.key("rounding", of.block)] = choices.round_to_denomination
    if choices.excluded:
        put[left_out(group, bond, choices.metric, choices.excluded)] = True
    return tuple(sorted(gone))


def use(about: About, parameters: Mapping[str, Any]) -> set[str]:
    """Choose the engine, and put its parameters into the inputs, as if they had been typed. The accounts among them
    that have no row to be typed into."""
    put, gone = st.session_state, set[str]()
    put["allocate.engine"] = about.engine
    for option in ENGINES[about.engine].options:
        value = parameters.get(option.name, option.default(about.side))
        if type(option) in TABLES:
            gone |= _write(about, TABLES[type(option)](option, about), value)
        else:
            put[_key(option, about)] = None if value == "" else value
    return gone


def typed(about: About) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What was chosen and typed for the engine before, without drawing it: its parameters, and a sentence for each part
    that cannot be read."""
    given, chosen, faults = dict[str, Any](), dict[str, Any](), tuple[str, ...]()
    for option in ENGINES[about.engine].options:
        chosen[option.name] = option.default(about.side)
        if not all(chosen[other] in values for other, values in option.when.items()):
            continue
        if type(option) in TABLES:
            value, unread = _table(about, TABLES[type(option)](option, about))
            faults += unread
        else:
            value = st.session_state.get(_key(option, about))
        if value not in (None, "", {}):
            given[option.name] = chosen[option.name] = value
    return given, faults


def left_out(group: str, bond: Bond, metric: Metric, accounts: Collection[str]) -> str:
    """The key of the choice to go on without these accounts in the metric: of this bond alone, where it is the bond
    that lacks the figure."""
    lacking = () if bond.measures.of(metric) is not None else (bond.asset_id,)
    return ".".join(("allocate.exclude", group, metric.key, *sorted(accounts), *lacking))


def leaving_out(metric: Metric, error: MetricUnavailable) -> tuple[str, str]:
    """The choice to go on without these accounts in the metric, and what there is to know of it."""
    if not isinstance(error, MissingMeasure):
        said = f"Leave {formats.count(len(error.reasons), 'account')} out of {metric.label}"
        return said, "Who is left out can still get bonds: it is the dispersion that goes without, and says so."
    return (
        f"Allocate without {metric.label}",
        "No dispersion is shown then. Pro rata, Equal and Custom need no figure of the bond; whoever keeps its "
        "analytics in Aladdin can say when they come.",
    )


def _write(about: About, table: Table, values: Mapping[str, Any]) -> set[str]:
    """Put values into a table's cells, and nothing into those of accounts without one; the accounts it has no row
    for."""
    cells: sheet.Cells = {}
    for account in about.accounts:
        empty = ("",) * len(table.columns)
        texts = table.texts(values[account.id], account) if account.id in values else empty
        cells |= {(account.id, column.key): text for column, text in zip(table.columns, texts, strict=True)}
    sheet.put(about.group, cells)
    return set(values) - {account.id for account in about.accounts}


def prefixes(group: str) -> tuple[str, ...]:
    """How the keys begin of whatever is chosen for a group, and for all of its blocks, tables apart."""
    return (*(f"allocate.{group}.{name}." for name in (*ENGINES, "tolerance")), f"allocate.exclude.{group}.")


def number(group: str, asset_id: str, confirmed: int | None = None) -> int:
    """How many blocks of a bond were confirmed, which keys begin with; or what is to count as that."""
    if confirmed is not None:
        _blocks()[group, asset_id] = confirmed
    return _blocks().get((group, asset_id), 0)


def as_at_first(group: str, bond: Bond, accounts: Sequence[Account]) -> None:
    """Everything as if nothing had ever been chosen or typed for this group and bond."""
    put = st.session_state
    for key in [key for key in put if str(key).startswith(f"allocate.exclude.{group}.")]:
        put[key] = False
    for side in Side:
        for metric in Metric:
            for name in ENGINES:
                use(about(group, bond, side, accounts, metric, name), {})
            put[f"allocate.{group}.tolerance.{metric.key}"] = metric.tolerance
    put["allocate.engine"] = "pro_rata"
    afresh(group, bond.asset_id)


def afresh(group: str, asset_id: str) -> None:
    """Forget faces, asks, locks and switches of a block that was confirmed: the next one is another."""
    _blocks()[group, asset_id] = _blocks().get((group, asset_id), 0) + 1


def _blocks() -> dict[tuple[str, str], int]:
    blocks: dict[tuple[str, str], int] = st.session_state.setdefault(_BLOCKS, {})
    return blocks


# -- one value for the whole allocation --------------------------------------------------------------------------------


def _key(option: Option, about: About) -> str:
    """The key of an option's widget: what is chosen on a buy says nothing of a sell, nor a level of another metric."""
    of = {Choice: (about.side.value,), Level: (about.metric.key,)}.get(type(option), ())
    return about.key(about.engine, option.name, *of)


def _choice(option: Choice, about: About) -> Any:
    values = list(option.choices)
    several = sum(type(other) is Choice for other in ENGINES[about.engine].options) > 1  # beside each other, in one row
    return st.selectbox(
        option.label, values, format_func=option.choices.__getitem__, index=values.index(option.default(about.side)),
        key=_key(option, about), persist_state="session", width=152 if several else 230,
    )  # fmt: skip


def _switch(option: Switch, about: About) -> Any:
    return st.toggle(
        option.label, value=option.default(about.side), help=option.help or None,
        key=_key(option, about), persist_state="session",
    )  # fmt: skip


def _level(option: Level, about: About) -> Any:
    metric = about.metric
    return st.number_input(
        f"{option.label}, {metric.unit}", value=None, format=AS_TYPED, step=metric.tolerance,
        placeholder=f"{metric.short} to reach", key=_key(option, about),
        persist_state="session", width=200,
    )  # fmt: skip


def _one_account(option: OneAccount, about: About) -> Any:
    names = {account.id: account.name for account in about.accounts}
    return st.selectbox(
        option.label, list(names), format_func=lambda account: f"{account} · {names.get(account, '')}", index=None,
        placeholder="choose an account", key=_key(option, about), persist_state="session", width=330,
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
            sheet.fill(about.group, [a.id for a in about.accounts], columns, AS_TYPED % value)
            st.session_state[key] = None

    st.number_input(
        f"{table.same_for_all}, {metric.unit}", value=None, format=AS_TYPED, step=metric.tolerance,
        placeholder="fills the column", key=key, on_change=fill, width=200,
    )  # fmt: skip


def _per_account(about: About, tables: Sequence[Table]) -> tuple[dict[str, Any], list[str]]:
    """The table with a row for each account, where the engine takes something for each: what is typed by option name,
    and what cannot be read."""
    if not tables:
        return {}, []
    columns = [column for table in tables for column in table.columns]
    what = ", ".join(column.label.lower() for column in columns)
    count = sheet.filled(about.group, about.accounts, columns)
    label = f"Per account: {what}" + (f" · {formats.count(count, 'cell')} filled in" if count else "")
    with st.expander(label, expanded=True, key=about.key("sheet", *(c.key for c in columns))):
        sheet.draw(about.group, about.accounts, about.metric, columns, about.bond if about.side is Side.SELL else None)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(f"{columns[0].label}: {columns[0].help}.")
            st.button(
                "Clear", icon=":material/backspace:", type="tertiary", key=about.key("clear"), on_click=sheet.fill,
                args=(about.group, [a.id for a in about.accounts], [c.key for c in columns], ""),
                help="Empties every cell that can be typed into.",
            )  # fmt: skip
    filled, faults = dict[str, Any](), list[str]()
    for table in tables:
        values, unread = _table(about, table)
        faults += unread
        if values:
            filled[table.name] = values
    return filled, faults


def _table(about: About, table: Table) -> tuple[Any, tuple[str, ...]]:
    """What the cells of a table say: values by account id, and a sentence for each that cannot be read."""
    readings = [sheet.read(about.group, about.accounts, column) for column in table.columns]
    joined = table.join(readings)
    faults = [fault for reading in readings for fault in reading.faults.values()]
    return joined.values, tuple(dict.fromkeys((*faults, *joined.faults.values())))


def lock(about: About) -> sheet.Column:
    """The column that faces fixed by hand are kept in, whichever engine solves the rest."""
    return faces("lock", "Face", "a face fixed by hand: this line stays, the rest is solved again", about)
