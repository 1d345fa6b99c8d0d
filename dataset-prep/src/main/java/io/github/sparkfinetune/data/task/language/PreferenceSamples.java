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
 * Makes samples of pairs of documents. Bytes of a pair: 4 bytes of the number of targets, 8 bytes of each target, 4
 * bytes of the length of the first document, then both documents as in {@link DocumentSamples}.
 */
final class PreferenceSamples implements SampleSink {
    private final SampleCounts counts = new SampleCounts(0, true);
    private final SampleOutput output;

    PreferenceSamples(SampleOutput output) {
        this.output = output;
    }

    /**
     * Returns the bytes of a pair.
     *
     * @param allTrained true if every token's label is its id
     */
    static byte[] bytes(Document chosen, Document rejected, boolean allTrained, double... targets) {
        byte[] first = DocumentSamples.bytes(chosen, allTrained);
        byte[] second = DocumentSamples.bytes(rejected, allTrained);
        ByteBuffer pair = ByteBuffer.allocate(
                        2 * Integer.BYTES + targets.length * Double.BYTES + first.length + second.length)
                .putInt(targets.length);
        for (double target : targets) {
            pair.putDouble(target);
        }
        return pair.putInt(first.length).put(first).put(second).array();
    }

    @Override
    public void add(byte[] row, String stratum) throws IOException {
        ByteBuffer pair = ByteBuffer.wrap(row);
        double[] targets = new double[pair.getInt()];
        for (int i = 0; i < targets.length; i++) {
            targets[i] = pair.getDouble();
        }
        int first = pair.getInt(pair.position());
        int begin = pair.position() + Integer.BYTES;
        Document chosen = DocumentSamples.document(Arrays.copyOfRange(row, begin, begin + first));
        Document rejected = DocumentSamples.document(Arrays.copyOfRange(row, begin + first, row.length));
        for (Document document : new Document[] {chosen, rejected}) {
            if (document.droppedBecause() != null) {
                counts.droppedRow(document.droppedBecause());
                return;
            }
        }
        counts.row(chosen.truncated() || rejected.truncated());
        Sample sample = Sample.ofDocuments(0, List.of(chosen, rejected)).withTargets(targets);
        output.write(sample);
        counts.sample(sample, sample.labelTokens());
    }

    @Override
    public SampleCounts finish() {
        return counts;
    }
}
