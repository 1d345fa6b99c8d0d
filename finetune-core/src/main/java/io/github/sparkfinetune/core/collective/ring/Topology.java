package io.github.sparkfinetune.core.collective.ring;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * Which ranks share a host, and who of them talks to the other hosts about what. What travels is cut into as many
 * blocks as there are ranks. Block b belongs to rank b. On every other host one rank is the block's collector: the one
 * that has, among the ranks of its host, the place that rank b has on its own, modulo their number. On the owner's host
 * the owner is. So a block goes once to and once from each host, and the ranks of a host share the work.
 */
final class Topology {
    private final int[] hostOf;
    private final int[] placeOf;
    private final List<List<Integer>> hosts = new ArrayList<>();

    /** @param names of the hosts, by rank */
    Topology(List<String> names) {
        hostOf = new int[names.size()];
        placeOf = new int[names.size()];
        List<String> known = new ArrayList<>();
        for (int rank = 0; rank < names.size(); rank++) {
            int host = known.indexOf(names.get(rank));
            if (host < 0) {
                host = known.size();
                known.add(names.get(rank));
                hosts.add(new ArrayList<>());
            }
            hostOf[rank] = host;
            placeOf[rank] = hosts.get(host).size();
            hosts.get(host).add(rank);
        }
    }

    /** Number of ranks. */
    int size() {
        return hostOf.length;
    }

    /** Number of hosts. */
    int hosts() {
        return hosts.size();
    }

    int hostOf(int rank) {
        return hostOf[rank];
    }

    /** The ranks of a host, rising. */
    List<Integer> ranks(int host) {
        return hosts.get(host);
    }

    /** The rank that collects a block on a host. */
    int collector(int host, int block) {
        if (hostOf[block] == host) {
            return block;
        }
        List<Integer> ranks = hosts.get(host);
        return ranks.get(placeOf[block] % ranks.size());
    }

    /** The ranks that a rank talks to, rising: those of its host, and collectors of other hosts. */
    SortedSet<Integer> peers(int rank) {
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
