package io.github.sparkfinetune.core.collective.ring;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/**
 * The order in which the values of n ranks are added: in pairs, the pairs in pairs, and so on. The sum of the ranks
 * [first, end) is that of [first, m) plus that of [m, end), where m - first is the greatest power of two below their
 * number. It depends on n alone, and float addition is commutative: so the bits of a sum depend neither on where the
 * ranks are nor on who adds what first.
 */
final class SumTree {
    static final int NONE = -1;

    private final int[] first;
    private final int[] end;
    private final int[] parent;
    private final int[] sibling;
    private final int ranks;
    private int nodes;

    SumTree(int ranks) {
        this.ranks = ranks;
        int count = 2 * ranks - 1;
        first = new int[count];
        end = new int[count];
        parent = new int[count];
        sibling = new int[count];
        // Leaves first, so that a rank is the number of its leaf; the root is last.
        nodes = ranks;
        int root = build(0, ranks);
        parent[root] = NONE;
        sibling[root] = NONE;
    }

    private int build(int from, int to) {
        int node;
        if (to - from == 1) {
            node = from;
        } else {
            int middle = from + Integer.highestOneBit(to - from - 1);
            int left = build(from, middle);
            int right = build(middle, to);
            node = nodes++;
            parent[left] = node;
            parent[right] = node;
            sibling[left] = right;
            sibling[right] = left;
        }
        first[node] = from;
        end[node] = to;
        return node;
    }

    /** Number of nodes. A rank's own values are the node of its number. */
    int nodes() {
        return nodes;
    }

    /** The node that is the sum over all ranks. */
    int root() {
        return nodes - 1;
    }

    /** The node that a node is added into, {@link #NONE} for the root. */
    int parent(int node) {
        return parent[node];
    }

    /** What a node is added to. */
    int sibling(int node) {
        return sibling[node];
    }

    /** The fewest nodes that together are the sum over some ranks. */
    List<Integer> cover(Collection<Integer> some) {
        List<Integer> covering = new ArrayList<>();
        cover(root(), some, covering);
        return covering;
    }

    private void cover(int node, Collection<Integer> some, List<Integer> covering) {
        int within = 0;
        for (int rank = first[node]; rank < end[node]; rank++) {
            within += some.contains(rank) ? 1 : 0;
        }
        if (within == end[node] - first[node]) {
            covering.add(node);
        } else if (within > 0) {
            for (int child = 0; child < nodes; child++) {
                if (parent[child] == node) {
                    cover(child, some, covering);
                }
            }
        }
    }

    @Override
    public String toString() {
        return "sum over " + ranks + " ranks";
    }
}
