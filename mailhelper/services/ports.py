"""Free ports on loopback."""

import errno
import socket

LOOPBACK = "127.0.0.1"


def free_port(wanted: int = 0) -> int:
    """`wanted` if nobody listens there, else any free port."""
    try:
        with listen(wanted) as found:
            return int(found.getsockname()[1])
    except OSError:
        return free_port()


def listen(port: int) -> socket.socket:
    """A listening socket on 127.0.0.1 that children may inherit; OSError when the port is taken."""
    server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((LOOPBACK, port))
        server.listen(256)
    except OSError:
        server.close()
        raise
    return server


def listen_from(port: int, tries: int = 100) -> socket.socket:
    """Listen on `port` or the next that is free, also on ::1, where browsers look for localhost first."""
    for candidate in range(port, min(port + tries, 65536)):
        try:
            server = listen(candidate)
        except OSError as refusal:
            if refusal.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
            continue
        if not _taken_on_v6(candidate):
            return server
        server.close()
    raise OSError(errno.EADDRINUSE, f"No port from {port} to {port + tries - 1} is free")


def _taken_on_v6(port: int) -> bool:
    try:
        socket.create_connection(("::1", port), timeout=1).close()
    except OSError:
        return False
    return True
