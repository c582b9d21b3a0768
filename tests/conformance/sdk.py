"""BlackRock's SDK, fetched at test time: its wheels, which carry the published descriptions, and an environment of its
own to run it in. Both are kept under build/ until the versions asked for change."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from aladdin.simulator.process import PROJECT

REQUIREMENTS = Path(__file__).with_name("requirements.txt")
CACHE = PROJECT / "build" / "conformance"
_PIP = ("-m", "pip", "--disable-pip-version-check", "--quiet")


def wheels() -> list[Path]:
    """The wheels of the SDK and its plugins, without what they depend on."""
    folder, ready = CACHE / "wheels", CACHE / "wheels.txt"
    if _stale(ready):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        names = [line for line in REQUIREMENTS.read_text().splitlines() if line.startswith(("aladdinsdk", "asdk"))]
        _run(sys.executable, *_PIP, "download", "--no-deps", "--dest", str(folder), *names)
        shutil.copy(REQUIREMENTS, ready)
    return sorted(folder.glob("*.whl"))


def interpreter() -> Path:
    """The Python of an environment in which the SDK is installed."""
    folder, ready = CACHE / "sdk", CACHE / "sdk.txt"
    python = folder / "bin" / "python"
    if _stale(ready) or not python.exists():
        shutil.rmtree(folder, ignore_errors=True)
        _run(sys.executable, "-m", "venv", str(folder))
        _run(str(python), *_PIP, "install", "--requirement", str(REQUIREMENTS))
        shutil.copy(REQUIREMENTS, ready)
    return python


def _stale(ready: Path) -> bool:
    """Whether what is there was not finished, or is of other versions."""
    return not ready.exists() or ready.read_text() != REQUIREMENTS.read_text()


def _run(*command: str) -> None:
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, f"{' '.join(command)}\n{ended.stdout}{ended.stderr}"
