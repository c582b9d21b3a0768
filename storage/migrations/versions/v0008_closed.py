"""An order that was closed here, because Aladdin does not show it any more, is a cancellation among the changes."""

from __future__ import annotations

from storage.migrations.versions.v0006_views import replace

revision = "0008"
down_revision = "0007"

_CHANGES = """
    SELECT e.order_id, e.version, e.happened_at, e.actor, e.event, e.state,
           CASE WHEN e.event IN ('canceled', 'close', 'close agreed', 'decline', 'expired', 'lapsed', 'refused',
                                 'rejected', 'withdraw')
                     THEN 'cancellation'
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
           ON m.order_id = e.order_id AND m.created_at = e.happened_at AND m.created_by = e.actor"""


def upgrade() -> None:
    replace("order_changes", _CHANGES)
