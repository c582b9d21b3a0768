"""The front door. `streamlit run app.py` serves the screens, with `/health/live` and `/health/ready` beside them, and
runs the worker unless that runs apart. The server imports this file as `app`, each screen runs it as a script."""

from __future__ import annotations

import gc
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import streamlit as st
import structlog
from starlette.middleware import Middleware

from allocation.errors import EvenlotError
from bootstrap import House, house, leave_house, open_houses
from endpoints import routes
from guard import ANY, Guard
from orders.errors import OutsideError, SettingsError, WrongBook
from orders.model import Permission, User
from settings import read_part
from ui import keys, look, runs, session, story
from ui.sign_in import Gate
from watch import references

log = structlog.get_logger()
runs.have_references()

RETRY_SECONDS = 5
LONGEST_PAUSE = 60  # between greetings: a client whose credentials are refused too often may be locked out

_greeted = threading.Event()  # Aladdin has answered since the start

PAGES: dict[str, list[tuple[str, str, str, Permission | None]]] = {  # section -> (file, title, icon, what it takes)
    "Trade": [
        ("groups", "Groups", ":material/groups:", Permission.VIEW),
        ("securities", "Securities", ":material/search:", Permission.VIEW),
        ("allocate", "Allocate", ":material/balance:", Permission.PREVIEW),
        ("orders", "Orders", ":material/receipt_long:", Permission.VIEW),
        ("batch", "Batch", ":material/playlist_add_check:", Permission.CONFIRM),
        ("limits", "Limits", ":material/rule:", Permission.VIEW),
    ],
    "Analyse": [
        ("compare", "Compare", ":material/compare:", Permission.PREVIEW),
        ("history", "History", ":material/history:", Permission.VIEW),
        ("profit", "Profit and loss", ":material/finance:", Permission.VIEW),
    ],
    "Control": [
        ("reconcile", "Reconcile", ":material/compare_arrows:", Permission.VIEW),
        ("approvals", "Approvals", ":material/how_to_reg:", Permission.APPROVE),
        ("audit", "Audit", ":material/policy:", Permission.AUDIT),
        ("system", "System", ":material/monitor_heart:", Permission.VIEW),
        ("users", "Users", ":material/manage_accounts:", Permission.ADMINISTER),
        ("account", "Account", ":material/account_circle:", None),  # reached from the user's name
    ],
}


def screens() -> None:
    """One run of the script: who is here, which page, and that page."""
    look.tab()
    look.wear()
    try:
        session.open_office(house().office)
    except EvenlotError as error:
        st.title("Evenlot cannot start")
        st.error(str(error))
        st.stop()
    gate = session.office().gate
    try:
        user = gate.arrive()
    except (OutsideError, SettingsError) as error:  # whoever is signed in stays so, and cannot be checked
        st.title("Evenlot")
        _store_is_away(str(error))
        st.button("Try again")
        st.stop()
    runs.belong_to(user.username if user else "")
    inside = user is not None and not gate.must_choose()
    page = st.navigation(
        {"": [st.Page(_front, title="Groups", url_path="groups", visibility="hidden")]}
        | {
            section: [
                st.Page(
                    f"pages/{name}.py",
                    title=title,
                    icon=icon,
                    url_path=name if name != "groups" else "front",  # the default one has the root, whatever is said
                    default=name == "groups",
                    # every page is declared for everyone, or a deep link would be lost at sign-in
                    visibility="visible" if user and inside and permission and user.may(permission) else "hidden",
                )
                for name, title, icon, permission in pages
            ]
            for section, pages in PAGES.items()
        },
        position="sidebar" if inside else "hidden",
    )
    gate.mount()
    if user is not None:
        if not runs.by_itself():
            gate.touch()
        _who(user, gate, inside)
        _what_is_new(gate)
        if inside:
            story.draw(user, page.url_path or "groups")
    else:
        _warn_of_the_store()
    page.run()


def _front() -> None:
    """/groups is an address as well: of the page that Streamlit has at the root alone."""
    st.switch_page("pages/groups.py", query_params={name: st.query_params.get_all(name) for name in st.query_params})


def _warn_of_the_store() -> None:
    """Say above the sign-in form, before anybody types, that the store does not answer."""
    away = next((pulse.sentence for pulse in session.office().pulses() if pulse.name == "Store" and not pulse.well), "")
    if away:
        _store_is_away(away)


def _store_is_away(said: str) -> None:
    reference = references.told()
    log.warning("nobody can sign in", reference=reference, error=said)
    st.warning(
        "The ledger does not answer, so nobody can sign in or go on just now. Try again in a minute; tell your "
        f"administrator reference {reference}.",
        icon=":material/cloud_off:",
    )


