package io.github.sparkfinetune.extra.lineage;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.data.hub.HubName;
import java.net.URI;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.apache.hadoop.fs.Path;

/**
 * Name of a dataset by <a href="https://openlineage.io/docs/spec/naming">OpenLineage's naming conventions</a>, as
 * OpenLineage's Spark integration writes it. A dataset that one job writes and another job reads is then one node of
 * the graph.
 *
 * @param namespace data source, such as {@code s3://bucket}
 * @param name name within the data source
 */
record DatasetName(String namespace, String name) {
    private static final String HUB = "https://huggingface.co";
    static final String MEMORY = "inmemory://";
    private static final String FILE = "file";
    private static final Pattern GLOB = Pattern.compile("[*?\\[{]");
    /** Object stores whose names have no leading slash, with the scheme that stands for the others of its store. */
    private static final Map<String, String> STORES = Map.of(
            "s3", "s3", "s3a", "s3", "s3n", "s3", "gs", "gs", "abfs", "abfss", "abfss", "abfss", "wasb", "wasbs",
            "wasbs", "wasbs");

    /**
     * Returns the name of a file or folder. The name of a glob is the folder above its first wildcard.
     *
     * @param path absolute URI
     */
    static DatasetName ofPath(String path) {
        Path whole = new Path(path);
        while (GLOB.matcher(whole.toUri().getPath()).find()) {
            whole = whole.getParent();
        }
        URI uri = whole.toUri().normalize();
        String scheme = uri.getScheme() == null ? FILE : uri.getScheme();
        String authority = uri.getAuthority();
        if (STORES.containsKey(scheme)) {
            String key = uri.getPath().replaceFirst("^/+", "");
            return new DatasetName(STORES.get(scheme) + "://" + authority, key.isEmpty() ? "/" : key);
        }
        if (scheme.equals(FILE) && (authority == null || authority.isEmpty())) {
            return new DatasetName(FILE, uri.getPath());
        }
        return new DatasetName(scheme + "://" + (authority == null ? "" : authority), uri.getPath());
    }

    /**
     * Returns the name of a model: its repository and the Hugging Face Hub if the folder is a cache's snapshot.
     *
     * @param folder absolute URI of the model's folder
     */
    static DatasetName ofModel(String folder) {
        return HubName.ofSnapshot(folder)
                .map(model -> new DatasetName(HUB, model.repository()))
                .orElseGet(() -> ofPath(folder));
    }

    /**
     * Returns the name of a path, or of a view of the session.
     *
     * @param path absolute URI, or {@code table:NAME}
     */
    static DatasetName ofSource(String path) {
        return DataConfig.isTable(path)
                ? new DatasetName(MEMORY, path.substring(DataConfig.TABLE.length()))
                : ofPath(path);
    }

    /**
     * Returns the name of a table in its metastore, if the settings name the metastore.
     *
     * @param path {@code table:NAME}
     * @param spark settings of the session
     */
    static Optional<DatasetName> inMetastore(String path, Map<String, String> spark) {
        String name = path.substring(DataConfig.TABLE.length());
        if (!DataConfig.isTable(path) || name.contains("`")) {
            return Optional.empty();
        }
        String[] parts = name.split("\\.", -1);
        String catalog = parts.length > 2 ? parts[0] : "spark_catalog";
        String uri = spark.getOrDefault(
                "spark.sql.catalog." + catalog + ".uri",
                spark.getOrDefault("spark.hadoop.hive.metastore.uris", spark.get("spark.hive.metastore.uris")));
        if (uri == null || parts.length == 1) {
            return Optional.empty();
        }
        String first = uri.split(",", 2)[0].strip();
        return Optional.of(new DatasetName(
                first.replaceFirst("^thrift://", "hive://"), parts.length > 2 ? name.split("\\.", 2)[1] : name));
    }
}
