package io.github.sparkfinetune.spark.prepare.generation;

import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.redact.SubjectHash;
import io.github.sparkfinetune.data.task.ContentHash;
import io.github.sparkfinetune.data.task.RowKey;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * End of a row's key in the shuffle, after the {@value RowKey#BYTES} bytes of the {@link RowKey}. In a dataset that
 * grows: 4 bytes of the number of the row's file, and 4 bytes of the splits in which an earlier generation has the
 * row's content, one bit each. Then, with {@code data.subject}: 16 bytes of the subject's keyed hash, and 8 bytes of
 * the first half of the content's hash.
 */
public final class Occurrence {
    /** Splits of a document that must not be added to any split. */
    public static final int EVERY_SPLIT = -1;

    private static final int GROWN_BYTES = 2 * Integer.BYTES;
    private static final int SUBJECT_BYTES = 3 * Long.BYTES;

    private Occurrence() {}

    /** Returns a key with the end. */
    public static byte[] with(byte[] key, int file, int splits) {
        byte[] longer = Arrays.copyOf(key, RowKey.BYTES + GROWN_BYTES);
        ByteBuffer.wrap(longer).position(RowKey.BYTES).putInt(file).putInt(splits);
        return longer;
    }

    /** Returns a key with a subject at its end. */
    public static byte[] with(byte[] key, SubjectHash subject, ContentHash content) {
        byte[] longer = Arrays.copyOf(key, key.length + SUBJECT_BYTES);
        ByteBuffer.wrap(longer)
                .position(key.length)
                .putLong(subject.first())
                .putLong(subject.second())
                .putLong(content.first());
        return longer;
    }

    /** Returns whether a key has a subject. */
    static boolean hasSubject(byte[] key) {
        return key.length >= RowKey.BYTES + SUBJECT_BYTES;
    }

    /** Returns the subject of a key that has one. */
    static SubjectHash subject(byte[] key) {
        ByteBuffer bytes = ByteBuffer.wrap(key).position(key.length - SUBJECT_BYTES);
        return new SubjectHash(bytes.getLong(), bytes.getLong());
    }

    /** Returns the hash of the content of a row whose key has a subject. */
    static ContentHash content(byte[] key) {
        return new ContentHash(ByteBuffer.wrap(key).getLong(key.length - Long.BYTES), RowKey.second(key));
    }

    /** Returns the names of a dataset's splits in order: the standard splits, then further splits of the sources. */
    public static List<String> names(List<String> sources) {
        return new ArrayList<>(Stream.concat(Stream.of(Manifest.TRAIN, Manifest.EVAL, Manifest.TEST), sources.stream())
                .distinct()
                .toList());
    }

    /**
     * Returns the splits that rows of a source may be in, as bits. Rows of the training source may be held out where no
     * source of its own has the split.
     *
     * @param names names of all splits, the training split first
     * @param sources split of each source of the run
     * @param split split of the source
     */
    public static int within(List<String> names, List<String> sources, String split) {
        int within = 1 << names.indexOf(split);
        if (split.equals(Manifest.TRAIN)) {
            for (String heldOut : List.of(Manifest.EVAL, Manifest.TEST)) {
                within |= sources.contains(heldOut) ? 0 : 1 << names.indexOf(heldOut);
            }
        }
        return within;
    }

    /** Returns the number of the row's file among the files of its generation. */
    static int file(byte[] key) {
        return ByteBuffer.wrap(key).getInt(RowKey.BYTES);
    }

    /** Returns the splits in which an earlier generation has the content, as bits; 0 if the key has no end. */
    public static int splits(byte[] key) {
        int end = key.length - (hasSubject(key) ? SUBJECT_BYTES : 0);
        return end == RowKey.BYTES ? 0 : ByteBuffer.wrap(key).getInt(RowKey.BYTES + Integer.BYTES);
    }

    /** Returns the first half of the identity of the row's content in an index. */
    static long position(byte[] key) {
        return ByteBuffer.wrap(key).getLong();
    }
}
