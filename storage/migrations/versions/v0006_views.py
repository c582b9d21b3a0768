"""Views for people who work in the store directly. docs/storage.md lists their columns and units."""

from __future__ import annotations

from collections.abc import Mapping

from alembic import op

revision = "0006"
down_revision = "0005"

# What an account has booked, and when first, stands in the newest version that names it, so that it can be added up. A
# modification is the step that was made with the next version of the statement: at the same moment by the same person.
# A face or price with decimals is exact on Snowflake; on SQLite, where it is a scaled integer, a view shows a float
_VIEWS = {
    "allocations": """
        SELECT f.statement_id, f.order_id, f.version, f.created_at AS stated_at, f.created_by AS stated_by,
               f.group_ticker, f.asset_id, f.label, f.side, f.engine, f.ordered, f.placed,
               f.ordered - f.placed AS unallocated, f.metric, f.dispersion_before, f.dispersion_after, f.improvement,
               f.sha256
        FROM statement_figures f""",
    "allocation_lines": """
        SELECT l.order_id, l.version, f.created_at AS stated_at, f.group_ticker, f.asset_id, f.side, f.engine,
               l.account_id, {wish} AS wish, {asked} AS asked, l.face, {share} AS share_of_wish, {money} AS money,
               l.cap_rule, l.cap_face, l.reason, {booked} AS booked, o.first_filled_at,
               {seconds} AS seconds_to_first_fill
        FROM (SELECT s.*, MAX(s.version) OVER (PARTITION BY s.order_id, s.account_id) AS newest
              FROM statement_lines s) l
        JOIN statement_figures f ON f.order_id = l.order_id AND f.version = l.version
        LEFT JOIN order_lines o ON o.order_id = l.order_id AND o.account_id = l.account_id AND l.version = l.newest""",
    "order_memoranda": """
        SELECT o.id AS order_id, l.account_id, o.group_ticker, o.side, o.asset_id, o.label, o.currency,
               l.face, o.face AS block_face, o.ordered AS block_ordered, {limit_price} AS limit_price,
               o.settlement, o.trade_date, o.recommended_by, o.placed_by, o.discretionary,
               f.created_at AS stated_at, o.entered_at, o.broker_id, o.state, {booked_line} AS booked,
               {average_price} AS average_price, o.statement_id, o.statement_sha256
        FROM orders o
        JOIN order_lines l ON l.order_id = o.id
        JOIN statement_figures f ON f.statement_id = o.statement_id""",
    "order_changes": """
        SELECT e.order_id, e.version, e.happened_at, e.actor, e.event, e.state,
               CASE WHEN e.event IN ('canceled', 'expired', 'lapsed', 'refused', 'rejected') THEN 'cancellation'
                    WHEN e.version = 1 THEN 'entry'
                    WHEN m.order_id IS NOT NULL THEN 'modification'
                    ELSE 'step' END AS kind,
               CASE WHEN e.reason <> '' THEN e.reason ELSE e.detail END AS reason,
               e.ordered, e.face, {event_limit} AS limit_price, e.settlement, e.broker_status, {event_filled} AS filled,
               {event_price} AS average_price
        FROM order_events e
        LEFT JOIN (SELECT DISTINCT s.order_id, s.created_at, s.created_by
                   FROM statement_figures s
                   WHERE s.version > 1) m
               ON m.order_id = e.order_id AND m.created_at = e.happened_at AND m.created_by = e.actor""",
    "account_fills": """
        SELECT s.order_id, s.version, s.account_id, o.group_ticker, o.asset_id, o.side, s.filled_at,
               {fill_booked} AS booked, {fill_delta} AS delta, {fill_price} AS average_price
        FROM fills s
        JOIN orders o ON o.id = s.order_id""",
    "user_activity": """
        SELECT a.done_at, a.username, a.action, a.about, a.detail FROM activity a""",
}

_EXACT = {  # placeholder: (column, decimals)
    "wish": ("l.wish", 2),
    "asked": ("l.asked", 2),
    "money": ("l.money", 2),
    "booked": ("o.booked", 6),
    "booked_line": ("l.booked", 6),
    "limit_price": ("o.limit_price", 12),
    "average_price": ("o.average_price", 12),
    "event_limit": ("e.limit_price", 12),
    "event_filled": ("e.filled", 6),
    "event_price": ("e.average_price", 12),
    "fill_booked": ("s.booked", 6),
    "fill_delta": ("s.delta", 6),
    "fill_price": ("s.average_price", 12),
}


def upgrade() -> None:
    for name, query in _VIEWS.items():  # an upgrade that was cut short can simply be run again
        replace(name, query)


def replace(name: str, query: str) -> None:
    """Make a view, or make it anew; exact columns stand in `query` by their names in `_EXACT`."""
    dialect = op.get_context().dialect.name
    told = query.format(**_parts(dialect))
    if dialect == "snowflake":  # what other roles were granted on a view stays theirs
        op.execute(f"CREATE OR REPLACE VIEW {name} COPY GRANTS AS {told}")
    else:
        op.execute(f"DROP VIEW IF EXISTS {name}")
        op.execute(f"CREATE VIEW {name} AS {told}")


def _parts(dialect: str) -> Mapping[str, str]:
    if dialect == "snowflake":
        exact = {name: column for name, (column, _) in _EXACT.items()}
        seconds = "DATEDIFF('millisecond', l.ordered_at, o.first_filled_at) / 1000.0"
    else:
        exact = {name: f"{column} / 1e{decimals}" for name, (column, decimals) in _EXACT.items()}
        seconds = "ROUND((julianday(o.first_filled_at) - julianday(l.ordered_at)) * 86400, 3)"
    wish = f"({exact['wish']})"
    return {**exact, "seconds": seconds, "share": f"l.face / NULLIF({wish}, 0)"}
