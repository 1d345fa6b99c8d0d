package io.github.sparkfinetune.spark.prepare.generation;

import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.Seeds;
import io.github.sparkfinetune.data.task.SampleSink;
import io.github.sparkfinetune.data.task.TaskData;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.stream.LongStream;

/**
 * Documents of samples as numbers of 64 bits. Documents with equal numbers have equal tokens, labels and targets, so it
 * does not matter which of them is erased. The documents of a row follow each other in a split: the windows of a text,
 * or the two texts of a pair.
 */
public final class RowPieces {
    private RowPieces() {}

    /** Returns the number of a document of a sample. */
    public static long of(Sample sample, int document) {
        Sample one = sample.document(document);
        long piece = Seeds.fold(sample.documentId(document), one.label());
        for (int label : one.labels()) {
            piece = Seeds.fold(piece, label);
        }
        for (double target : one.targets()) {
            piece = Seeds.fold(piece, Double.doubleToLongBits(target));
        }
        return piece;
    }

    /**
     * Returns the numbers of the documents that a row becomes without other rows, 8 bytes each.
     *
     * @param row bytes of a {@link TaskData.Encoder}
     */
    static byte[] of(TaskData<?> task, List<String> labels, byte[] row, String stratum) throws IOException {
        LongStream.Builder pieces = LongStream.builder();
        SampleSink sink = task.sink(
                sample -> {
                    for (int document = 0; document < sample.documents().length; document++) {
                        pieces.add(of(sample, document));
                    }
                },
                labels);
        sink.add(row, stratum);
        sink.finish();
        long[] all = pieces.build().toArray();
        ByteBuffer bytes = ByteBuffer.allocate(Long.BYTES * all.length);
        bytes.asLongBuffer().put(all);
        return bytes.array();
    }

    /** Returns the numbers of {@link #of(TaskData, List, byte[], String)}. */
    static long[] ofBytes(byte[] bytes) {
        long[] pieces = new long[bytes.length / Long.BYTES];
        ByteBuffer.wrap(bytes).asLongBuffer().get(pieces);
        return pieces;
    }
}
