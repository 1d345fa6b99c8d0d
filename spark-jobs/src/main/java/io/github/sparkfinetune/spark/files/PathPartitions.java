package io.github.sparkfinetune.spark.files;

import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.catalyst.catalog.ExternalCatalogUtils;

/** Columns in the names of folders, {@code key=value/file}, as Hive and Spark write them. */
final class PathPartitions {
    private PathPartitions() {}

    /**
     * Returns the value that a file has in a column.
     *
     * @return null if the value is Hive's default, or no folder has the column
     */
    static String value(String path, String column) {
        String start = column + "=";
        for (Path folder = new Path(path).getParent(); folder != null; folder = folder.getParent()) {
            if (folder.getName().startsWith(start)) {
                String value = folder.getName().substring(start.length());
                return value.equals(ExternalCatalogUtils.DEFAULT_PARTITION_NAME())
                        ? null
                        : ExternalCatalogUtils.unescapePathName(value);
            }
        }
        return null;
    }
}
