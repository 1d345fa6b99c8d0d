package io.github.sparkfinetune.spark.files;

import io.github.sparkfinetune.data.hf.Sha256;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.PriorityQueue;

/** Files of a source in the order of their paths, in about 20 bytes a file. */
public final class FileList implements Iterable<ListedFile> {
    /** List without files. */
    public static final FileList EMPTY = new Builder().build();

    private final List<PackedPaths> packs;
    private final String fingerprint;

    private FileList(List<PackedPaths> packs, String fingerprint) {
        this.packs = packs;
        this.fingerprint = fingerprint;
    }

    /**
     * Collects files in any order. Files are collected in runs. A full run is sorted and compressed, and a merge of the
     * runs gives the order of all files.
     */
    public static final class Builder {
        private static final int RUN = 1 << 16;
        private static final Comparator<ListedFile> BY_PATH = Comparator.comparing(ListedFile::path);

        private final List<ListedFile> run = new ArrayList<>();
        private final List<PackedPaths> full = new ArrayList<>();

        /** Files of a run that are not merged yet. The next file is read ahead. */
        private static final class Rest {
            private final Iterator<ListedFile> files;
            private ListedFile next;

            Rest(PackedPaths run) {
                files = run.iterator(ListedFile::new);
                next = files.next();
            }

            boolean advance() {
                next = files.hasNext() ? files.next() : null;
                return next != null;
            }
        }

        /** Adds a file. */
        public void add(ListedFile file) {
            run.add(file);
            if (run.size() == RUN) {
                pack();
            }
        }

        private void pack() {
            run.sort(BY_PATH);
            PackedPaths.Builder packed = new PackedPaths.Builder();
            run.forEach(file -> packed.add(file.path(), file.bytes(), file.time()));
            full.add(packed.build());
            run.clear();
        }

        /** Returns the list. It ends this builder. */
        public FileList build() {
            if (!run.isEmpty()) {
                pack();
            }
            PriorityQueue<Rest> rests = new PriorityQueue<>(Comparator.comparing((Rest rest) -> rest.next, BY_PATH));
            full.forEach(packed -> rests.add(new Rest(packed)));
            full.clear();
            List<PackedPaths> packs = new ArrayList<>();
            PackedPaths.Builder packed = new PackedPaths.Builder();
            MessageDigest digest = Sha256.digest();
            while (!rests.isEmpty()) {
                Rest first = rests.remove();
                ListedFile file = first.next;
                packed.add(file.path(), file.bytes(), file.time());
                digest.update(line(file).getBytes(StandardCharsets.UTF_8));
                if (packed.count() == RUN) {
                    packs.add(packed.build());
                    packed = new PackedPaths.Builder();
                }
                if (first.advance()) {
                    rests.add(first);
                }
            }
            packs.add(packed.build());
            return new FileList(List.copyOf(packs), HexFormat.of().formatHex(digest.digest()));
        }

        private static String line(ListedFile file) {
            return file.path() + "\t" + file.bytes() + "\t" + file.time() + "\n";
        }
    }

    @Override
    public Iterator<ListedFile> iterator() {
        Iterator<PackedPaths> rest = packs.iterator();
        return new Iterator<>() {
            private Iterator<ListedFile> files = Collections.emptyIterator();

            @Override
            public boolean hasNext() {
                while (!files.hasNext() && rest.hasNext()) {
                    files = rest.next().iterator(ListedFile::new);
                }
                return files.hasNext();
            }

            @Override
            public ListedFile next() {
                if (!hasNext()) {
                    throw new NoSuchElementException();
                }
                return files.next();
            }
        };
    }

    /**
     * Returns the SHA-256 of a line for each file in the order of the paths, in hexadecimal digits: path, length and
     * time of modification, separated by tabs.
     */
    public String fingerprint() {
        return fingerprint;
    }

    /** Returns the bytes that the list takes. */
    long size() {
        return packs.stream().mapToLong(PackedPaths::size).sum();
    }
}
