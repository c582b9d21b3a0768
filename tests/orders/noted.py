"""Activity that is only remembered."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Noted:
    """What users did, in order."""

    deeds: list[tuple[str, str, str, str]] = field(default_factory=list)

    def note(self, username: str, action: str, about: str, detail: str = "") -> None:
        self.deeds.append((username, action, about, detail))
