"""A statement as it was on the day, drawn from its text alone: what was asked and given, why, under which limits; its
replay, and the files it can be saved as."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from orders.errors import Rejected
from orders.fix import allocation_instruction
from orders.frozen import Frozen, read
from orders.model import Order, Statement, User
from orders.replaying import Replay
from ui import charts, filling, formats, frame, memo, proposal_tables, proposal_words, saving, session, states, tables
from ui import preview as ui_preview
from ui.saving import Rows

_REPLAYED = "history.replayed"


def draw(user: User, order: Order, statements: Sequence[Statement], chosen: Statement) -> None:
    """The whole of it. `statements` are all versions, the newest first."""
    with frame.explained():
        frozen = read(chosen)
    block = frozen.proposal.block
    st.header(formats.plain(proposal_words.sentence(block, block.bond.label, frozen.group)))
    _about(order, frozen)
    if len(statements) > 1:
        _versions(statements, chosen)
    _given(order, frozen)
    ui_preview.figures(frozen.proposal, ())
    _replay(user, frozen)
    _dispersion(frozen)
    _lines(frozen)
    ui_preview.explained(frozen.proposal, frozen.group, "when it was confirmed")
    if left := frozen.proposal.unallocated:
        rows = [("account", "face", "reason"), *((row.account_id, row.face, row.reason) for row in left)]
        saving.offer("Not placed", lambda: rows, f"not-placed-{chosen.id}", "history.save.left")
    st.markdown(filling.said(frozen.fills))
    _accepted(frozen)
    _limits(frozen)
    _made_by(frozen)
    _files(order, frozen)


def _about(order: Order, frozen: Frozen) -> None:
    was = frozen.statement
    st.caption(
        f"{was.id} · version {was.version} · confirmed by {formats.plain(session.person(was.created_by))}, "
        f"{formats.moment(was.created_at)} · figures read {formats.moment(frozen.read_at)} · "
        f"{formats.book(frozen.book)}, {formats.day(frozen.book.as_of)}"
    )
    if not frozen.intact:
        st.error("The text is not the one that was hashed: it was edited since.", icon=":material/gpp_bad:")
    if order.statement_id != was.id:
        st.info(f"The order stands on {order.statement_id} by now.", icon=":material/history:")
    for text in filter(None, (frozen.comment, frozen.override and f"Cash not respected: {frozen.override}")):
        st.text(f"“{text}”")


def _versions(statements: Sequence[Statement], chosen: Statement) -> None:
    """Each version of the order's statement, a click each; the address names the one that is shown."""
    names = {each.id: f"Version {each.version}" for each in reversed(statements)}
    st.session_state["history.version"] = chosen.id
    st.segmented_control(
        "Version", list(names), format_func=lambda id_: names[id_], key="history.version", required=True,
        on_change=lambda: st.query_params.update(statement=st.session_state["history.version"]),
    )  # fmt: skip


def _given(order: Order, frozen: Frozen) -> None:
    asked, given = (f"{face:,}" for face in (frozen.proposal.block.face, frozen.proposal.placed))
    with st.container(horizontal=True, gap="medium"):
        st.metric("Asked", asked, width="content", help="face ordered, by this statement")
        st.metric("Given", given, width="content", help="face allocated, by this statement")
        st.metric("Filled by now", formats.face(order.filled), width="content", help=f"order {order.id}")
        st.metric("Order by now", states.word(order), width="content", help=states.means(order))


def _replay(user: User, frozen: Frozen) -> None:
    """The stored inputs through the engines of today, on demand."""
    was = frozen.statement
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Replay", icon=":material/replay:", type="primary", key="history.replay"):
            with st.spinner("The stored inputs run through the engine again …"), frame.explained():
                done = session.desk().past.replay(user, was.order_id, was.version)
            st.session_state[_REPLAYED] = was.id, done
        st.caption("Runs what is stored, and nothing else, through the engine again and compares every figure.")
    of, found = st.session_state.get(_REPLAYED, ("", None))
    if of == was.id and found is not None:
        _outcome(of, found)


def _outcome(of: str, found: Replay) -> None:
    changed = f" What changed since: {'; '.join(found.versions)}." if found.versions else ""
    if found.impossible:
        st.error(f"It cannot be replayed. {found.impossible}{changed}", icon=":material/error:")
    elif not found.same:
        nothing = "" if found.versions else " Engines and libraries are the same as then."
        st.error(f"**Other faces.**{changed or nothing}", icon=":material/difference:")
    elif found.differences:
        st.warning(f"**The same faces**, and other figures or words.{changed}", icon=":material/difference:")
    else:
        st.success(f"**The same**: every face, figure and word.{changed}", icon=":material/done_all:")
    for told in found.differences:
        st.text(told)
    if found.differences:
        rows = [("difference",), *((told,) for told in found.differences)]
        saving.offer("Differences", lambda: rows, f"replay-{of}", "history.save.differences")


