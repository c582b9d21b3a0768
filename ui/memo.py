"""A statement as a memo to be printed: one HTML file that needs nothing else, in which no text of a book is markup."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from allocation.engines import ENGINES
from allocation.engines.options import Choice, Option
from allocation.proposal import Effect, Proposal
from orders.canonical import canonical
from orders.frozen import Frozen
from ui import formats, proposal_words, session

_ROW, _LEFT, _WIDE = 18, 130, 560  # pixels of the chart
_HEADS = ("Account", "Name", "#Face", "#Money", "", "#Before", "#After", "Stopped at", "Why")
_STYLE = """
body{font:13px/1.45 system-ui,sans-serif;color:#1b2430;max-width:1000px;margin:2em auto;padding:0 1em}
h1{font-size:20px}h2{font-size:15px;margin-top:1.6em}table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:3px 8px;border-bottom:1px solid #d5dae1}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
code{overflow-wrap:anywhere}tr{break-inside:avoid}@page{margin:14mm}
"""


def html(frozen: Frozen) -> str:
    """The memo of a statement, from its text alone."""
    proposal, sentence = (
        frozen.proposal,
        proposal_words.sentence(frozen.proposal.block, frozen.proposal.block.bond.label, frozen.group),
    )
    effect, was = proposal.effect, frozen.statement
    return "".join(
        (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
            f"<title>{escape(was.id)}</title><style>{_STYLE}</style></head><body>",
            f"<h1>{escape(sentence)}</h1>",
            _table((), _about(frozen)),
            "<h2>Accounts</h2>",
            _table(_HEADS, _lines(frozen)),
            _part("Not placed, and why", ("#Face", "Reason"), [
                (formats.face(row.face), row.reason) for row in proposal.unallocated
            ]),
            f"<h2>{escape(effect.metric.label)}, {escape(effect.metric.unit)}: before (rings) and after</h2>",
            _chart(effect),
            _part("Warnings, and why they were accepted", ("Warning", "Reason"), [*frozen.reasons.items()]),
            _part("Notes", ("",), [(note,) for note in proposal.notes]),
            _part("Limits in force", ("Account", "Rule", "Of", "#Limit"), [
                (row.account_id, row.rule.label, row.of, row.value) for row in proposal.limits.rows
            ]),
            _part("Versions", ("", ""), [*frozen.versions.items(), ("format", str(frozen.format))]),
            f"<p>SHA-256 of the statement's text<br><code>{escape(was.sha256)}</code></p></body></html>",
        )
    )  # fmt: skip


def _about(frozen: Frozen) -> Iterable[tuple[str, str]]:
    proposal, was = frozen.proposal, frozen.statement
    effect = proposal.effect
    yield "Statement", f"{was.id}, version {was.version} of order {was.order_id}"
    by = session.person(was.created_by)
    who = was.created_by if by == was.created_by else f"{by} ({was.created_by})"
    yield "Confirmed", f"by {who}, {formats.moment(was.created_at)}"
    yield "Figures read", formats.moment(frozen.read_at)
    yield "Book", f"{frozen.book.name}, {formats.day(frozen.book.as_of)}"
    yield "Security", f"{proposal.block.bond.label} ({proposal.block.bond.asset_id})"
    yield "Method", _method(proposal)
    yield "Ordered, placed", f"{formats.face(proposal.block.face)}, {formats.face(proposal.placed)}"
    both = (effect.dispersion_before, effect.dispersion_after)
    before, after = (formats.dispersion(value, effect.metric) for value in both)
    moved = f"{before} before, {after} after: {formats.width(effect.improvement)}"
    yield "Judged by", f"{effect.metric.label}, {effect.metric.unit}"
    yield "Dispersion", moved if effect.after else "nobody counts in it"
    if effect.excluded:
        yield "Left out of it", "; ".join(f"{account} ({reason})" for account, reason in effect.excluded.items())
    if (proof := proposal.certificate) is not None:
        yield "Proven bound", f"{formats.dispersion(proof.bound, effect.metric)}, {proof.status}"
    yield "Partial fills", frozen.fills.label
    if frozen.comment:
        yield "Comment", frozen.comment
    if frozen.override:
        yield "Cash not respected", frozen.override


def _method(proposal: Proposal) -> str:
    """The engine and what was chosen of its options, in the words of the screens."""
    given = dict(proposal.choices.parameters)
    if proposal.engine not in ENGINES:  # of a version that had another
        return f"{proposal.engine} {canonical(given)}"
    engine = ENGINES[proposal.engine]
    said = [
        f"{option.label}: {_value(option, given[option.name])}" for option in engine.options if given.get(option.name)
    ]
    return "; ".join((engine.label, *said))


def _value(option: Option, value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{account} {each:,}" for account, each in value.items())
    return option.choices.get(value, str(value)) if isinstance(option, Choice) else str(value)


def _lines(frozen: Frozen) -> Iterable[Sequence[str]]:
    effect = frozen.proposal.effect
    for line, account in zip(frozen.proposal.lines, frozen.proposal.accounts, strict=True):
        yield (
            account.id,
            account.name,
            formats.face(line.face),
            formats.money(line.money),
            account.currency,
            formats.metric(effect.before.get(account.id), effect.metric),
            formats.metric(effect.after.get(account.id), effect.metric),
            line.cap.rule if line.capped else "",
            line.reason,
        )


def _part(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table under its title; nothing where there is no row."""
    return f"<h2>{escape(title)}</h2>{_table(heads, rows)}" if rows else ""


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Columns whose heading begins with # stand at the right."""
    right = [head.startswith("#") for head in heads]
    top = "".join(_cell("th", head.removeprefix("#"), at) for head, at in zip(heads, right, strict=True))
    right += [False] * 2  # a table without headings has two columns
    body = ("".join(_cell("td", text, at) for text, at in zip(row, right, strict=False)) for row in rows)
    return f"<table>{f'<tr>{top}</tr>' if any(heads) else ''}{''.join(f'<tr>{row}</tr>' for row in body)}</table>"


def _cell(tag: str, text: str, right: bool) -> str:
    return f"<{tag}{' class=n' if right else ''}>{escape(text)}</{tag}>"


def _chart(effect: Effect) -> str:
    """A line for each account, from where it was to where it ends."""
    order = sorted(effect.before, key=lambda account: (-effect.before[account], account))
    values = [*effect.before.values(), *effect.after.values()]
    low, reach = (min(values), (max(values) - min(values)) or 1.0) if values else (0.0, 1.0)

    def x(value: float) -> str:
        return f"{_LEFT + 10 + (value - low) / reach * (_WIDE - _LEFT - 20):.1f}"

    rows = []
    for place, account in enumerate(order):
        y, before, after = _ROW * place + _ROW // 2, x(effect.before[account]), x(effect.after[account])
        rows.append(
            f'<text x="{_LEFT - 6}" y="{y + 4}" text-anchor="end" font-size="11">{escape(account)}</text>'
            f'<line x1="{before}" y1="{y}" x2="{after}" y2="{y}" stroke="#2563eb" stroke-width="2"/>'
            f'<circle cx="{before}" cy="{y}" r="4" fill="#fff" stroke="#6b7280" stroke-width="2"/>'
            f'<circle cx="{after}" cy="{y}" r="4.5" fill="#2563eb"/>'
        )
    return f'<svg role="img" width="{_WIDE}" height="{_ROW * len(order)}">{"".join(rows)}</svg>'
