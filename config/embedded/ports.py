"""Free ports of the loopback interface."""

import random
import socket

HOST = "127.0.0.1"
# Below the range from which Linux takes ports for outgoing connections (32768 and up).
_RANGE = range(20_000, 32_000)


class PortTaken(Exception):
    """Another program listens where a server was to start."""


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do: a port whose last connections are still being closed counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def choose(*, known: int = 0, avoid: int = 0) -> int:
    """The known port if it is free, else a random free one other than `avoid`."""
    if known and known != avoid and is_free(known):
        return known
    for port in random.sample(_RANGE, 500):
        if port != avoid and is_free(port):
            return port
    raise OSError("没有空闲端口")


def first_free(start: int) -> int:
    """The first free port from `start` upwards."""
    for port in range(start, 65_536):
        if is_free(port):
            return port
    raise OSError("没有空闲端口")
