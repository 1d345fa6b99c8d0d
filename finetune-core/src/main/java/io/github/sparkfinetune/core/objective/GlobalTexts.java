package io.github.sparkfinetune.core.objective;

import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.data.dataset.Sample;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;

/**
 * Texts of all ranks' samples, in the order of ranks, samples and documents. The first text of a sample is an anchor.
 * Its other texts are candidates, of which the first is the anchor's positive. A rank's message in the all-gather is
 * little-endian: the number of samples as a 32-bit integer; each sample's number of texts as 32-bit integers; the id of
 * each text as 64-bit integers. The vectors follow in rounds, because a message has a largest size.
 *
 * @param vectors vector of each text, one after the other
 * @param anchors index of each anchor among the texts
 * @param candidates index of each candidate among the texts
 * @param anchorIds ids of each anchor and of its positive, one after the other
 * @param candidateIds id of each candidate; equal for equal tokens
 * @param positives index of each anchor's positive among the candidates
 * @param own first index and number of this rank's texts, then of its anchors, then of its candidates
 */
record GlobalTexts(
        float[] vectors,
        long[] anchors,
        long[] candidates,
        long[] anchorIds,
        long[] candidateIds,
        long[] positives,
        long[] own) {

    /**
     * Exchanges the texts with the other ranks.
     *
     * @param samples this rank's samples
     * @param vectors vectors of this rank's texts, in the order of samples and documents
     */
    static GlobalTexts of(Collective ranks, List<Sample> samples, float[] vectors) {
        int texts =
                samples.stream().mapToInt(sample -> sample.documents().length).sum();
        ByteBuffer message = ByteBuffer.allocate(Integer.BYTES * (1 + samples.size()) + Long.BYTES * texts)
                .order(ByteOrder.LITTLE_ENDIAN);
        message.putInt(samples.size());
        samples.forEach(sample -> message.putInt(sample.documents().length));
        for (Sample sample : samples) {
            for (int i = 0; i < sample.documents().length; i++) {
                message.putLong(sample.documentId(i));
            }
        }
        Builder builder = new Builder();
        byte[][] messages = ranks.allGather(message.array());
        for (int rank = 0; rank < messages.length; rank++) {
            builder.add(ByteBuffer.wrap(messages[rank]).order(ByteOrder.LITTLE_ENDIAN), rank == ranks.rank());
        }
        return builder.build(ranks.allGather(vectors));
    }

    /** Returns the number of texts. */
    int size() {
        return anchors.length + candidates.length;
    }

    private static final class Builder {
        private final LongStream.Builder anchors = LongStream.builder();
        private final LongStream.Builder candidates = LongStream.builder();
        private final LongStream.Builder anchorIds = LongStream.builder();
        private final LongStream.Builder candidateIds = LongStream.builder();
        private final LongStream.Builder positives = LongStream.builder();
        private long[] own = new long[0];
        private long texts;
        private long anchorCount;
        private long candidateCount;

        void add(ByteBuffer message, boolean isOwn) {
            long[] before = {texts, anchorCount, candidateCount};
            int[] counts = new int[message.getInt()];
            Arrays.setAll(counts, i -> message.getInt());
            for (int count : counts) {
                anchors.add(texts);
                positives.add(candidateCount);
                long anchor = message.getLong();
                for (int i = 1; i < count; i++) {
                    long id = message.getLong();
                    candidates.add(texts + i);
                    candidateIds.add(id);
                    if (i == 1) {
                        anchorIds.add(anchor).add(id);
                    }
                }
                texts += count;
                anchorCount++;
                candidateCount += count - 1;
            }
            if (isOwn) {
                own = new long[] {
                    before[0],
                    texts - before[0],
                    before[1],
                    anchorCount - before[1],
                    before[2],
                    candidateCount - before[2]
                };
            }
        }

        GlobalTexts build(float[] vectors) {
            return new GlobalTexts(
                    vectors,
                    anchors.build().toArray(),
                    candidates.build().toArray(),
                    anchorIds.build().toArray(),
                    candidateIds.build().toArray(),
                    positives.build().toArray(),
                    own);
        }
    }
}
