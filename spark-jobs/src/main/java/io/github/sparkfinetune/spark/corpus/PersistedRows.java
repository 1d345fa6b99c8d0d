package io.github.sparkfinetune.spark.corpus;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.storage.StorageLevel;

/** Rows that the executors keep during a computation. Closing frees the rows, also after a failure. */
final class PersistedRows implements AutoCloseable {
    private final List<Dataset<Row>> datasets = new ArrayList<>();

    /** Persists rows on disk: for data as large as the documents' words. */
    Dataset<Row> onDisk(Dataset<Row> rows) {
        return keep(rows, StorageLevel.DISK_ONLY());
    }

    /** Persists rows in memory, and on disk where memory is short: for at most one row per document. */
    Dataset<Row> inMemory(Dataset<Row> rows) {
        return keep(rows, StorageLevel.MEMORY_AND_DISK_SER());
    }

    private Dataset<Row> keep(Dataset<Row> rows, StorageLevel level) {
        datasets.add(rows.persist(level));
        return rows;
    }

    @Override
    public void close() {
        datasets.forEach(Dataset::unpersist);
    }
}
