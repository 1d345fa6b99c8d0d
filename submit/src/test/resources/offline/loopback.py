"""Runs a command in a network namespace that has loopback alone: loopback.py FILE COMMAND ...

Writes to FILE how many connections and packets of the command had nowhere to go, and ends with the command's exit code.
"""

import fcntl
import pathlib
import socket
import struct
import subprocess
import sys

GET_FLAGS, SET_FLAGS, UP = 0x8913, 0x8914, 1
REQUEST = "16sh14x"


def prepare():
    """Starts the loopback interface, and names the machine so that its name is found without a name server."""
    socket.sethostname("localhost")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        _, flags = struct.unpack(REQUEST, fcntl.ioctl(control, GET_FLAGS, struct.pack(REQUEST, b"lo", 0)))
        fcntl.ioctl(control, SET_FLAGS, struct.pack(REQUEST, b"lo", flags | UP))


def unsent():
    """Returns the kernel's count of what had no route or, for a name server on loopback, no port."""
    lines = [line.split() for line in pathlib.Path("/proc/net/snmp").read_text().splitlines()]
    counts = {
        names[0] + name: int(value)
        for names, values in zip(lines[::2], lines[1::2], strict=True)
        for name, value in zip(names[1:], values[1:], strict=True)
    }
    six = pathlib.Path("/proc/net/snmp6")
    counts6 = dict(line.split() for line in six.read_text().splitlines()) if six.exists() else {}
    return (
        counts["Ip:OutNoRoutes"]
        + counts["Udp:NoPorts"]
        + int(counts6.get("Ip6OutNoRoutes", 0))
        + int(counts6.get("Udp6NoPorts", 0))
    )


def main():
    prepare()
    before = unsent()
    code = subprocess.run(sys.argv[2:]).returncode
    pathlib.Path(sys.argv[1]).write_text(str(unsent() - before))
    return code


if __name__ == "__main__":
    sys.exit(main())
