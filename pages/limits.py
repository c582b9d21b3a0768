"""Limits: what accounts may hold and buy, who set it and why; compliance changes it here."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

import streamlit as st

from allocation.errors import EvenlotError
from allocation.limits import NO_LIMITS, Limit, LimitTable
from orders.errors import VersionConflict
from orders.model import LimitVersion, Permission
from ui import formats, frame, keys, limits, session
from ui.bar import bar
from ui.doubts import doubts, names

user = session.require_user(Permission.VIEW)
desk = session.desk()
ROW, HEAD, MOST = 33, 36, 573  # pixels


@dataclass
class Draft:
    """What is being made of a version: `rows` is what the editor began with, `mine` what it has become. `id` names
    the editor, and the change when it is saved."""

    base: LimitTable
    accounts: tuple[str, ...]
    rows: tuple[limits.Row, ...]
    mine: tuple[limits.Row, ...] = ()
    id: str = field(default_factory=lambda: uuid.uuid4().hex)

    def __post_init__(self) -> None:
        self.mine = self.rows

    @property
    def touched(self) -> bool:
        return self.mine != limits.typed(self.base)

    def made_into(self, rows: Sequence[limits.Row]) -> Draft:
        """The same change going on with other rows."""
        return Draft(self.base, self.accounts, tuple(rows))

    def on(self, base: LimitTable) -> Draft:
        """A draft of another version, with none of this one's changes."""
        return Draft(base, self.accounts, limits.typed(base))


def keep(draft: Draft) -> None:
    st.session_state["limits.draft"] = draft


def current(newest: LimitTable) -> Draft:
    """This session's draft. One that nobody has touched follows the newest version; one whose editor is gone, since
    another page was visited, goes on from what it had become."""
    draft: Draft | None = st.session_state.get("limits.draft")
    if draft is None or (draft.base.version != newest.version and not draft.touched):
        draft = Draft(newest, desk.limits.accounts(user), limits.typed(newest))
    elif f"limits.rows.{draft.id}" not in st.session_state and draft.mine != draft.rows:
        draft = draft.made_into(draft.mine)
    keep(draft)
    return draft


def show(table: LimitTable, what: str) -> None:
    """A version, to be read; `what` names it to those who hear the page."""
    if not table.rows:
        st.caption("No rows: nothing is limited.")
        return
    data, columns = limits.shown(table)
    height = min(MOST, HEAD + ROW * len(data))
    st.dataframe(data, column_config=columns, hide_index=True, height=height, alt=what)


def upload(draft: Draft) -> None:
    """Take the rows of an uploaded file into the editor, where what is wrong with them can be mended."""
    file = st.session_state[f"limits.file.{draft.id}"]
    if file is None:
        return
    try:
        keep(draft.made_into(limits.from_csv(file.getvalue())))
    except EvenlotError as error:
        st.session_state["limits.refused"] = error


def editor(draft: Draft) -> dict[int, limits.Row]:
    """The rows to change, and another way to bring them in; what they are now, by number."""
    data, columns = limits.frame(draft.rows)
    edited = st.data_editor(
        data,
        column_config=columns,
        num_rows="dynamic",
        hide_index=False,
        height=min(MOST, HEAD + ROW * (len(data) + 1)),
        key=f"limits.rows.{draft.id}",
        placeholder=formats.MISSING,
        alt="limits, to be changed",
    )
    rows = limits.numbered(edited)
    draft.mine = tuple(rows.values())
    st.file_uploader(
        f"Or take all rows from a {limits.FILE}",
        type="csv",
        key=f"limits.file.{draft.id}",
        on_change=upload,
        args=(draft,),
        max_upload_size=2,
    )
    return rows


def overtaken(draft: Draft, newest: LimitVersion) -> None:
    """Somebody saved another version meanwhile: say so, and offer what can be done. Nothing typed is lost."""
    st.warning(
        f"{formats.plain(limits.authorship(newest))} was saved while you were changing version {draft.base.version}. "
        "Your changes are still here and not saved.",
        icon=":material/call_split:",
    )
    theirs = draft.on(newest.table)
    ours = theirs.made_into(limits.merged(limits.typed(draft.base), draft.mine, theirs.rows))
    row = st.container(horizontal=True)
    row.button(
        f"Make my changes to version {newest.version}",
        type="primary",
        on_click=keep,
        args=(ours,),
    )
    row.button(f"Take version {newest.version} and drop mine", on_click=keep, args=(theirs,))


def question(rows: Sequence[Limit], moved: Sequence[limits.Change]) -> None:
    """Ask about what changes and looks mistyped."""
    try:
        found = doubts(rows, moved, names(user), lambda text: desk.find(user, text).value)
    except EvenlotError as error:
        frame.show(error)
        st.warning("What the rows name could not be looked up. They can be saved all the same.")
        return
    if found:
        st.warning(
            f"Can be saved, but look whether {formats.count(len(found), 'limit')} is meant:", icon=":material/help:"
        )
        st.text("\n".join(found))  # not as markdown: it has what was typed in it


