package io.github.sparkfinetune.spark.corpus;

import java.util.Iterator;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.InternalRow;

/**
 * A step of {@link ConnectedComponents} over edges (node, neighbour). Edges are sorted by both, so the smallest
 * neighbour of a node comes first and no neighbours are held in memory. An edge may come twice.
 */
final class Star extends Lookahead<Row> {
    private final Iterator<InternalRow> edges;
    private final boolean large;
    private DocumentId node;
    private DocumentId neighbour;
    private DocumentId smallest;

    private Star(Iterator<InternalRow> edges, boolean large) {
        this.edges = edges;
        this.large = large;
    }

    /**
     * Links each neighbour that is greater than its node to the smallest of the node and its neighbours. Edges come in
     * both directions.
     */
    static Star large(Iterator<InternalRow> edges) {
        return new Star(edges, true);
    }

    /** Links a node and its neighbours to the smallest neighbour. Edges come with the greater node first. */
    static Star small(Iterator<InternalRow> edges) {
        return new Star(edges, false);
    }

    @Override
    protected Row advance() {
        Row next = null;
        while (next == null && edges.hasNext()) {
            InternalRows.Edge edge = InternalRows.Edge.of(edges.next());
            next = link(edge.node(), edge.parent());
        }
        return next;
    }

    private Row link(DocumentId from, DocumentId to) {
        boolean first = !from.equals(node);
        if (!first && to.equals(neighbour)) {
            return null;
        }
        node = from;
        neighbour = to;
        if (first) {
            smallest = large && from.compareTo(to) < 0 ? from : to;
        }
        if (large) {
            return to.compareTo(from) > 0 ? Edges.row(to, smallest) : null;
        }
        return Edges.row(first ? from : to, smallest);
    }
}
