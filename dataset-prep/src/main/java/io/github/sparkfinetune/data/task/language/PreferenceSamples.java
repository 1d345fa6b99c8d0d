package io.github.sparkfinetune.data.task.language;

import io.github.sparkfinetune.data.dataset.Document;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.SampleOutput;
import io.github.sparkfinetune.data.task.SampleCounts;
import io.github.sparkfinetune.data.task.SampleSink;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;

/**
 * Makes samples of pairs of documents. Bytes of a pair: 4 bytes of the length of the first document, then both
 * documents as in {@link DocumentSamples}.
 */
final class PreferenceSamples implements SampleSink {
    private static final int DOCUMENTS = Integer.BYTES;

    private final SampleCounts counts = new SampleCounts(0, true);
    private final SampleOutput output;

    PreferenceSamples(SampleOutput output) {
        this.output = output;
    }

    /** Returns the bytes of a pair. */
    static byte[] bytes(Document chosen, Document rejected) {
        byte[] first = DocumentSamples.bytes(chosen, false);
        byte[] second = DocumentSamples.bytes(rejected, false);
        return ByteBuffer.allocate(DOCUMENTS + first.length + second.length)
                .putInt(first.length)
                .put(first)
                .put(second)
                .array();
    }

    @Override
    public void add(byte[] row, String stratum) throws IOException {
        int second = DOCUMENTS + ByteBuffer.wrap(row).getInt();
        Document chosen = DocumentSamples.document(Arrays.copyOfRange(row, DOCUMENTS, second));
        Document rejected = DocumentSamples.document(Arrays.copyOfRange(row, second, row.length));
        for (Document document : new Document[] {chosen, rejected}) {
            if (document.droppedBecause() != null) {
                counts.droppedRow(document.droppedBecause());
                return;
            }
        }
        counts.row(chosen.truncated() || rejected.truncated());
        Sample sample = Sample.ofDocuments(0, List.of(chosen, rejected));
        output.write(sample);
        counts.sample(sample, sample.labelTokens());
    }

    @Override
    public SampleCounts finish() {
        return counts;
    }
}
