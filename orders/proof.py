"""What a proof of least dispersion takes as given, in words: without it a sentence would claim too much."""

from __future__ import annotations

from collections.abc import Sequence

from allocation.proposal import Proposal

_NAMED = 3  # accounts; more are counted


def conditions(proposal: Proposal) -> tuple[str, ...]:
    """The conditions under which the proposal's certificate holds, beside caps, pieces and the face that is placed;
    empty without a certificate."""
    proof = proposal.certificate
    if proof is None:
        return ()
    found = []
    if locked := sorted(proposal.choices.locked):
        found.append(f"with {_named(locked)} locked as {'it is' if len(locked) == 1 else 'they are'}")
    if out := proposal.effect.excluded:
        counted = len(proposal.accounts) - len(out)
        found.append(f"over the {counted} accounts that count, at the {proof.face:,} placed with them")
    if nothing := [line.account_id for line in proposal.lines if _gave_way(line.cap.rule, line.cap.face)]:
        found.append(f"with nothing for {_named(nothing)}, below a minimum allocation")
    return tuple(found)


def _gave_way(rule: str, face: int) -> bool:
    return rule == "minimum allocation" and face == 0


def _named(accounts: Sequence[str]) -> str:
    """A, B and 4 more"""
    named = ", ".join(accounts[:_NAMED])
    return named if len(accounts) <= _NAMED else f"{named} and {len(accounts) - _NAMED} more"
