package io.github.sparkfinetune.data.dataset.parquet;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.IntBuffer;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.EnumSet;
import java.util.Set;
import org.apache.parquet.column.ColumnDescriptor;
import org.apache.parquet.column.Encoding;
import org.apache.parquet.column.page.DataPage;
import org.apache.parquet.column.page.DataPageV1;
import org.apache.parquet.column.page.PageReader;
import org.apache.parquet.hadoop.metadata.ColumnChunkMetaData;

/**
 * Reads the integer lists of a row group's column a page at a time. Parquet's own reader goes value by value, which for
 * tokens is most of the work.
 *
 * <p>Only pages as {@link SampleWriter} writes them are known: version 1.0, plain values, and levels of one bit in
 * Parquet's hybrid of run lengths and packed bits.
 */
final class IntLists {
    private static final Set<Encoding> KNOWN = EnumSet.of(Encoding.PLAIN, Encoding.RLE);

    private final int[] lengths;
    private final Deque<IntBuffer> values = new ArrayDeque<>();
    private int row = -1;

    private IntLists(int rows) {
        lengths = new int[rows];
    }

    /** Returns whether all pages of a column are of the known kind. */
    static boolean isKnown(ColumnDescriptor column, ColumnChunkMetaData chunk) {
        return column.getMaxRepetitionLevel() == 1
                && column.getMaxDefinitionLevel() == 1
                && KNOWN.containsAll(chunk.getEncodings());
    }

    /**
     * Reads a column.
     *
     * @param pages pages of the column, from the first on
     * @return an int[] for each row
     * @throws RuntimeException if the pages hold another number of rows, or are malformed
     */
    static Object[] read(PageReader pages, int rows) {
        IntLists lists = new IntLists(rows);
        for (DataPage page = pages.readPage(); page != null; page = pages.readPage()) {
            if (!(page instanceof DataPageV1 known)
                    || known.getRlEncoding() != Encoding.RLE
                    || known.getDlEncoding() != Encoding.RLE
                    || known.getValueEncoding() != Encoding.PLAIN) {
                throw new IllegalArgumentException("a page of an unknown kind");
            }
            lists.add(known);
        }
        return lists.lists();
    }

    private void add(DataPageV1 page) {
        ByteBuffer bytes;
        try {
            bytes = page.getBytes().toByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        byte[] repetitions = levels(bytes, page.getValueCount());
        byte[] definitions = levels(bytes, page.getValueCount());
        for (int i = 0; i < repetitions.length; i++) {
            // Repetition level 0 begins a row; definition level 0 marks an empty row.
            row += 1 - repetitions[i];
            lengths[row] += definitions[i];
        }
        values.add(bytes.asIntBuffer());
    }

    /** Reads levels of 0 and 1, stored as a length in bytes and runs. */
    private static byte[] levels(ByteBuffer bytes, int count) {
        byte[] levels = new byte[count];
        int end = bytes.getInt() + bytes.position();
        for (int at = 0; at < count; ) {
            int header = unsigned(bytes);
            if ((header & 1) == 0) {
                int to = Math.min(count, Math.addExact(at, header >>> 1));
                Arrays.fill(levels, at, to, bytes.get());
                at = to;
            } else {
                for (int group = header >>> 1; group > 0; group--) {
                    int packed = bytes.get();
                    for (int bit = 0; bit < Byte.SIZE && at < count; bit++) {
                        levels[at++] = (byte) (packed >> bit & 1);
                    }
                }
            }
        }
        bytes.position(end);
        return levels;
    }

    /** Reads a number of seven bits a byte, the lowest bits first; the eighth bit is set if another byte follows. */
    private static int unsigned(ByteBuffer bytes) {
        int value = 0;
        for (int shift = 0; ; shift += 7) {
            int part = bytes.get();
            value |= (part & 0x7f) << shift;
            if (part >= 0) {
                return value;
            }
        }
    }

    private Object[] lists() {
        if (row != lengths.length - 1) {
            throw new IllegalArgumentException((row + 1) + " rows instead of " + lengths.length);
        }
        Object[] lists = new Object[lengths.length];
        for (int i = 0; i < lists.length; i++) {
            int[] list = new int[lengths[i]];
            for (int at = 0; at < list.length; ) {
                IntBuffer page = values.element();
                int some = Math.min(list.length - at, page.remaining());
                page.get(list, at, some);
                at += some;
                if (!page.hasRemaining()) {
                    values.remove();
                }
            }
            lists[i] = list;
        }
        return lists;
    }
}
