"""The project's commands, for any machine with Python 3.11: `python tasks.py run`, `test`, `bench`, `lock`, `clean`.

Each makes what it needs (the environment in .venv, the invented sample, a browser for the tests) and says what it does.
Only the standard library is used here, because nothing else is installed yet. `make run` and `make test` call it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENV = HERE / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = VENV / "installed-requirements"
LOCK = HERE / "requirements.txt"


def call(*command: object, **kwargs) -> None:
    """Run a command in the project's folder; a failure ends the task with its exit code."""
    done = subprocess.run([str(part) for part in command], cwd=HERE, check=False, **kwargs)
    if done.returncode:
        sys.exit(done.returncode)


def apt(*packages: str) -> bool:
    """Install Debian packages where that is possible (Debian, as root or with sudo); say whether it was."""
    if not shutil.which("apt-get"):
        return False
    sudo = [] if os.geteuid() == 0 else [shutil.which("sudo") or ""]
    if sudo == [""]:
        return False
    quiet = {"env": os.environ | {"DEBIAN_FRONTEND": "noninteractive"}, "stdout": subprocess.DEVNULL}
    subprocess.run([*sudo, "apt-get", "update", "-qq"], check=False, **quiet)
    return subprocess.run([*sudo, "apt-get", "install", "-y", "-qq", *packages], check=False, **quiet).returncode == 0


def environment() -> None:
    """Make .venv and install exactly what requirements.txt locks; nothing to do when that was done before."""
    if sys.version_info[:2] < (3, 11):
        sys.exit(f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}.")
    wanted = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    if STAMP.exists() and STAMP.read_text() == wanted and PYTHON.exists():
        return
    if not PYTHON.exists():
        print("Making the environment in .venv …", flush=True)
        make = [sys.executable, "-m", "venv", str(VENV)]
        if subprocess.run(make, cwd=HERE, check=False).returncode:
            # Debian's Python comes without what venv needs to put pip in place.
            print("Installing python3-venv …", flush=True)
            if not apt("python3-venv"):
                sys.exit("Python's venv module is incomplete. As root: apt-get install python3-venv. Then try again.")
            shutil.rmtree(VENV, ignore_errors=True)
            call(*make)
    print("Installing what requirements.txt locks …", flush=True)
    call(PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r", LOCK)
    STAMP.write_text(wanted)


def browser() -> str:
    """The path of a Chromium for the browser tests, installed when there is none (Debian). Without one, the tests fail."""
    places = [os.environ.get("CHROMIUM_PATH"), "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]
    if os.name == "nt":
        places += [rf"{os.environ.get(base, '')}\{maker}" for base in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA")
                   for maker in (r"Google\Chrome\Application\chrome.exe", r"Microsoft\Edge\Application\msedge.exe")]  # fmt: skip
    for place in places:
        if place and Path(place).exists():
            return place
    print("Installing Chromium for the browser tests …", flush=True)
    if apt("chromium") and Path("/usr/bin/chromium").exists():
        return "/usr/bin/chromium"
    sys.exit("The browser tests need Chromium, Chrome or Edge. Install one, or set CHROMIUM_PATH to it, and try again.")


def postgres() -> None:
    """PostgreSQL for the tests of a state database there, installed when there is none (Debian). Without one, those tests fail."""
    found = shutil.which("initdb") or any(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if os.name != "nt" and not found:
        print("Installing PostgreSQL for the tests …", flush=True)
        apt("postgresql")


def run(*options: str) -> None:
    """Open the dashboard on an invented council (first start) or on what was loaded before, at http://127.0.0.1:8501."""
    environment()
    store = Path(os.environ.get("CPM_STORE", HERE / "data" / "store"))
    if not (store / "current").exists():
        sample = HERE / "data" / "sample"
        print("Inventing a council of 400 children …", flush=True)
        call(PYTHON, "-m", "cpm_metrics", "sample", sample)
        files = sorted(path for path in sample.iterdir() if path.suffix in (".xlsx", ".csv"))
        print("Loading it …", flush=True)
        call(PYTHON, "-m", "cpm_metrics", "load", *files, "--extract-date", "2026-11-20", "--store", store, "--yes")
    call(PYTHON, "-m", "streamlit", "run", "app.py", *options)


def test(*options: str) -> None:
    """Every test: rules, loader, store, command line, pages and a real browser. Options go to pytest."""
    environment()
    env = os.environ | {"CHROMIUM_PATH": browser()}
    postgres()
    # Files, not single tests, are dealt out to the two processes: a file's server and browser are made once.
    call(PYTHON, "-m", "pytest", *(options or ("-n", "2", "--dist", "loadfile")), env=env)


def bench(*options: str) -> None:
    """Speed beside named peers, into docs/performance.md (12 minutes); `bench NAME` measures one, `bench --small` only tries all."""
    environment()
    call(PYTHON, "-m", "benchmarks", *options, env=os.environ | {"CHROMIUM_PATH": browser()})


def assurance(*options: str) -> None:
    """Run the tests that docs/assurance.md names (or those of the paths given) and write it from what they say."""
    environment()
    call(PYTHON, "-m", "tests.assurance.write", *options, env=os.environ | {"CHROMIUM_PATH": browser()})


def lock() -> None:
    """Make requirements.txt anew from requirements.in, for every platform, with hashes."""
    environment()
    call(PYTHON, "-m", "pip", "install", "--quiet", "uv")
    call(PYTHON, "-m", "uv", "pip", "compile", "--universal", "--python-version", "3.11", "--generate-hashes", "--no-emit-index-url",
         "--upgrade", "-q", "requirements.in", "-o", "requirements.txt", "--custom-compile-command", "make lock")  # fmt: skip


def clean() -> None:
    """Remove the environment and the invented sample. The store is yours: it stays."""
    for folder in (VENV, HERE / "data" / "sample"):
        shutil.rmtree(folder, ignore_errors=True)


TASKS = {task.__name__: task for task in (run, test, bench, assurance, lock, clean)}

if __name__ == "__main__":
    name, *rest = sys.argv[1:] or ["help"]
    if name not in TASKS:
        print("\n".join(f"python tasks.py {task.__name__:6} {task.__doc__.splitlines()[0]}" for task in TASKS.values()))
        sys.exit(0 if name in ("help", "-h", "--help") else 2)
    TASKS[name](*rest)
