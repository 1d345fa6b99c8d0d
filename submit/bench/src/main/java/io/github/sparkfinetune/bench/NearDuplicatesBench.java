package io.github.sparkfinetune.bench;

import io.github.sparkfinetune.core.memory.ResidentMemory;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.data.task.ContentHash;
import io.github.sparkfinetune.spark.corpus.HashedText;
import io.github.sparkfinetune.spark.corpus.NearDuplicates;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * Measures time, memory, precision and recall of near-deduplication: {@code NearDuplicatesBench DOCUMENTS COPIES}. The
 * documents are a {@link PlantedCorpus} in Parquet, in a temporary folder, and as many exact copies of its first
 * document. Precision is the share of removed documents whose survivor is their near-duplicate. Recall is the share of
 * planted near-duplicates that were removed.
 */
final class NearDuplicatesBench {
    private static final int FILES = 32;
    private static final StructType SCHEMA = new StructType()
            .add("first", DataTypes.LongType, false)
            .add("second", DataTypes.LongType, false)
            .add("text", DataTypes.StringType, false);

    private NearDuplicatesBench() {}

    public static void main(String[] arguments) throws IOException {
        long documents = Long.parseLong(arguments[0]);
        long copies = Long.parseLong(arguments[1]);
        PlantedCorpus corpus = new PlantedCorpus(documents);
        Path folder = Files.createTempDirectory("near-duplicates-bench-");
        SparkSession spark = SparkSession.builder()
                .master("local[2]")
                .config("spark.ui.enabled", false)
                .config("spark.local.dir", folder.toString())
                .getOrCreate();
        try (spark) {
            String texts = folder.resolve("texts").toString();
            write(spark, corpus, documents, copies, texts);
            Instant started = Instant.now();
            try (NearDuplicates found =
                    NearDuplicates.find(spark, read(spark, texts), new NearDuplicates.Options(5, 14, 8, 0.75, 42))) {
                double seconds = Duration.between(started, Instant.now()).toMillis() / 1e3;
                report(corpus, documents, copies, found, seconds);
            }
        } finally {
            HadoopFiles.deleteLocal(folder);
        }
    }

    private static void write(SparkSession spark, PlantedCorpus corpus, long documents, long copies, String folder) {
        spark.range(0, documents + copies, 1, FILES)
                .repartition(FILES)
                .map(
                        (MapFunction<Long, Row>) index -> {
                            HashedText document = corpus.document(index < documents ? index : 0);
                            return RowFactory.create(
                                    document.hash().first(), document.hash().second(), document.text());
                        },
                        Encoders.row(SCHEMA))
                .write()
                .parquet(folder);
    }

    private static JavaRDD<HashedText> read(SparkSession spark, String folder) {
        return spark.read()
                .parquet(folder)
                .toJavaRDD()
                .map(row -> new HashedText(new ContentHash(row.getLong(0), row.getLong(1)), row.getString(2)));
    }

    private static void report(
            PlantedCorpus corpus, long documents, long copies, NearDuplicates found, double seconds) {
        long peak = ResidentMemory.peak();
        Map<ContentHash, Long> components = new HashMap<>();
        Map<Long, Long> sizes = new HashMap<>();
        for (long i = 0; i < documents; i++) {
            components.put(corpus.hash(i), corpus.component(i));
            sizes.merge(corpus.component(i), 1L, Long::sum);
        }
        Map<ContentHash, ContentHash> removed =
                new HashMap<>(found.removed().documents().collectAsMap());
        long planted = sizes.values().stream().mapToLong(size -> size - 1).sum();
        long right = removed.entrySet().stream()
                .filter(pair -> components.get(pair.getKey()).equals(components.get(pair.getValue())))
                .count();
        System.out.printf(
                Locale.ROOT,
                "ours neardup documents %d copies %d whole s %.1f us a document %.0f peak MB %d candidates %d similar %d removed %d"
                        + " precision %.4f recall %.4f%n",
                documents,
                copies,
                seconds,
                seconds * 1e6 / (documents + copies),
                peak >> 20,
                found.counts().candidates(),
                found.counts().similar(),
                removed.size(),
                (double) right / removed.size(),
                (double) right / planted);
    }
}
