from __future__ import annotations

import subprocess

import pytest

from tests.advisories import __main__ as advisories

SOUND = {"name": "sound", "version": "1.0", "vulns": []}
UNKNOWN = {"name": "unknown", "skip_reason": "Dependency not found on PyPI and could not be audited: unknown (1.0)"}


def flawed(*names: str) -> dict[str, object]:
    return {
        "name": "flawed",
        "version": "2.1",
        "vulns": [{"id": names[0], "fix_versions": ["2.2"], "aliases": list(names[1:])}],
    }


def test_a_vulnerable_package_fails_the_audit_with_the_version_that_mends_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert advisories.judged({"dependencies": [SOUND, UNKNOWN, flawed("PYSEC-2026-1", "CVE-2026-1")]}) == 1
    assert "flawed 2.1: CVE-2026-1, PYSEC-2026-1, mended in 2.2" in capsys.readouterr().out


def test_one_that_was_looked_at_and_accepted_passes_under_each_of_its_names(capsys: pytest.CaptureFixture[str]) -> None:
    (accepted,) = advisories.ACCEPTED
    assert advisories.judged({"dependencies": [SOUND, flawed("GHSA-xxxx", accepted)]}) == 0
    assert capsys.readouterr().out == "None of 2 packages is known to be vulnerable.\n"


def test_what_could_not_be_looked_up_is_never_called_sound(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert advisories.judged({"dependencies": [UNKNOWN, UNKNOWN]}) == 0
    assert "NOTHING WAS AUDITED: no advisories could be had of 2 of 2 packages." in capsys.readouterr().out
    assert advisories.judged({"dependencies": [SOUND, UNKNOWN]}) == 0
    assert "NOT EVERYTHING WAS AUDITED: no advisories could be had of 1 of 2" in capsys.readouterr().out

    def unreachable() -> dict[str, object]:
        raise subprocess.CalledProcessError(1, ["pip", "install"])

    monkeypatch.setattr(advisories, "_asked", unreachable)
    assert advisories.main() == 0
    assert "NOTHING WAS AUDITED: pip-audit could not be run here" in capsys.readouterr().out