def difference(draft: Draft, rows: Sequence[Limit], faults: Sequence[limits.Fault]) -> bool:
    """What is wrong with the rows, and what saving them would change; whether that is anything."""
    if faults:
        st.error(f"{formats.count(len(faults), 'fault')} to mend before this can be saved.", icon=":material/error:")
        st.text("\n".join(map(str, faults)))  # not as markdown: it has what was typed in it
    moved = limits.changes(limits.typed(draft.base), draft.mine)
    if moved:
        st.header("What changes")
        data, columns = limits.what_changes(moved)
        st.dataframe(
            data,
            column_config=columns,
            hide_index=True,
            placeholder=formats.MISSING,
            height=min(MOST, HEAD + ROW * len(moved)),
            alt="what changes",
        )
        question(rows, moved)
        st.text_input(
            "Comment",
            key="limits.comment",
            max_chars=desk.policy.longest_comment,
            placeholder="Why the limits change",
            persist_state="session",
        )
    return bool(moved)


def save(draft: Draft, rows: Sequence[Limit]) -> None:
    """Write the next version. One that somebody else wrote meanwhile is told by the run that follows."""
    session.office().gate.touch()
    try:
        table = desk.limits.set(user, rows, draft.base.version, st.session_state["limits.comment"], draft.id)
    except VersionConflict:
        st.rerun()
    except EvenlotError as error:
        st.session_state["limits.refused"] = error
        st.rerun()
    keep(draft.on(table))
    st.session_state["limits.saved"] = table.version
    st.rerun()


def change(newest: LimitVersion | None) -> None:
    """The table to be changed, what that would change, and the button that saves it."""
    table = newest.table if newest is not None else NO_LIMITS
    if "limits.saved" in st.session_state:
        st.success(f"Version {st.session_state.pop('limits.saved')} is saved and holds from now on.")
        st.session_state["limits.comment"] = ""
    if refused := st.session_state.pop("limits.refused", None):
        frame.show(refused)
    try:
        draft = current(table)
    except EvenlotError as error:
        # without the accounts nothing can be changed, but what holds can be read
        frame.show(error)
        show(table, "limits")
        return
    behind = newest is not None and draft.base.version != newest.version
    if behind and newest is not None:
        overtaken(draft, newest)
    rows = editor(draft)
    found, faults = limits.read(rows, draft.accounts)
    moved = difference(draft, found, faults)
    comment = st.session_state.get("limits.comment", "").strip()
    if behind:
        missing = f"Choose what becomes of your changes beside version {table.version}."
    elif faults:
        missing = "Mend what is marked above."
    elif not moved:
        missing = "Change a cell, add or remove rows, or upload a file."
    else:
        missing = "" if comment else "Say in the comment why the limits change."
    back, forward = bar(missing)
    back.button("Drop my changes", disabled=not draft.touched, on_click=keep, args=(draft.on(table),))
    pressed = forward.button(
        f"Save version {table.version + 1}", type="primary", icon=":material/check:", disabled=bool(missing),
        shortcut=keys.NEXT,
    )  # fmt: skip
    if pressed and not missing:
        save(draft, found)


def history(versions: Sequence[LimitVersion]) -> None:
    """Every version, and one of them as it was."""
    data, columns = limits.versions(versions)
    st.dataframe(data, column_config=columns, hide_index=True, alt="versions of the limits")
    by_number = {version.version: version for version in versions}
    number = st.selectbox(
        "Look at",
        by_number,
        format_func=lambda number: limits.authorship(by_number[number]),
        key=f"limits.version.{versions[0].version}",
    )
    if number not in by_number:
        return
    chosen = by_number[number]
    st.text(f"“{chosen.comment}”")
    show(chosen.table, "a version of the limits")
    before = by_number[number - 1].table if number - 1 in by_number else NO_LIMITS
    moved = limits.changes(limits.typed(before), limits.typed(chosen.table))
    st.markdown(f"**What it changed** of {f'version {before.version}' if before.version else 'nothing'}")
    data, columns = limits.what_changes(moved)
    st.dataframe(
        data,
        column_config=columns,
        hide_index=True,
        placeholder=formats.MISSING,
        alt="what a version changed",
    )


frame.strip()
st.title("Limits")
with frame.explained():
    versions = desk.limits.versions(user)
newest = versions[0] if versions else None
may = desk.limits.may_set(user)
if newest is not None:
    row = st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center")
    row.caption(formats.plain(limits.authorship(newest)))
    row.download_button(
        f"Download {limits.FILE}", limits.to_csv(newest.table), file_name=limits.FILE, mime="text/csv",
        on_click="ignore", icon=":material/download:",
    )  # fmt: skip
    st.text(f"“{newest.comment}”")
else:
    st.info(
        "No limits are set: nothing but cash, holdings and minimum pieces holds an account back. "
        + ("Add rows below, or upload a file." if may else "Compliance can set some.")
    )
if may:
    change(newest)
elif newest is not None:
    show(newest.table, "limits")
    st.caption("Compliance changes limits. Rows of accounts in none of your groups are not shown.")
with st.expander("What the rules mean", icon=":material/help:"):
    st.dataframe(limits.rules(), hide_index=True, alt="rules")
    st.caption(
        "A row of the account itself comes before one for every account, and one that names something before both."
    )
if versions:
    with st.expander("Versions", icon=":material/history:"):
        history(versions)
