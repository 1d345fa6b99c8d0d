package io.github.sparkfinetune.extra.erase;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.spark.prepare.PrepareFixture;
import io.github.sparkfinetune.spark.prepare.PrepareJob;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Documents of a dataset of several generations are traced and erased. */
@Timeout(600)
class EraseGenerationsTest {
    @TempDir
    private Path folder;

    private SparkSession spark;
    private RunConfig config;

    private void write(String file, int from, int to) throws IOException {
        List<String> all = PrepareFixture.mails(to).subList(from, to);
        PrepareFixture.write(folder.resolve("mails").resolve(file), all);
    }

    private Trace trace(int mail) throws IOException {
        Path file = Files.writeString(folder.resolve("document"), PrepareFixture.text(mail));
        return TraceJob.ofFile(spark, config, "--text-file", file.toString());
    }

    private long tokens(Manifest manifest) throws IOException {
        return PrepareFixture.samples(folder.resolve("dataset"), manifest, Manifest.TRAIN).stream()
                .mapToLong(Sample::length)
                .sum();
    }

    @Test
    void findsAndErasesDocumentsOfAnyGeneration() throws IOException {
        spark = PrepareFixture.spark(2);
        config = PrepareFixture.config(
                folder.resolve("dataset"),
                "train: " + folder.resolve("mails"),
                "incremental: true",
                "eval_fraction: 0");
        write("a.jsonl", 0, 60);
        PrepareJob.run(spark, config);
        write("b.jsonl", 60, 90);
        assertThat(catchThrowableOfType(RunException.class, () -> trace(3)))
                .hasMessageContaining("lacks files that its sources have by now: run finetune prepare first");
        Manifest second = PrepareJob.run(spark, config);

        assertThat(trace(3).places())
                .hasSize(1)
                .allSatisfy(place -> assertThat(place.file()).contains("-g1-"));
        Trace later = trace(75);
        assertThat(later.places())
                .hasSize(1)
                .allSatisfy(place -> assertThat(place.file()).contains("-g2-"));

        EraseJob job = new EraseJob(spark, config);
        Erasure found = job.find(new Selection(Selection.Kind.HASH, later.hash()));
        assertThat(found.samples().training()).isEqualTo(1);
        long before = tokens(second);
        job.begin(found);
        Manifest erased = Manifest.read(
                new org.apache.hadoop.fs.Path(folder.resolve("dataset").toUri()), new Configuration());
        assertThat(erased.generations()).isEqualTo(second.generations());
        assertThat(tokens(erased)).isLessThan(before);

        // The document stays erased, whichever file holds it.
        Files.delete(folder.resolve("mails/b.jsonl"));
        write("c.jsonl", 61, 91);
        Manifest third = PrepareJob.run(spark, config);
        assertThat(third.generations().get(2).erased()).isEqualTo(1);
        assertThat(trace(75).droppedBecause()).isEqualTo("erased");
        assertThat(trace(90).places()).hasSize(1);
        write("d.jsonl", 60, 91);
        PrepareJob.run(spark, config);
        assertThat(trace(75).droppedBecause()).isEqualTo("erased");
        assertThat(trace(60).places()).hasSize(1);
    }
}
