package io.github.sparkfinetune.core.task.retrieval;

import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.metric.RetrievalMetrics;
import io.github.sparkfinetune.core.rank.Queries;
import io.github.sparkfinetune.core.rank.RankedQuery;
import io.github.sparkfinetune.core.rank.UnitVectors;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Vectors of pairs, of which the ranks hold shares. A rank's message in an all-gather is little-endian; for each pair
 * it has both ids as 64-bit integers and both unit vectors in F32. All pairs of a split are in memory on every rank: 16
 * + 8 × width bytes each; {@code training.eval_max_samples} limits their number.
 */
final class EmbeddedPairs {
    /** Pairs of a rank in one message; a collective limits the size of a message. */
    private static final int PAIRS_PER_MESSAGE = 4096;

    private final List<Pair> pairs = new ArrayList<>();
    private final double scale;

    /** Ids and unit vectors of a query and of a document that belongs to it. */
    record Pair(long queryId, float[] query, long documentId, float[] document) {}

    /** @param scale factor of cosines in the loss */
    EmbeddedPairs(double scale) {
        this.scale = scale;
    }

    void add(Pair pair) {
        pairs.add(pair);
    }

    /** Returns the metrics of this rank's share of the queries among the documents of all ranks. */
    RetrievalMetrics measured(Collective ranks) {
        List<Pair> all = gathered(ranks);
        Map<Long, List<Pair>> byQuery = new LinkedHashMap<>();
        Map<Long, Pair> documents = new LinkedHashMap<>();
        all.forEach(pair -> {
            byQuery.computeIfAbsent(pair.queryId(), id -> new ArrayList<>()).add(pair);
            documents.putIfAbsent(pair.documentId(), pair);
        });
        Queries queries = new Queries(scale);
        int number = 0;
        for (List<Pair> relevant : byQuery.values()) {
            if (number++ % ranks.size() == ranks.rank()) {
                queries.add(relevant.get(0).query(), documents(relevant));
            }
        }
        RetrievalMetrics metrics = new RetrievalMetrics();
        double[][] counts = queries.counts(documents(List.copyOf(documents.values())));
        for (RankedQuery query : queries.ranked(counts)) {
            metrics.add(query.loss(), query.ranks());
        }
        return metrics;
    }

    private static UnitVectors documents(List<Pair> of) {
        int width = of.isEmpty() ? 0 : of.get(0).document().length;
        long[] ids = new long[of.size()];
        float[] values = new float[of.size() * width];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = of.get(i).documentId();
            System.arraycopy(of.get(i).document(), 0, values, i * width, width);
        }
        return new UnitVectors(ids, values, width);
    }

    private List<Pair> gathered(Collective ranks) {
        List<List<Pair>> byRank = new ArrayList<>();
        int most = 0;
        for (byte[] size : ranks.allGather(
                ByteBuffer.allocate(Integer.BYTES).putInt(pairs.size()).array())) {
            most = Math.max(most, ByteBuffer.wrap(size).getInt());
            byRank.add(new ArrayList<>());
        }
        for (int from = 0; from < most; from += PAIRS_PER_MESSAGE) {
            int begin = Math.min(from, pairs.size());
            byte[][] messages =
                    ranks.allGather(message(pairs.subList(begin, Math.min(begin + PAIRS_PER_MESSAGE, pairs.size()))));
            for (int rank = 0; rank < messages.length; rank++) {
                byRank.get(rank).addAll(pairs(messages[rank]));
            }
        }
        return byRank.stream().flatMap(List::stream).toList();
    }

    private static byte[] message(List<Pair> some) {
        int width = some.isEmpty() ? 0 : some.get(0).query().length;
        ByteBuffer message = ByteBuffer.allocate(
                        Integer.BYTES + some.size() * (2 * Long.BYTES + 2 * width * Float.BYTES))
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(width);
        for (Pair pair : some) {
            message.putLong(pair.queryId()).putLong(pair.documentId());
            put(message, pair.query());
            put(message, pair.document());
        }
        return message.array();
    }

    private static void put(ByteBuffer message, float[] vector) {
        for (float value : vector) {
            message.putFloat(value);
        }
    }

    private static List<Pair> pairs(byte[] bytes) {
        ByteBuffer message = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int width = message.getInt();
        List<Pair> some = new ArrayList<>();
        while (message.hasRemaining()) {
            long query = message.getLong();
            long document = message.getLong();
            some.add(new Pair(query, vector(message, width), document, vector(message, width)));
        }
        return some;
    }

    private static float[] vector(ByteBuffer message, int width) {
        float[] vector = new float[width];
        for (int i = 0; i < width; i++) {
            vector[i] = message.getFloat();
        }
        return vector;
    }
}
