"""Batch: many blocks at once, from a file or typed; looked through as a whole, previewed, sent, and counted."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from allocation.model import Side
from orders.batch import Batch, Foreseen
from orders.batch_file import LARGEST, MOST_LINES, Fault, Sheet, read_csv, read_table, template, written
from orders.model import Permission, User
from ui import bar, batch_outcome, batch_runs, batch_tables, formats, frame, keys, session

user = session.require_user(Permission.CONFIRM)
desk = session.desk()

FILE, TYPED = "From a file", "Typed here"
LARGEST_UPLOAD = 10  # MB: more than is read, so that it is us who say what to do about a large file


@dataclass(frozen=True, slots=True)
class Looked:
    """A sheet that was looked through: what is to be mended in it, or what would come of each block."""

    id: str
    sheet: Sheet
    name: str
    batch: Batch
    foreseen: tuple[Foreseen, ...]


def entry() -> tuple[Sheet | None, str]:
    """The lines that were brought, if any, and the name of the batch."""
    row = st.container(horizontal=True, vertical_alignment="bottom", gap="medium")
    source = row.segmented_control(
        "Blocks", [FILE, TYPED], default=FILE, required=True, key="batch.source", persist_state="session"
    )
    name = row.text_input(
        "Name (optional)", key="batch.name", placeholder="such as: afternoon", width=170, persist_state="session",
        help="The same block is made once a day, however often it comes. Under another name it is made once more, "
        "where its line has a reason.",
    )  # fmt: skip
    row.download_button(
        "Template", template(), file_name="batch-template.csv", mime="text/csv", icon=":material/download:",
        on_click="ignore", key="batch.template",
    )  # fmt: skip
    return (from_file() if source == FILE else from_table()), (name or "").strip()


def from_file() -> Sheet | None:
    uploaded = st.file_uploader(
        f"A CSV file, a line for each block; up to {LARGEST // 1_000_000} MB", type=["csv", "txt"], key="batch.file",
        max_upload_size=LARGEST_UPLOAD, on_change=take_name,
    )  # fmt: skip
    if uploaded is None:
        st.info(
            "No file yet. Fill in the template, a line for each block, and bring it here; or type the blocks. Group, "
            f"security, side and face are needed, the rest may stay empty. At most {MOST_LINES:,} blocks. "
            "Nothing is sent before you have seen what would come of each line.",
            icon=":material/upload_file:",
        )
        return None
    return read_csv(uploaded.getvalue())


def take_name() -> None:
    """A file that carries the name of its batch, as one with results does, goes on under it."""
    uploaded = st.session_state.get("batch.file")
    if uploaded is not None and (name := read_csv(uploaded.getvalue()).name):
        st.session_state["batch.name"] = name


def from_table() -> Sheet | None:
    if "batch.table" not in st.session_state:  # the page was left meanwhile: what was typed is still there
        st.session_state["batch.base"] = st.session_state.get("batch.typed", batch_tables.blank())
    table = st.data_editor(
        st.session_state["batch.base"], num_rows="dynamic", column_config=batch_tables.typed_columns(),
        hide_index=True, key="batch.table", alt="blocks to be typed, a line each",
    )  # fmt: skip
    st.session_state["batch.typed"] = table.reset_index(drop=True)
    sheet = read_table(table.to_dict("records"))
    if not sheet.rows and len(sheet.faults) == 1:
        st.caption("A line for each block; lines can be pasted from a spreadsheet. Columns with * are needed.")
        return None
    return sheet


def look(user: User, sheet: Sheet, name: str) -> Looked:
    """Look through the sheet; and where nothing is to be mended, at each block of it."""
    batch = desk.batches.check(user, sheet, name)
    foreseen: list[Foreseen] = []
    if not batch.faults:
        place, of = st.empty(), len(batch.blocks)
        for done, block in enumerate(batch.blocks):
            place.progress(done / of, f"Previewed {done:,} of {formats.count(of, 'block')}.")
            foreseen.append(desk.batches.foresee(user, block))
        place.empty()
    return Looked(uuid.uuid4().hex, sheet, name, batch, tuple(foreseen))


def to_be_mended(found: Sequence[Fault]) -> None:
    count = len(found)
    st.error(f"{formats.count(count, 'thing')} to mend before any block is made.", icon=":material/rule:")
    table, columns = batch_tables.faults(found)
    wrapped = batch_tables.row_height((fault.sentence for fault in found), 120)
    st.dataframe(
        table, column_config=columns, hide_index=True, row_height=wrapped, alt="what is to be mended",
        height=min(620, 36 + (wrapped or 33) * count), key="batch.faults",
    )  # fmt: skip
    st.download_button(
        "Download the list", written([list(table.columns), *table.itertuples(index=False)]),
        file_name="to-be-mended.csv", mime="text/csv", icon=":material/download:", on_click="ignore",
        key="batch.faults.save",
    )  # fmt: skip


def review(looked: Looked) -> Mapping[int, str]:
    """What would come of each block; the reasons by line, as they are typed here."""
    table, columns = batch_tables.foreseen(looked.foreseen)
    wrapped = batch_tables.row_height(table["To know"], 38)
    place = st.container()
    edited = st.data_editor(
        table, column_config=columns, hide_index=True, disabled=[c for c in table.columns if c != "Reason"],
        row_height=wrapped, height=min(560, 36 + (wrapped or 33) * len(table)), key=f"batch.review.{looked.id}",
        alt="what would come of each block",
    )  # fmt: skip
    if wrapped is not None:  # a row shows three lines of a sentence
        known = [f"Line {one.block.line}: {said}" for one in looked.foreseen if (said := batch_tables.to_know(one))]
        few = len(known) <= 5  # in a narrow window the column itself is out of sight
        with st.expander("What to know, in full", icon=":material/notes:", type="compact", expanded=few):
            for line in known:
                st.text(line)
    reasons = {int(line): str(why or "") for line, why in zip(edited["Line"], edited["Reason"], strict=True)}
    st.caption(
        "Each block is previewed as if it came first: what those before it take of the cash is seen when it is made. "
        "A block with a warning, or that can be placed in part only, is made only with a reason in its line. What "
        "comes up after this preview refuses the line."
    )
    with place.container(horizontal=True, gap="medium"):
        signs = Counter(batch_tables.sign(one, reasons[one.block.line]) for one in looked.foreseen)
        for label, which, meaning in (
            ("Can be made", "✓", "blocks without a warning, placed whole"),
            ("Want a reason", "!", "blocks with a warning, or placed in part only, and no reason in their line"),
            ("Cannot be made", "×", "blocks of which nothing can be placed, or that break a rule"),
            ("Made already", "=", "blocks made earlier today: the same one is made once a day"),
        ):
            st.metric(label, f"{signs[which]:,}", width="content", help=meaning)
    return reasons


def to_be_made(looked: Looked, reasons: Mapping[int, str]) -> list[Foreseen]:
    """The blocks that can be made as their lines are. The others are sent along, and answer for themselves."""
    return [one for one in looked.foreseen if batch_tables.sign(one, reasons[one.block.line]) == "✓"]


def sums(looked: Looked, made: list[Foreseen]) -> str:
    """Buy 3 blocks, 12,000,000; sell 1 block, 5,000,000: of those that can be made; and how many would wait."""
    told = []
    for side in Side:
        faces = [one.placed for one in made if one.block.request.side is side]
        if faces:
            told.append(f"{side.value.lower()} {formats.count(len(faces), 'block')}, {sum(faces):,}")
    if told:
        waits = sum(bool(one.second_person) for one in made)
        waiting = f" {waits:,} of them {'waits' if waits == 1 else 'wait'} for an approver." if waits else ""
        return f"{'; '.join(told).capitalize()}.{waiting}"
    if all(one.order_id for one in looked.foreseen):
        return "Every block of it is made already."
    if all(one.refused for one in looked.foreseen):
        return "No block of it can be made: each line says why."
    return "No block of it can be made before its line has a reason."


def label(count: int, missing: int) -> str:
    """What the button says: it counts what would be made, and what is missing."""
    reasons = f" ({formats.count(missing, 'reason')} missing)" if missing else ""
    return f"Send {formats.count(count, 'block')}{reasons}" if count or missing else "Send"


@st.dialog("Send the batch", on_dismiss="ignore")
def last_question(looked: Looked, made: list[Foreseen]) -> None:
    """What a single click would do, before it is done: more than one order is not sent by accident."""
    if st.session_state.get("batch.clicked") == "send":
        st.rerun()
    st.markdown(f"**{sums(looked, made)}**")
    others = len(looked.foreseen) - len(made)
    if others:
        st.markdown(f"{formats.count(others, 'other line')} of it will make no order, and say why.")
    st.caption("Each is an order of its own, confirmed one after the other; the batch can be stopped on its way.")
    st.button(
        f"Send {formats.count(len(made), 'block')}", type="primary", icon=":material/send:", width="stretch",
        on_click=click, args=("send",), key="batch.send.now",
    )  # fmt: skip


def send(looked: Looked, reasons: Mapping[int, str]) -> None:
    """Start sending with the reasons as they are now. Without the one it had, a line may be at fault."""
    batch = desk.batches.check(user, batch_tables.with_reasons(looked.sheet, reasons), looked.name)
    if batch.faults:
        to_be_mended(batch.faults)
        return
    batch_runs.start(desk.batches, user, batch, looked.foreseen)
    st.query_params["batch"] = batch.id
    st.rerun()


def click(what: str) -> None:
    session.office().gate.touch()
    st.session_state["batch.clicked"] = what


def show(batch_id: str) -> None:
    session.office().gate.touch()
    st.query_params["batch"] = batch_id


def at_hand(sheet: Sheet, name: str) -> Looked | None:
    """What was looked through, as long as it is still what is on the page."""
    looked: Looked | None = st.session_state.get("batch.looked")
    return looked if looked is not None and (looked.sheet, looked.name) == (sheet, name) else None


def prepare() -> None:
    """Everything up to the sending."""
    if (run := batch_runs.underway(user)) is not None:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.info(f"Batch {run.batch.id} is being sent.", icon=":material/send:", width=420)
            st.button("Show it", on_click=show, args=(run.batch.id,), key="batch.underway")
    sheet, name = entry()
    clicked = st.session_state.pop("batch.clicked", "")
    if sheet is None:
        bar.bar("Bring the blocks first.")
        return
    with frame.explained():
        if clicked == "look":
            st.session_state["batch.looked"] = look(user, sheet, name)
    looked = at_hand(sheet, name)
    if looked is None or looked.batch.faults:
        if looked is not None:
            to_be_mended(looked.batch.faults)
        elif not sheet.rows:  # a file that cannot be read, as by its header: it needs no check to say so
            to_be_mended(sheet.faults)
            bar.bar("Mend the file, and bring it again.")
            return
        unread = {fault.line for fault in sheet.faults if fault.line} if sheet.rows else ()
        found = f"{formats.count(len(sheet.rows), 'line')} read{f', {len(unread):,} not' if unread else ''}."
        _, right = bar.bar(found if looked is None else "Mend what is listed, and check again.")
        right.button(
            "Check and preview",
            type="primary",
            icon=":material/fact_check:",
            on_click=click,
            args=("look",),
            shortcut=keys.NEXT,
        )
        return
    if looked.batch.name:
        st.caption(f"Batch **{formats.plain(looked.batch.name)}**: what was made under this name is not made twice.")
    reasons = review(looked)
    if clicked == "send":
        with frame.explained():
            send(looked, reasons)
    made = to_be_made(looked, reasons)
    missing = sum(batch_tables.sign(one, reasons[one.block.line]) == "!" for one in looked.foreseen)
    if clicked == "ask" and len(made) > 1:
        last_question(looked, made)
    _, right = bar.bar(sums(looked, made))
    right.button(
        label(len(made), missing) + ("…" if len(made) > 1 else ""), type="primary", icon=":material/send:",
        disabled=not made, on_click=click, args=("ask" if len(made) > 1 else "send",), key="batch.send",
        shortcut=keys.NEXT if len(made) > 1 else None,  # a dialog asks first: nothing is sent by a shortcut
    )  # fmt: skip


frame.strip()
st.title("Batch")
if sent := st.query_params.get("batch"):
    batch_outcome.draw(user, sent)
else:
    prepare()
