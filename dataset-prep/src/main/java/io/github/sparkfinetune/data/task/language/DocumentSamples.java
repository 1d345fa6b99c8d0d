package io.github.sparkfinetune.data.task.language;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.Packing;
import io.github.sparkfinetune.data.dataset.Document;
import io.github.sparkfinetune.data.dataset.DropReason;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.SampleOutput;
import io.github.sparkfinetune.data.pack.DocumentPacker;
import io.github.sparkfinetune.data.task.SampleCounts;
import io.github.sparkfinetune.data.task.SampleSink;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.ToLongFunction;

/**
 * Packs documents into samples, for every task whose rows are documents.
 *
 * <p>Bytes of a document: 1 byte that says whether tokens were cut off; 4 bytes of the number of tokens; 4 bytes for
 * each id; 1 byte for each token that says whether it has a label, or nothing if all have one. A dropped document has
 * the negative {@link DropReason#code} as its number of tokens, and ends there. Numbers have the machine's byte order.
 */
final class DocumentSamples implements SampleSink {
    private static final int TRUNCATED = 0;
    private static final int SIZE = 1;
    private static final int IDS = 5;

    private final SampleCounts counts = new SampleCounts(0, true);
    private final DocumentPacker packer;
    private final SampleOutput output;
    private final ToLongFunction<Sample> predicted;

    /** Creates the sink of a language model, which predicts each token with a label from the tokens before it. */
    DocumentSamples(DataConfig data, SampleOutput output) {
        this(data, output, Sample::labelTokens);
    }

    /** @param predicted returns the number of a sample's predicted tokens */
    DocumentSamples(DataConfig data, SampleOutput output, ToLongFunction<Sample> predicted) {
        this.output = output;
        this.predicted = predicted;
        this.packer = DocumentPacker.of(data.packing(), data.maxLength(), this::write);
    }

    /** Returns how many tokens of a text are used: all if texts are cut into samples. */
    static int limit(DataConfig data) {
        return data.packing() == Packing.WRAPPED ? Integer.MAX_VALUE : data.maxLength();
    }

    /**
     * Returns the bytes of a document.
     *
     * @param allTrained true if every token's label is its id
     */
    static byte[] bytes(Document document, boolean allTrained) {
        int[] ids = document.inputIds();
        ByteBuffer row = ByteBuffer.allocate(IDS + ids.length * (allTrained ? Integer.BYTES : Integer.BYTES + 1))
                .order(ByteOrder.nativeOrder());
        if (document.droppedBecause() != null) {
            return row.putInt(SIZE, -document.droppedBecause().code()).array();
        }
        row.put(TRUNCATED, (byte) (document.truncated() ? 1 : 0))
                .putInt(SIZE, ids.length)
                .position(IDS);
        row.asIntBuffer().put(ids);
        row.position(IDS + Integer.BYTES * ids.length);
        if (!allTrained) {
            for (int label : document.labels()) {
                row.put((byte) (label == Sample.IGNORED ? 0 : 1));
            }
        }
        return row.array();
    }

    /** Returns the document of {@link #bytes}. */
    static Document document(byte[] bytes) {
        ByteBuffer row = ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());
        int size = row.getInt(SIZE);
        if (size < 0) {
            return Document.dropped(DropReason.of(-size));
        }
        int[] ids = new int[size];
        row.position(IDS).asIntBuffer().get(ids);
        int[] labels = ids;
        int mask = IDS + Integer.BYTES * size;
        if (bytes.length > mask) {
            labels = new int[size];
            for (int i = 0; i < size; i++) {
                labels[i] = bytes[mask + i] == 1 ? ids[i] : Sample.IGNORED;
            }
        }
        return new Document(ids, labels, bytes[TRUNCATED] == 1, null);
    }

    @Override
    public void add(byte[] row, String stratum) throws IOException {
        Document document = document(row);
        if (document.droppedBecause() != null) {
            counts.droppedRow(document.droppedBecause());
            return;
        }
        counts.row(document.truncated());
        packer.add(document);
    }

    private void write(Sample sample) throws IOException {
        long labelTokens = predicted.applyAsLong(sample);
        if (labelTokens == 0) {
            counts.droppedSample(SampleCounts.UNLABELLED_SAMPLE);
            return;
        }
        output.write(sample);
        counts.sample(sample, labelTokens);
    }

    @Override
    public SampleCounts finish() throws IOException {
        packer.finish();
        return counts;
    }
}
