package io.github.sparkfinetune.spark.predict;

import io.github.sparkfinetune.data.task.ContentHash;
import io.github.sparkfinetune.data.task.TaskInput;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/**
 * Digest of the rows of a file of predictions: their count, the sum of the hashes of their contents, and the sum of the
 * hashes of their numbers. Two sets of rows with equal digests are the same rows with the same numbers. The order makes
 * no difference, because a shuffle does not keep it. Not for concurrent use.
 */
final class RowDigest {
    private final ContentHash.Digest hash = new ContentHash.Digest();
    private final Sum contents = new Sum();
    private final Sum numbers = new Sum();
    private long rows;

    private static final class Sum {
        private long first;
        private long second;

        void add(long otherFirst, long otherSecond) {
            first += otherFirst;
            second += otherSecond;
        }

        @Override
        public String toString() {
            return HexFormat.of().toHexDigits(first) + HexFormat.of().toHexDigits(second);
        }
    }

    /** Returns the digest of rows. */
    static RowDigest of(Iterable<TaskInput> inputs) {
        RowDigest digest = new RowDigest();
        inputs.forEach(digest::add);
        return digest;
    }

    void add(TaskInput input) {
        ContentHash content = hash.of(
                bytes(input.file()),
                bytes(input.text()),
                bytes(input.textPair()),
                bytes(input.reference()),
                bytes(input.error()));
        ContentHash number =
                hash.of(ByteBuffer.allocate(Long.BYTES).putLong(input.index()).array());
        contents.add(content.first(), content.second());
        numbers.add(number.first(), number.second());
        rows++;
    }

    /** Null and an empty text have different bytes. */
    private static byte[] bytes(String text) {
        return text == null ? new byte[0] : ("=" + text).getBytes(StandardCharsets.UTF_8);
    }

    /** Adds the rows of another digest. */
    void add(RowDigest other) {
        contents.add(other.contents.first, other.contents.second);
        numbers.add(other.numbers.first, other.numbers.second);
        rows += other.rows;
    }

    /** Returns count, contents and numbers as a text. */
    @Override
    public String toString() {
        return rows + "-" + contents + "-" + numbers;
    }
}
