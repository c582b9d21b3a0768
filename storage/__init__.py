"""The store: orders, statements, the audit log and sign-ins, in one SQL schema."""

from storage.activity import SqlActivity
from storage.engine import open_engine, open_store
from storage.failures import require_whole
from storage.history import SqlHistory
from storage.ledger import SqlLedger
from storage.marks import SqlMarks
from storage.memory import Memory
from storage.migrations import migrate
from storage.people import SqlPeople
from storage.sign_ins import SqlSignIns

__all__ = [
    "Memory",
    "SqlActivity",
    "SqlHistory",
    "SqlLedger",
    "SqlMarks",
    "SqlPeople",
    "SqlSignIns",
    "migrate",
    "open_engine",
    "open_store",
    "require_whole",
]
