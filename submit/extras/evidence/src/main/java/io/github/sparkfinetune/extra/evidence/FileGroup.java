package io.github.sparkfinetune.extra.evidence;

import java.io.Serializable;
import java.util.Comparator;
import java.util.List;

/**
 * Files of a run that are hashed together.
 *
 * @param name name in the index
 * @param role whether the run reads or writes the files
 * @param root folder of the names, as a URI
 * @param isListed whether the evidence names each file; names of source files may be personal
 * @param files files, sorted by name
 */
record FileGroup(String name, Role role, String root, boolean isListed, List<Entry> files) {

    /** Use of files by a run. */
    enum Role {
        INPUT,
        OUTPUT
    }

    /**
     * A file.
     *
     * @param name name below the root
     * @param path URI
     * @param bytes length
     */
    record Entry(String name, String path, long bytes) implements Serializable {}

    FileGroup {
        files = files.stream().sorted(Comparator.comparing(Entry::name)).toList();
    }

    long bytes() {
        return files.stream().mapToLong(Entry::bytes).sum();
    }
}
