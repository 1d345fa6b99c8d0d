"""Time of an all-reduce by PyTorch's Gloo over processes of this machine: gloo_all_reduce.py RANKS

Prints what AllReduceBench does. As one rank of several machines: gloo_all_reduce.py RANKS REPEATS RANK ADDRESS, where
ADDRESS is that of rank 0.
"""

import os
import socket
import statistics
import sys
import time

import torch
import torch.distributed as dist
import torch.multiprocessing as mp

MEGABYTES = (1, 16, 64)
REPEATS = int(sys.argv[2]) if len(sys.argv) > 2 else 21
WARM_UP = 30 if len(sys.argv) == 2 else min(REPEATS, 3)
SMALL_REPEATS = 100 * REPEATS
PORT = 29511


def cpu_seconds():
    times = os.times()
    return times.user + times.system


def buffer(rank, ranks, megabytes):
    floats = torch.zeros(megabytes << 18)
    for _ in range(WARM_UP):
        dist.all_reduce(floats)
    seconds = []
    before = cpu_seconds()
    for _ in range(REPEATS):
        floats[0] = rank + 1
        dist.barrier()
        start = time.perf_counter()
        dist.all_reduce(floats)
        seconds.append(time.perf_counter() - start)
    used = torch.tensor([cpu_seconds() - before], dtype=torch.float64)
    dist.all_reduce(used)
    median = statistics.median(seconds)
    if rank == 0:
        size = megabytes << 20
        print(
            f"gloo ranks {ranks} MB {megabytes} median ms {median * 1e3:.2f}"
            f" busbw GB/s {2 * (ranks - 1) / ranks * size / median / 1e9:.2f}"
            f" cpu s/GB {used.item() / REPEATS / size * 1e9:.2f} check {floats[0].item():.0f}",
            flush=True,
        )


def small(rank, ranks):
    seconds = []
    for _ in range(SMALL_REPEATS):
        value = torch.ones(1, dtype=torch.float64)
        start = time.perf_counter()
        dist.all_reduce(value)
        seconds.append(time.perf_counter() - start)
    if rank == 0:
        print(f"gloo ranks {ranks} sum of a double: median us {statistics.median(seconds) * 1e6:.1f}", flush=True)


def run(rank, ranks, rendezvous, interface="lo"):
    os.environ["GLOO_SOCKET_IFNAME"] = interface
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"tcp://{rendezvous}", rank=rank, world_size=ranks)
    for megabytes in MEGABYTES:
        buffer(rank, ranks, megabytes)
    small(rank, ranks)
    # Gloo's teardown sometimes never returns when the other rank has gone first.
    dist.barrier()
    sys.stdout.flush()
    os._exit(0)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


if __name__ == "__main__":
    ranks = int(sys.argv[1])
    if len(sys.argv) == 2:
        mp.spawn(run, (ranks, f"127.0.0.1:{free_port()}"), nprocs=ranks)
    else:
        run(int(sys.argv[3]), ranks, f"{sys.argv[4]}:{PORT}", "eth0")
