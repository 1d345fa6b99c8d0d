package io.github.sparkfinetune.spark.corpus;

import io.github.sparkfinetune.data.task.ContentHash;
import io.github.sparkfinetune.testing.TestMatrix;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;

/** Synthetic documents. */
final class Documents {
    /** Far more partitions than cores and, in some tests, than rows. */
    static final int MANY_PARTITIONS = TestMatrix.isFull() ? 64 : 7;

    private Documents() {}

    static SparkSession spark() {
        return SparkSession.builder()
                .master("local[2]")
                .appName("corpus-test")
                .config("spark.ui.enabled", false)
                .config("spark.sql.shuffle.partitions", 3)
                .getOrCreate();
    }

    /** Returns a session whose shuffles have this many partitions. */
    static SparkSession session(int partitions) {
        SparkSession session = spark().newSession();
        session.conf().set("spark.sql.shuffle.partitions", partitions);
        session.conf().set("spark.sql.adaptive.coalescePartitions.enabled", false);
        return session;
    }

    static List<String> words(Random random, int count) {
        List<String> words = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            words.add("w" + random.nextInt(1_000_000));
        }
        return words;
    }

    /** Returns the words with this many of them replaced, at equal distances. */
    static List<String> replaced(Random random, List<String> words, int count) {
        List<String> other = new ArrayList<>(words);
        for (int i = 1; i <= count; i++) {
            other.set(i * words.size() / (count + 1), "x" + random.nextInt());
        }
        return other;
    }

    static String text(List<String> words) {
        return String.join(" ", words);
    }

    static ContentHash hash(String text) {
        UUID hash = UUID.nameUUIDFromBytes(text.getBytes(StandardCharsets.UTF_8));
        return new ContentHash(hash.getMostSignificantBits(), hash.getLeastSignificantBits());
    }

    /** Returns the texts in an order that depends on the number of partitions. */
    static JavaRDD<HashedText> rdd(List<String> texts, int partitions) {
        List<HashedText> documents = new ArrayList<>();
        texts.forEach(text -> documents.add(new HashedText(hash(text), text)));
        Collections.shuffle(documents, new Random(partitions));
        return JavaSparkContext.fromSparkContext(spark().sparkContext()).parallelize(documents, partitions);
    }
}
