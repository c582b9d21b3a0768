"""The image and the compose file, as far as they can be read; and the app as the image runs it, on a root that nobody
may write to."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from settings import Settings
from tests.browser.server import ROOT, START_SECONDS, free_port, own_environment

# the root as in the container; the app's own folder is a mount that stays as it is
READ_ONLY = """
set -e
mount --make-rprivate /
mount --bind "$KEPT" "$KEPT"
mount -o remount,ro,bind /
if touch "$PWD/written" 2>/dev/null; then echo "this root may be written to" >&2; exit 9; fi
exec "$@"
"""


def stages() -> list[list[tuple[str, str]]]:
    """The instructions of the Dockerfile, stage by stage."""
    text = re.sub(r"^\s*#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    lines = [(line.split(None, 1)[0], line.split(None, 1)[1]) for line in text.splitlines() if line.strip()]
    starts = [place for place, (word, _) in enumerate(lines) if word == "FROM"]
    return [lines[start:end] for start, end in zip(starts, [*starts[1:], len(lines)], strict=True)]


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return found


def test_what_runs_is_no_root_has_no_pip_and_says_how_it_is() -> None:
    built, last = stages()[:-1], dict(stages()[-1])
    assert built
    assert last["FROM"] == "python:3.11-slim"
    assert last["USER"] == "10001:10001"
    assert last["VOLUME"] == "/data"
    assert "/health/ready" in last["HEALTHCHECK"]
    assert not any(word == "RUN" and "pip" in what for word, what in stages()[-1])
    assert all(what.startswith("--from=") for word, what in stages()[-1] if word == "COPY")


def test_no_secret_and_no_data_goes_into_the_image() -> None:
    kept_out = (ROOT / ".dockerignore").read_text().split()
    assert {".env*", ".streamlit/secrets.toml", "data", "**/.git*"} <= set(kept_out)
    every = [path.name for path in ROOT.iterdir() if path.suffix == ".py"] + ["pages", "ui", "requirements.txt"]
    assert not set(every) & set(kept_out)


def test_both_containers_are_held_as_tight_and_write_to_one_volume() -> None:
    services = compose()["services"]
    assert set(services) == {"app", "worker"}
    for service in services.values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["volumes"] == ["data:/data"]
        assert [mount.split(":")[0] for mount in service["tmpfs"]] == ["/tmp"]
        assert {name.lower() for name in service["environment"]} <= set(Settings.model_fields)
    assert services["app"]["environment"]["WORKER_EMBEDDED"] == "false"
    assert services["app"]["environment"]["ALADDIN_PROCESSES"] == str(len(services))
    assert services["app"]["ports"] == ["127.0.0.1:8501:8501"]  # nobody comes past the proxy
    assert services["worker"]["network_mode"] == "service:app"


@pytest.mark.soak
def test_the_app_runs_where_only_its_data_and_temporary_files_may_be_written(tmp_path: Path) -> None:
    unshare = shutil.which("unshare")
    if unshare is None or subprocess.run([unshare, "-m", "true"], capture_output=True).returncode:
        pytest.skip("this machine lets nobody have mounts of their own")
    (tmp_path / "tmp").mkdir()
    port = free_port()
    own = {"DATA_DIR": str(tmp_path / "data"), "TMPDIR": str(tmp_path / "tmp"), "HOME": str(tmp_path / "tmp")}
    env = own_environment(own | {"KEPT": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"})
    command = [unshare, "-m", "sh", "-c", READ_ONLY, "sh", sys.executable, "-m", "streamlit", "run", "app.py"]
    command += ["--server.address", "127.0.0.1", "--server.port", str(port)]
    with (tmp_path / "app.log").open("wb") as log:
        app = subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=log)
    try:
        assert _ready(app, f"http://127.0.0.1:{port}/health/ready"), (tmp_path / "app.log").read_text()
    finally:
        app.terminate()
        assert app.wait(30) is not None
    said = (tmp_path / "app.log").read_text()
    assert "Read-only file system" not in said
    assert "Traceback" not in said
    assert not any((tmp_path / "tmp").iterdir()), "nothing is left behind"


def _ready(app: subprocess.Popen[bytes], url: str) -> bool:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and app.poll() is None:
        try:
            if httpx.get(url, trust_env=False, timeout=20).is_success:
                return True
        except httpx.TransportError:
            pass  # not listening yet
        time.sleep(0.2)
    return False
