package io.github.sparkfinetune.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Checks that the libraries with scope provided have the versions of Spark's stock distribution, so that we compile and
 * test against the cluster's libraries. The distribution has more jars (for Hive, Kubernetes, MLlib), which our code
 * does not use.
 */
class SparkDistributionTest {
    private static final Pattern JAR = Pattern.compile(
            "(?<name>.+?)-(?<version>[0-9][0-9A-Za-z.]*(?:-(?:[0-9]+|M11|GA))?)(?<classifier>-.+)?\\.jar");

    /** Our version, the stock version, and why the difference is harmless. */
    private static final Map<String, String> ALLOWED = Map.of(
            "gson",
                    "2.10.1, stock 2.2.4: nothing of Spark's that we use calls it; DJL's own gson is renamed in our jar",
            "objenesis", "2.5.1, stock 3.3: Kryo's instantiator; the two methods it calls are in both",
            "protobuf-java", "3.19.6, stock none: Maven adds it for Tink, the distribution leaves it out",
            "audience-annotations", "0.13.0, stock 0.5.0: annotations of ZooKeeper, nothing that runs");

    @Test
    void providedLibrariesHaveTheStockDistributionsVersions() throws IOException {
        Map<String, String> stock = new HashMap<>();
        try (InputStream in = getClass().getResourceAsStream("/spark-3.5.9/jars.txt")) {
            new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> !line.startsWith("#"))
                    .forEach(jar -> put(stock, jar));
        }
        Map<String, String> bundled = new HashMap<>();
        try (Stream<Path> jars = Files.list(Path.of(System.getProperty("embedded.spark.home"), "jars"))) {
            jars.forEach(jar -> put(bundled, jar.getFileName().toString()));
        }

        assertThat(stock).hasSizeGreaterThan(200);
        assertThat(bundled.keySet()).contains("spark-core_2.12", "parquet-hadoop", "hadoop-client-api", "snakeyaml");
        Map<String, String> differences = new TreeMap<>();
        bundled.forEach((name, version) -> {
            if (!version.equals(stock.get(name))) {
                differences.put(name, version + ", stock " + stock.getOrDefault(name, "none"));
            }
        });
        assertThat(differences.keySet()).isEqualTo(Set.copyOf(ALLOWED.keySet()));
        differences.forEach((name, versions) -> assertThat(ALLOWED.get(name)).startsWith(versions + ":"));
    }

    private static void put(Map<String, String> jars, String file) {
        Matcher jar = JAR.matcher(file);
        assertThat(jar.matches()).as(file).isTrue();
        String classifier = jar.group("classifier") == null ? "" : jar.group("classifier");
        assertThat(jars.put(jar.group("name") + classifier, jar.group("version")))
                .as(file)
                .isNull();
    }
}
