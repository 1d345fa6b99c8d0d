package io.github.sparkfinetune.core.collective.address;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * Hosts of the ranks, and the ranks that talk to other hosts. Data is split into as many blocks as there are ranks, and
 * block b belongs to rank b. On every other host one rank is the block's collector: the rank at rank b's index on its
 * own host, modulo the host's number of ranks. On the owner's host, the owner is the collector. So a block is sent once
 * to and once from each host, and the ranks of a host share the work.
 */
public final class Topology {
    private final int[] hostOf;
    private final int[] indexOf;
    private final List<List<Integer>> hosts = new ArrayList<>();

    /** @param names names of the hosts, by rank */
    public Topology(List<String> names) {
        hostOf = new int[names.size()];
        indexOf = new int[names.size()];
        List<String> known = new ArrayList<>();
        for (int rank = 0; rank < names.size(); rank++) {
            int host = known.indexOf(names.get(rank));
            if (host < 0) {
                host = known.size();
                known.add(names.get(rank));
                hosts.add(new ArrayList<>());
            }
            hostOf[rank] = host;
            indexOf[rank] = hosts.get(host).size();
            hosts.get(host).add(rank);
        }
    }

    /** Returns the number of ranks. */
    public int size() {
        return hostOf.length;
    }

    /** Returns the number of hosts. */
    public int hosts() {
        return hosts.size();
    }

    public int hostOf(int rank) {
        return hostOf[rank];
    }

    /** Returns the ranks of a host, in ascending order. */
    public List<Integer> ranks(int host) {
        return hosts.get(host);
    }

    /** Returns the rank that collects a block on a host. */
    public int collector(int host, int block) {
        if (hostOf[block] == host) {
            return block;
        }
        List<Integer> ranks = hosts.get(host);
        return ranks.get(indexOf[block] % ranks.size());
    }

    /** Returns the ranks that a rank talks to, in ascending order: ranks of its host, and collectors of other hosts. */
    public SortedSet<Integer> peers(int rank) {
        SortedSet<Integer> peers = new TreeSet<>(hosts.get(hostOf[rank]));
        for (int host = 0; host < hosts.size(); host++) {
            peers.add(collector(host, rank));
        }
        for (int block = 0; block < size(); block++) {
            if (collector(hostOf[rank], block) == rank) {
                peers.add(block);
            }
        }
        peers.remove(rank);
        return peers;
    }
}
