"""The store: orders, statements, the audit log and sign-ins, in one SQL schema."""

from storage.engine import open_engine
from storage.ledger import SqlLedger
from storage.migrations import migrate
from storage.sign_ins import SqlSignIns

__all__ = ["SqlLedger", "SqlSignIns", "migrate", "open_engine"]
