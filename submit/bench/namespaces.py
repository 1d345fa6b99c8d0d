"""Hosts for a benchmark: network namespaces of this machine, joined by a bridge. Needs root, iproute2 and Linux."""

import subprocess
import sys

NAME = "sftbench"
ADDRESS = "10.77.0.{}"
# An Ethernet frame carries 1,448 bytes of TCP payload, and a queue counts it as 1,514 bytes.
PAYLOAD = 1448 / 1514


def ip(*words):
    subprocess.run(["ip", *map(str, words)], check=True, capture_output=True, text=True)


def inside(namespace, *command):
    """Returns the command that runs another command in a namespace."""
    return ["ip", "netns", "exec", namespace, *map(str, command)]


class Hosts:
    """Namespaces whose links have a bandwidth and, if the kernel supports it, a delay."""

    def __init__(self, count, gigabits, delay_ms):
        self.names = [f"{NAME}{i}" for i in range(count)]
        self.addresses = [ADDRESS.format(i + 1) for i in range(count)]
        self.gigabits, self.delay_ms = gigabits, delay_ms
        # Bytes per second that a link carries for a program.
        self.bandwidth = gigabits * 1e9 / 8 * PAYLOAD

    def __enter__(self):
        self.remove()
        ip("link", "add", NAME, "type", "bridge")
        ip("link", "set", NAME, "up")
        for name, address in zip(self.names, self.addresses, strict=True):
            ip("netns", "add", name)
            ip("link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name)
            ip("link", "set", name, "master", NAME, "up")
            ip("-n", name, "addr", "add", f"{address}/24", "dev", "eth0")
            ip("-n", name, "link", "set", "eth0", "up")
            ip("-n", name, "link", "set", "lo", "up")
            self.shape(name)
        return self

    def shape(self, name):
        rate = f"{self.gigabits}gbit"
        ways = (
            ["netem", "delay", f"{self.delay_ms}ms", "rate", rate, "limit", "10000"],
            ["tbf", "rate", rate, "burst", "128kb", "latency", "50ms"],
        )
        refused = ""
        for i, way in enumerate(ways):
            done = subprocess.run(
                inside(name, "tc", "qdisc", "replace", "dev", "eth0", "root", *way), capture_output=True, text=True
            )
            if done.returncode == 0:
                if i and name == self.names[0]:
                    print(f"no delay is added, the kernel refuses netem: {refused}; the rate is {' '.join(way)}")
                return
            refused = done.stderr.strip()
        sys.exit(f"error: tc limits no rate here: {refused}")

    def round_trip(self, times=500):
        """Returns the seconds from sending a byte to another host to receiving its answer."""
        echo = (
            "import socket,sys; s=socket.create_server((sys.argv[1], 7)); print(flush=True)\n"
            "c=s.accept()[0]; c.setsockopt(6,1,1)\n"
            "while c.recv(1): c.send(b'x')"
        )
        ask = (
            "import socket,statistics,sys,time\n"
            "c=socket.create_connection((sys.argv[1], 7)); c.setsockopt(6,1,1); t=[]\n"
            "for _ in range(int(sys.argv[2])):\n"
            " s=time.perf_counter(); c.send(b'x'); c.recv(1); t.append(time.perf_counter()-s)\n"
            "print(statistics.median(t))"
        )
        server = subprocess.Popen(
            inside(self.names[1], sys.executable, "-c", echo, self.addresses[1]), stdout=subprocess.PIPE
        )
        server.stdout.readline()
        asked = subprocess.run(
            inside(self.names[0], sys.executable, "-c", ask, self.addresses[1], times), capture_output=True, check=True
        )
        server.wait()
        return float(asked.stdout)

    def predicted(self, megabytes, latency):
        """Seconds of an all-reduce, by the cost model of submit/docs/decisions/what-an-all-reduce-costs.md."""
        floats = megabytes * 2**20
        hosts = len(self.names)
        pieces = max(1, megabytes // 16)
        return 2 * (hosts - 1) / hosts * floats / self.bandwidth + pieces * 2 * latency

    def remove(self):
        for name in self.names:
            subprocess.run(["ip", "netns", "del", name], capture_output=True)
            subprocess.run(["ip", "link", "del", name], capture_output=True)
        subprocess.run(["ip", "link", "del", NAME], capture_output=True)

    def __exit__(self, *failure):
        self.remove()
