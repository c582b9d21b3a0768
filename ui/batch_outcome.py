"""What becomes of a batch: how far it is, what came of each line, and the way to its orders."""

from __future__ import annotations

import streamlit as st

from orders.batch import Outcome, counted, results_csv
from orders.history import Wanted
from orders.model import BatchRun, User
from ui import batch_runs, batch_tables, formats, frame, runs, saving, session
from ui.batch_runs import Run

TICK, LOOK = 1, 10  # seconds: while it is being sent, and where only its orders can be seen


def draw(user: User, batch_id: str) -> None:
    """The batch the address names, wherever it is: being sent, sent from here, or known by its orders alone."""
    st.header(f"Batch {batch_id}")
    run = batch_runs.find(user, batch_id)
    if run is None:
        st.fragment(run_every=LOOK)(_orders)(batch_id)
    elif run.over.is_set():
        _over(run)
    else:
        st.fragment(run_every=TICK)(_underway)(run)
    with frame.explained():
        begun = session.desk().batches.begun(user, batch_id)
    with st.container(horizontal=True):
        none = run is not None and run.over.is_set() and not any(result.order_id for result in run.results)
        if not none and st.button("Show its orders", icon=":material/receipt_long:", key="batch.orders"):
            st.switch_page("pages/orders.py", query_params={"batch": batch_id})
        st.button(
            "Another batch", icon=":material/playlist_add:", on_click=_leave, args=(run, begun), key="batch.another"
        )


def _leave(run: Run | None, begun: BatchRun | None) -> None:
    """Back to bringing blocks, under the name of this batch: what is made under it is not made twice. Lines that were
    typed stay to be mended, unless all of them were made."""
    session.office().gate.touch()
    if begun is not None:
        st.session_state["batch.name"] = begun.name
    st.query_params.pop("batch", None)
    if run is not None and not run.failed and all(result.order_id for result in run.results):
        st.session_state.pop("batch.typed", None)


def _underway(run: Run) -> None:
    """How far it is. A tick is no use of the app by anybody."""
    if session.office().gate.current_user() is None or run.over.is_set():
        runs.again_by_itself()
    done, of = len(run.results), len(run.batch.blocks)
    st.progress(done / of, f"{done:,} of {formats.count(of, 'block')} done. {run.waiting}")
    if run.stopped.is_set():
        st.caption("Stopping: the block at hand is finished first, and the others are left.")
    else:
        st.caption("It goes on when this page is left or reloaded; the address brings you back to it.")
    st.button(
        "Stop", icon=":material/stop_circle:", disabled=run.stopped.is_set(), on_click=_stop, args=(run,),
        key="batch.stop", help="What is made stays; what is not made yet is left, and can be sent later.",
    )  # fmt: skip
    _table(run, done)


def _stop(run: Run) -> None:
    session.office().gate.touch()
    run.stopped.set()


def _again(run: Run) -> None:
    gate = session.office().gate
    user = gate.current_user()  # as they are now, and not as when the button was drawn
    if user is None:
        return
    gate.touch()
    batch_runs.start(session.desk().batches, user, run.batch, run.seen)


_MEANING = {
    Outcome.MADE: "blocks confirmed, an order each",
    Outcome.REFUSED: "blocks that came to nothing; the table says why",
    Outcome.THERE: "blocks that were made before, and not again",
    Outcome.LEFT: "blocks not come to before the batch was stopped",
}


def _over(run: Run) -> None:
    counts = counted(run.results)
    with st.container(horizontal=True, gap="medium"):
        for outcome in (Outcome.MADE, Outcome.REFUSED, Outcome.THERE):
            st.metric(outcome.value.capitalize(), f"{counts[outcome]:,}", width="content", help=_MEANING[outcome])
        if counts[Outcome.LEFT]:
            st.metric("Left", f"{counts[Outcome.LEFT]:,}", width="content", help=_MEANING[Outcome.LEFT])
    if left := counts[Outcome.LEFT]:
        st.warning(
            f"It was stopped: {formats.count(left, 'block')} of it {'was' if left == 1 else 'were'} left. What is made "
            "stays, and is not made twice when the rest is sent.",
            icon=":material/stop_circle:",
        )
    if run.failed:
        lost = len(run.batch.blocks) - len(run.results)
        st.error(
            f"{run.failed} {formats.count(lost, 'block')} of it came to nothing. Send the same lines again: what is "
            "made already is not made twice.",
            icon=":material/error:",
        )
    if counts[Outcome.REFUSED]:
        st.warning(
            "Each line that was refused says why. Mend it in the file with the results and bring that one: what is "
            "made already is not made twice."
        )
    elif not (run.failed or left):
        st.success("Every line has its order.", icon=":material/task_alt:")
    if run.failed or left:
        st.button(
            "Send the rest", icon=":material/send:", type="primary", on_click=_again, args=(run,),
            key="batch.rest",
        )  # fmt: skip
    _table(run, len(run.results))
    st.download_button(
        "Download the results",
        results_csv(run.results, run.batch.name),
        file_name=f"{saving.stem(f'batch-{run.batch.id}')}.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
    )


def _table(run: Run, done: int) -> None:
    if not done:
        return
    table, columns = batch_tables.results(run.results[:done])
    wrapped = batch_tables.row_height((row.sentence for row in run.results[:done]), 45)
    st.dataframe(
        table,
        column_config=columns,
        hide_index=True,
        row_height=wrapped,
        height=min(520, 36 + (wrapped or 33) * done),
        key="batch.results",
        alt="what came of each line",
    )


def _orders(batch_id: str) -> None:
    """What the ledger has of a batch that was sent elsewhere, or before the app was started anew."""
    user = session.office().gate.current_user()
    if user is None:
        st.rerun()
    with frame.explained():
        counts = session.desk().past.counts(user, Wanted(batch=batch_id))
        begun = session.desk().batches.begun(user, batch_id)
    made = sum(counts.values())
    if begun is not None and begun.tried < begun.blocks:
        st.warning(_broken_off(begun, made), icon=":material/warning:")
    elif not made:
        st.info(
            "No order of your groups carries this batch. If it was just sent, nothing of it is made yet; bring the "
            f"file again{_under(begun)} to be sure: what is made is not made twice."
        )
    else:
        st.info(
            f"{formats.count(made, 'order')} of it {'is' if made == 1 else 'are'} made. What was refused is kept only "
            f"until the app is started anew: bring the file again{_under(begun)} to see it; what is made is not made "
            "twice."
        )
    if made:
        table, columns = batch_tables.made(counts)
        st.dataframe(table, column_config=columns, hide_index=True, key="batch.made", alt="its orders by state")


def _broken_off(begun: BatchRun, made: int) -> str:
    """A batch that is not being sent from here, and was not tried to its end."""
    tried = max(begun.tried, made)  # the last may be made, and not noted
    left, orders = begun.blocks - tried, formats.count(made, "order")
    return (
        f"This batch was broken off after {tried:,} of {formats.count(begun.blocks, 'block')}, at "
        f"{formats.moment(begun.noted_at)}: {left:,} {'was' if left == 1 else 'were'} not tried. {orders} of it "
        f"{'is' if made == 1 else 'are'} made. Bring the same file again{_under(begun)} to send the rest: what is made "
        "is not made twice."
    )


def _under(begun: BatchRun | None) -> str:
    return f" under the same name, {begun.name}," if begun is not None and begun.name else ""
