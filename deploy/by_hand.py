"""A command of the dashboard with the settings of the service, for an administrator of the machine:

    sudo -u cpm /opt/cpm/current/.venv/bin/python /opt/cpm/current/deploy/by_hand.py check

The settings are those of /etc/cpm/cpm.env (or of the file that CPM_SETTINGS names), read as systemd reads them.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def settings(path: Path) -> dict[str, str]:
    lines = (line.strip() for line in path.read_text("utf-8").splitlines())
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


if __name__ == "__main__":
    try:
        os.environ.update(settings(Path(os.environ.get("CPM_SETTINGS", "/etc/cpm/cpm.env"))))
    except OSError as problem:
        sys.exit(f"{problem.filename} can't be read: run this as the account of the service (sudo -u cpm …).")
    os.umask(0o077)
    os.environ["PYTHONPATH"] = str(ROOT)  # and not the folder that one stands in: file names given are looked for there
    os.execv(sys.executable, [sys.executable, "-m", "cpm_metrics", *sys.argv[1:]])
