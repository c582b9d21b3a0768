"""`python -m tests.advisories` asks whether anything we install is known to be vulnerable, and ends with 1 where it is.

Where the advisories cannot be had, as on a machine without the internet, it says so loudly and ends with 0: no answer
says nothing of this program. pip-audit itself would say "No known vulnerabilities found" of what it could not look up.
It lives in an environment of its own, which is made here."""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
AUDITED = ("requirements.txt", "requirements-dev.txt")
ENVIRONMENT = ROOT / ".venv-audit"
OURS = Path(__file__).with_name("requirements.txt")
SECONDS = 300  # for either step

# Known, and no danger here: why.
ACCEPTED: Mapping[str, str] = {
    "CVE-2025-69872": "diskcache unpickles what it reads; ours is told to keep JSON (aladdin/reading/cache.py), in a "
    "folder of its owner's alone.",
}


def main() -> int:
    """Ask, and say what came of it."""
    try:
        report = _asked()
    except (subprocess.SubprocessError, OSError, ValueError) as error:
        return _say(1, f"NOTHING WAS AUDITED: pip-audit could not be run here ({_words(error)}).", code=0)
    return judged(report)


def judged(report: Mapping[str, Any]) -> int:
    """Say what pip-audit's report comes to; 1 where anything is vulnerable that is not accepted."""
    packages = report["dependencies"]
    skipped = [package["name"] for package in packages if "skip_reason" in package]
    found = [
        f"{package['name']} {package['version']}: {', '.join(sorted(_names(flaw)))}, "
        f"mended in {', '.join(flaw['fix_versions']) or 'no version yet'}"
        for package in packages
        for flaw in package.get("vulns", ())
        if not _names(flaw) & set(ACCEPTED)
    ]
    if found:
        return _say(len(found), "Known to be vulnerable:", *found, code=1)
    if skipped:
        return _say(
            len(skipped),
            f"{'NOTHING' if len(skipped) == len(packages) else 'NOT EVERYTHING'} WAS AUDITED: no advisories could be "
            f"had of {len(skipped)} of {len(packages)} packages. Run `make audit` where the internet can be reached.",
            code=0,
        )
    return _say(0, f"None of {len(packages)} packages is known to be vulnerable.", code=0)


def _names(flaw: Mapping[str, Any]) -> set[str]:
    return {flaw["id"], *flaw.get("aliases", ())}


def _asked() -> dict[str, Any]:
    program = ENVIRONMENT / "bin" / "pip-audit"
    if not program.exists() or program.stat().st_mtime < OURS.stat().st_mtime:
        venv.create(ENVIRONMENT, with_pip=True)
        pip: list[str | Path] = [
            ENVIRONMENT / "bin" / "python",
            "-m",
            "pip",
            "install",
            "-q",
            "--disable-pip-version-check",
        ]
        subprocess.run([*pip, "--force-reinstall", "-r", OURS], check=True, timeout=SECONDS)
    command: list[str | Path] = [program, "--disable-pip", "--no-deps", "--progress-spinner", "off", "-f", "json"]
    for name in AUDITED:
        command += ["-r", ROOT / name]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    if not done.stdout.strip():
        raise OSError(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"it ended {done.returncode}")
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def _words(error: Exception) -> str:
    return " ".join(str(error).split())[:300]


def _say(count: int, *lines: str, code: int) -> int:
    frame = "!" * 100 if count else ""
    sys.stdout.write("\n".join(filter(None, (frame, *lines, frame))) + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
