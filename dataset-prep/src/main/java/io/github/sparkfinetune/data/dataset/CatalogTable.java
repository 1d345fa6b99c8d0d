package io.github.sparkfinetune.data.dataset;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.io.Serializable;

/**
 * Table of Spark's catalog that is a source of raw text.
 *
 * @param format {@code delta}, {@code iceberg}, {@code hudi}, {@code parquet}, …; as the catalog names it
 * @param location folder of the table; absent (null) if the catalog names none
 * @param version version that was read: Delta's version, Iceberg's snapshot or the time of Hudi's newest commit; absent
 *     (null) for other formats
 */
public record CatalogTable(
        String format,
        @JsonInclude(JsonInclude.Include.NON_NULL) String location,
        @JsonInclude(JsonInclude.Include.NON_NULL) String version)
        implements Serializable {}
