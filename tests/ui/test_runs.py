"""Each run of a session's script has a reference, callbacks included."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from ui import runs


def script() -> None:
    import streamlit as st
    import structlog

    from ui import runs
    from watch import references

    def note(where: str) -> None:
        said = structlog.contextvars.get_contextvars()
        st.session_state.setdefault("noted", []).append((where, references.current(), said.get("user")))

    st.button("Do it", on_click=note, args=("callback",))
    note("start")
    runs.belong_to("pm")
    note("end")


def test_a_callback_and_the_run_it_belongs_to_have_one_reference_and_the_next_run_another() -> None:
    runs.have_references()
    runs.have_references()  # once is enough: a script says so in each run
    page = AppTest.from_function(script).run()
    page.button[0].click().run()
    page.button[0].click().run()
    noted = page.session_state["noted"]
    first, second, third = noted[:2], noted[2:5], noted[5:]
    assert [where for where, _, _ in second] == ["callback", "start", "end"]
    assert [len({reference for _, reference, _ in run}) for run in (first, second, third)] == [1, 1, 1]
    assert len({run[0][1] for run in (first, second, third)}) == 3
    assert [user for _, _, user in noted] == [None, "pm", *6 * ["pm"]]  # the session's, before the script says so
