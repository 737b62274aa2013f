"""What every service of ours does before and while it serves."""

import os
import signal
import socket
import threading
import time


class PortTakenError(Exception):
    """Another process listens where the service should; the message says which port and what to do."""


def check_port(address: str, port: int, setting: str) -> None:
    """Raise PortTakenError when somebody listens there: the workers would quietly share the port."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            raise PortTakenError(
                f"it cannot listen on {address}:{port} ({error.strerror});"
                f" stop what listens there or set {setting}."
            ) from error


def end_with_parent(parent: int) -> None:
    """End this worker when its parent was killed: it would hold the port against the next service."""
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)
