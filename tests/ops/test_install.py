"""What `ops/install.sh` says when the packages cannot be installed; pip is a program that only complains."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.waiting import wait_until

INSTALL = Path(__file__).parents[2] / "ops" / "install.sh"

NO_NETWORK = """\
WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError('<HTTPSConnection>: Failed \
to establish a new connection: [Errno -3] Temporary failure in name resolution')': /simple/alembic/
ERROR: Could not find a version that satisfies the requirement alembic==1.20.1 (from versions: none)
ERROR: No matching distribution found for alembic==1.20.1
"""
STRANGE_CERTIFICATE = """\
Could not fetch URL https://index.example/simple/alembic/: There was a problem confirming the ssl \
certificate: (SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify \
failed: unable to get local issuer certificate (_ssl.c:992)'))) - skipping
ERROR: No matching distribution found for alembic==1.20.1
"""
NOT_IN_THE_INDEX = "ERROR: Could not find a version that satisfies alembic==1.20.1 (from versions: none)\n"
FULL_DISK = "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device\n"
SOMETHING_ELSE = "WARNING: Cache entry failed.\nERROR: THESE PACKAGES DO NOT MATCH THE HASHES\n"

NETWORK = (
    "The packages cannot be fetched ({}); see to the network (pip heeds HTTPS_PROXY, PIP_INDEX_URL and "
    "PIP_CERT) and run make again.\n"
)
FULL = (
    "The disk is full: the packages take about 1 GB, with those of the tests about 3; make room and "
    "run make again.\n"
)


def installer(folder: Path, pip: str) -> "subprocess.Popen[str]":
    python = folder / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/bash\ncase "$*" in *install*) {pip}; exit 1;; esac\n')
    python.chmod(0o755)
    return subprocess.Popen(
        # Also where the tests run in the background of a shell, which lets its children ignore Ctrl-C.
        ["env", "--default-signal=INT", INSTALL, "constraints.txt"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.mark.parametrize(
    ("complaint", "sentence"),
    [
        (NO_NETWORK, NETWORK.format("[Errno -3] Temporary failure in name resolution")),
        (STRANGE_CERTIFICATE, NETWORK.format("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed")),
        (NOT_IN_THE_INDEX, NETWORK.format("the package index does not have them")),
        (
            FULL_DISK,
            FULL,
        ),
        (SOMETHING_ELSE, "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES\n"),
    ],
)
def test_what_kept_the_packages_from_being_installed_is_one_sentence(
    tmp_path: Path, complaint: str, sentence: str
) -> None:
    (tmp_path / "complaint").write_text(complaint)
    process = installer(tmp_path, "cat complaint >&2")
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 1
    assert errors == sentence


def test_ctrl_c_while_packages_are_installed_says_that_the_next_make_goes_on(tmp_path: Path) -> None:
    interrupted = (
        "trap 'echo ERROR: Operation cancelled by user >&2; exit 1' INT; touch begun; sleep 30 & wait"
    )
    process = installer(tmp_path, interrupted)
    wait_until((tmp_path / "begun").exists, 20)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert errors == "Stopped. The next make goes on from here.\n"


def test_a_machine_without_a_python_that_is_new_enough_is_told_what_it_lacks(tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in ("mktemp", "rm"):
        (tools / tool).symlink_to(str(shutil.which(tool)))
    made = subprocess.run(
        ["/bin/bash", INSTALL, "constraints.txt"],
        cwd=tmp_path,
        env={"PATH": str(tools)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 1
    assert made.stderr == (
        "Python 3.11 or newer is needed and was not found; install it, or name it with "
        "PYTHON=/path/to/python3.\n"
    )