def _what_is_new(gate: Gate) -> None:
    """What the user has to know of the sign-in: of the last session, and of rights that cannot be looked up now."""
    if said := gate.news():
        st.toast(said, icon=":material/info:", duration="long")
    if doubt := gate.doubt():
        st.warning(doubt, icon=":material/lock_clock:")


def _who(user: User, gate: Gate, inside: bool) -> None:
    with st.sidebar:
        roles = ", ".join(sorted(role.label for role in user.roles))
        st.caption(f"{user.name} · {roles}")
        if inside:
            story.menu(user)
            st.page_link("pages/account.py", label="Account", icon=":material/account_circle:")
        st.button("Sign out", icon=":material/logout:", on_click=gate.sign_out, key="sign_out")
        keys.card()


@asynccontextmanager
async def lifespan(_: Any) -> AsyncIterator[None]:
    """Open the house and let the worker run while the server does."""
    _close_the_pages_folder()
    closing = threading.Event()
    worker = threading.Thread(target=_keep_watch, args=(closing,), name="worker")
    worker.start()
    _lighten_the_collector()
    try:
        yield
    finally:
        closing.set()
        for opened in open_houses():
            opened.dispatch.stop()
        worker.join()
        leave_house()


def _keep_watch(closing: threading.Event) -> None:
    """Open the house and work in it, unless the worker runs apart. A fault that may pass is tried again."""
    while not closing.is_set():
        try:
            opened = house()
        except (SettingsError, WrongBook):
            return  # the screens say why nothing works; it takes a restart to mend it
        except EvenlotError as error:
            log.error("the house could not be opened yet", error=str(error))
            closing.wait(RETRY_SECONDS)
            continue
        greeter = threading.Thread(target=_greet, args=(opened, closing), name="greeter")
        greeter.start()
        if opened.embedded_worker and not closing.is_set():
            opened.dispatch.run()
        greeter.join()
        return


def _greet(opened: House, closing: threading.Event) -> None:
    """Ask Aladdin until it has answered once; only then is the app ready."""
    pause = RETRY_SECONDS
    while not closing.is_set():
        try:
            opened.greet()
        except OutsideError as error:
            log.warning("no answer from Aladdin yet", error=str(error))
            closing.wait(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
            continue
        except EvenlotError as error:  # an answer all the same; the screens say it of the group it is about
            log.warning("Aladdin answers, and refuses the first group", error=str(error))
        _greeted.set()
        return


def _close_the_pages_folder() -> None:
    """Streamlit would otherwise serve pages/*.py by itself, without sign-in, until the first `st.navigation`."""
    from streamlit.runtime.pages_manager import PagesManager

    PagesManager.uses_pages_directory = False


def _lighten_the_collector() -> None:
    """Streamlit collects all garbage after every script run; what is imported by now need not be looked at again."""
    import pandas
    import plotly.graph_objects

    for module in (pandas, plotly.graph_objects):
        log.debug("imported ahead", module=module.__name__)
    gc.freeze()


def _hosts() -> tuple[str, ...]:
    """The names we answer to. Where the settings cannot be used nothing is behind the screens but a sentence that says
    so, which may be read under any name."""
    try:
        return read_part().allowed_hosts
    except SettingsError:
        return (ANY,)


def _secrets() -> dict[str, Any] | None:
    """What `st.login` asks for, where users sign in at a provider."""
    try:
        oidc = read_part().oidc
    except SettingsError:  # the screens say it
        return None
    return None if oidc is None else {"auth": oidc}


def on_script_error(error: BaseException) -> bool:
    """One sentence, ours or of a defect, and a reference that finds it in the logs."""
    reference = references.told()
    if isinstance(error, EvenlotError):  # as when the store that sign-in needs does not answer
        log.warning("outside failure shown", reference=reference, error=str(error), kind=type(error).__name__)
        st.error(f"{error} Reference {reference}.", icon=":material/cloud_off:")
        return True
    log.error("a screen broke", reference=reference, exc_info=error)
    st.error(
        f"Something went wrong on our side. Look at Orders before you repeat what you did. Reference {reference}.",
        icon=":material/error:",
    )
    return True


if __name__ == "__main__":
    screens()
else:
    app = st.App(
        "app.py",
        secrets=_secrets(),
        routes=routes(_greeted.is_set),
        lifespan=lifespan,
        middleware=[Middleware(Guard, hosts=_hosts())],
        on_script_error=on_script_error,
    )
