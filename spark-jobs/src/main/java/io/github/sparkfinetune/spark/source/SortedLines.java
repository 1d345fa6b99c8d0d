package io.github.sparkfinetune.spark.source;

import io.github.sparkfinetune.data.hf.Sha256;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.PriorityQueue;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.InflaterInputStream;

/**
 * Files of a source for its fingerprint, in about 20 bytes a file. Files are collected in runs of {@value #RUN}. A full
 * run is sorted and compressed, because paths that follow each other in order differ little. A merge of the runs gives
 * the order of all files.
 */
final class SortedLines {
    private static final int RUN = 1 << 16;

    private final List<Line> run = new ArrayList<>();
    private final List<byte[]> full = new ArrayList<>();

    /** A file: path, length in bytes, time of modification. */
    private record Line(String path, long bytes, long time) {
        void write(DataOutputStream out) throws IOException {
            byte[] name = path.getBytes(StandardCharsets.UTF_8);
            out.writeInt(name.length);
            out.write(name);
            out.writeLong(bytes);
            out.writeLong(time);
        }

        /** Returns the line that the fingerprint covers. */
        String text() {
            return path + "\t" + bytes + "\t" + time + "\n";
        }
    }

    /** Files of a run that are not merged yet. The next file is read ahead. */
    private static final class Rest {
        private final DataInputStream in;
        private int left;
        private Line next;

        Rest(byte[] run) throws IOException {
            in = new DataInputStream(new InflaterInputStream(new ByteArrayInputStream(run)));
            left = in.readInt();
            advance();
        }

        boolean advance() throws IOException {
            if (left-- == 0) {
                return false;
            }
            String path = new String(in.readNBytes(in.readInt()), StandardCharsets.UTF_8);
            next = new Line(path, in.readLong(), in.readLong());
            return true;
        }
    }

    /** Adds a file. */
    void add(String path, long bytes, long time) {
        run.add(new Line(path, bytes, time));
        if (run.size() == RUN) {
            compress();
        }
    }

    private void compress() {
        run.sort(Comparator.comparing(Line::path));
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(new DeflaterOutputStream(bytes))) {
            out.writeInt(run.size());
            for (Line line : run) {
                line.write(out);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        full.add(bytes.toByteArray());
        run.clear();
    }

    /** Returns the SHA-256 of the lines in the order of the paths, in hexadecimal digits. */
    String fingerprint() {
        if (!run.isEmpty()) {
            compress();
        }
        MessageDigest digest = Sha256.digest();
        try {
            PriorityQueue<Rest> rests = new PriorityQueue<>(Comparator.comparing((Rest rest) -> rest.next.path()));
            for (byte[] bytes : full) {
                rests.add(new Rest(bytes));
            }
            while (!rests.isEmpty()) {
                Rest first = rests.remove();
                digest.update(first.next.text().getBytes(StandardCharsets.UTF_8));
                if (first.advance()) {
                    rests.add(first);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    /** Returns the bytes that the full runs take. */
    long size() {
        return full.stream().mapToLong(bytes -> bytes.length).sum();
    }
}
