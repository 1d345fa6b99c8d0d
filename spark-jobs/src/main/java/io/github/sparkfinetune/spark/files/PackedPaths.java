package io.github.sparkfinetune.spark.files;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.InflaterInputStream;

/**
 * Paths with two numbers each, compressed. Paths that follow each other differ little, so a path takes about 20 bytes.
 */
final class PackedPaths implements Serializable {
    private static final long serialVersionUID = 1L;

    private final int count;
    private final byte[] packed;

    private PackedPaths(int count, byte[] packed) {
        this.count = count;
        this.packed = packed;
    }

    /** Maker of an element from a path and its numbers. */
    interface Maker<T> {
        /** Returns the element. */
        T of(String path, long first, long second);
    }

    /** Collects paths in the order in which they are added. */
    static final class Builder {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private final DataOutputStream out = new DataOutputStream(new DeflaterOutputStream(bytes));
        private int count;

        /** Adds a path with its numbers. */
        void add(String path, long first, long second) {
            byte[] name = path.getBytes(StandardCharsets.UTF_8);
            try {
                out.writeInt(name.length);
                out.write(name);
                out.writeLong(first);
                out.writeLong(second);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            count++;
        }

        int count() {
            return count;
        }

        PackedPaths build() {
            try {
                out.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return new PackedPaths(count, bytes.toByteArray());
        }
    }

    /** Returns the elements in their order. */
    <T> Iterator<T> iterator(Maker<T> maker) {
        DataInputStream in = new DataInputStream(new InflaterInputStream(new ByteArrayInputStream(packed)));
        return new Iterator<>() {
            private int left = count;

            @Override
            public boolean hasNext() {
                return left > 0;
            }

            @Override
            public T next() {
                if (left-- <= 0) {
                    throw new NoSuchElementException();
                }
                try {
                    String path = new String(in.readNBytes(in.readInt()), StandardCharsets.UTF_8);
                    T element = maker.of(path, in.readLong(), in.readLong());
                    if (left == 0) {
                        in.close();
                    }
                    return element;
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        };
    }

    /** Returns the bytes that the paths take. */
    int size() {
        return packed.length;
    }
}
