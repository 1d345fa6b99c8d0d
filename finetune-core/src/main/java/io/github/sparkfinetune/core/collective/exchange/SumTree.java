package io.github.sparkfinetune.core.collective.exchange;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/**
 * Order in which the values of n ranks are added: in pairs, the pairs in pairs, and so on. The sum of the ranks [first,
 * end) is the sum of [first, m) plus the sum of [m, end), where m - first is the greatest power of two below their
 * number. The order depends on n only, and float addition is commutative. So the bits of a sum depend neither on the
 * ranks' hosts nor on the order of arrival.
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
        // Leaves come first, so that a rank is the number of its leaf; the root comes last.
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

    /** Returns the number of nodes. A rank's own values are the node of its number. */
    int nodes() {
        return nodes;
    }

    /** Returns the node that is the sum over all ranks. */
    int root() {
        return nodes - 1;
    }

    /** Returns the parent of a node, {@link #NONE} for the root. */
    int parent(int node) {
        return parent[node];
    }

    /** Returns the node that a node is added to. */
    int sibling(int node) {
        return sibling[node];
    }

    /** Returns the fewest nodes that together are the sum over some ranks. */
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