def _dispersion(frozen: Frozen) -> None:
    effect = frozen.proposal.effect
    if not effect.after:
        return  # nobody counts in it
    st.markdown("**Dispersion of the group**, before and after")
    st.plotly_chart(
        charts.dispersion_bars(effect), config=charts.config(frozen.statement.id, "dispersion"),
        key="history.dispersion", alt=f"dispersion of {effect.metric.label} before and after", width=560,
    )  # fmt: skip


def _lines(frozen: Frozen) -> None:
    table, columns = proposal_tables.lines(frozen.proposal)
    st.markdown("**Accounts**")
    st.dataframe(
        table, column_config=columns, hide_index=True, placeholder=formats.MISSING, key="history.lines",
        height=tables.height(table, 466), alt="the allocation, a row per account",
    )  # fmt: skip
    saving.offer("Accounts", lambda: line_rows(frozen), f"accounts-{frozen.statement.id}", "history.save.lines")


def line_rows(frozen: Frozen) -> Rows:
    """A row for each account, every digit."""
    effect = frozen.proposal.effect
    head = (
        "account", "name", "currency", "face", "wish", "asked", "money", "cash_before", "cash_after",
        f"{effect.metric.key}_before", f"{effect.metric.key}_after", "cap", "cap_face", "cap_reason", "why",
    )  # fmt: skip
    pairs = zip(frozen.proposal.lines, frozen.proposal.accounts, strict=True)
    rows = (
        (
            line.account_id, account.name, account.currency, line.face, line.wish, line.asked, line.money,
            line.cash_before, line.cash_after, effect.before.get(account.id), effect.after.get(account.id),
            line.cap.rule, line.cap.face, line.cap.reason, line.reason,
        )
        for line, account in pairs
    )  # fmt: skip
    return [head, *rows]


def _accepted(frozen: Frozen) -> None:
    said = frozen.reasons
    rows = [*said.items(), *((warning, None) for warning in frozen.proposal.warnings if warning not in said)]
    if not rows:
        return
    st.markdown("**Warnings, and why they were accepted**")
    frame_ = pd.DataFrame(rows, columns=["Warning", "Reason"])
    st.dataframe(
        frame_, hide_index=True, placeholder="no reason was asked for", row_height=proposal_tables.WRAPPED,
        key="history.accepted", alt="warnings, and why they were accepted",
    )  # fmt: skip
    name = f"warnings-{frozen.statement.id}"
    saving.offer("Warnings", lambda: [("warning", "reason"), *rows], name, "history.save.warnings")


def _limits(frozen: Frozen) -> None:
    limits = frozen.proposal.limits
    with st.expander(f"Limits in force · version {limits.version}", icon=":material/rule:", key="history.limits"):
        if not limits.rows:
            st.info("No limit was set for any of these accounts.")
            return
        rows = [(row.account_id, row.rule.label, row.of, row.value) for row in limits.rows]
        st.dataframe(
            pd.DataFrame(rows, columns=["Account", "Rule", "Of", "Limit"]), hide_index=True,
            key="history.limits.table", alt="the limits that were in force",
        )  # fmt: skip
        head = ("account", "rule", "of", "limit")
        saving.offer("Limits", lambda: [head, *rows], f"limits-{frozen.statement.id}", "history.save.limits")


def _made_by(frozen: Frozen) -> None:
    made = ", ".join(f"{name} {version}" for name, version in frozen.versions.items())
    st.caption(f"Made by {made}; statement format {frozen.format}.")
    whole = f"limits   {frozen.limits_sha256}  (the whole table)"
    st.code(f"SHA-256  {frozen.statement.sha256}  (of its text)\n{whole}", language=None)


def _files(order: Order, frozen: Frozen) -> None:
    """The statement as a memo to print, as its own text, and as a FIX message."""
    was = frozen.statement
    try:
        message, why = allocation_instruction(order, frozen, session.desk().now()), ""
    except Rejected as error:
        message, why = b"", str(error)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        for label, data, ending, mime, icon in (
            ("Memo to print", lambda: memo.html(frozen), "html", "text/html", "print"),
            ("Text as JSON", was.body, "json", "application/json", "data_object"),
            ("FIX 4.4 AllocationInstruction", message, "fix", "application/octet-stream", "swap_horiz"),
        ):
            st.download_button(
                label, data, file_name=f"{was.id}.{ending}", mime=mime, icon=f":material/{icon}:", on_click="ignore",
                disabled=not data, help=why or None if ending == "fix" else None, key=f"history.save.{ending}",
            )  # fmt: skip
    if why:
        st.caption(f"No FIX message: {why}")
