package io.github.sparkfinetune.data.dataset;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.io.Serializable;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * Generation of a dataset that grows: the rows of the files that one {@code prepare} found to be new. Its number is its
 * place in {@link Manifest#generations}, from 1. The names of its files hold the number.
 *
 * @param shards number of hash ranges of its shards
 * @param added number and length of the files that it read
 * @param removed number and length of the files of earlier generations that the sources do not have any more
 * @param samples number of samples that it appended, by split
 * @param erased documents of removed files that lost their samples
 * @param columns columns and types of the tables among the sources, by the source's key; absent (empty) without tables
 * @param index bytes of the files of its index, by path in the dataset's folder: the list of its files, and the hashes
 *     of their rows
 */
public record Generation(
        int shards,
        Files added,
        Files removed,
        Map<String, Long> samples,
        long erased,
        @JsonInclude(JsonInclude.Include.NON_EMPTY) Map<String, String> columns,
        Map<String, Long> index)
        implements Serializable {
    /**
     * Files of the sources.
     *
     * @param count number of files
     * @param bytes length of all files
     */
    public record Files(long count, long bytes) implements Serializable {}

    public Generation {
        samples = Collections.unmodifiableMap(new TreeMap<>(samples));
        columns = columns == null ? Map.of() : Collections.unmodifiableMap(new TreeMap<>(columns));
        index = Collections.unmodifiableMap(new TreeMap<>(index));
    }

    /** Returns this generation with a number of erased documents. */
    public Generation withErased(long documents) {
        return new Generation(shards, added, removed, samples, documents, columns, index);
    }
}
