"""Account: who you are at this desk, and your password."""

from __future__ import annotations

import streamlit as st

from orders.model import EVERY_GROUP, Permission
from ui import account, formats, frame, session

user = session.require_user(Permission.VIEW)
frame.strip()
st.title("Account")
with st.container(horizontal=True, gap="medium"):
    roles = ", ".join(sorted(role.label for role in user.roles))
    every = EVERY_GROUP in user.groups
    entitled = "every group" if every else formats.count(len(user.groups), "group")
    st.metric("Username", user.username, width="content", help="what you sign in with")
    st.metric("Role", roles, width="content", help="what you may do")
    st.metric("Entitled to", entitled, width="content", help="whose accounts and orders you see")
st.caption(
    f"You are {user.name}. Roles and groups are given by an administrator"
    f"{'' if every or not user.groups else ': ' + ', '.join(sorted(user.groups))}."
)
st.subheader("Password")
if provider := session.office().gate.elsewhere:
    st.caption(f"Your password is kept by {provider}: change it there.")
else:
    account.form(session.office().gate)
