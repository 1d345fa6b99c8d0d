package io.github.sparkfinetune.spark.prepare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.Zstd;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.Manifest;
import java.io.BufferedWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.io.compress.BZip2Codec;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Sources in every format, compression and character set, which hold the same documents. */
class PrepareSourcesTest {
    private static final List<String> TEXTS = IntStream.range(0, 30)
            .mapToObj(i -> PrepareFixture.text(i) + " Übung, café")
            .toList();

    @TempDir
    private Path folder;

    private SparkSession spark;

    @BeforeEach
    void start() {
        spark = PrepareFixture.spark(2);
    }

    private Manifest prepare(String name, Path train, String... data) {
        List<String> lines = new ArrayList<>(List.of("train: " + train, "eval_fraction: 0"));
        lines.addAll(Arrays.asList(data));
        RunConfig config =
                PrepareFixture.languageModel("causal-lm", folder.resolve(name), lines.toArray(String[]::new));
        return PrepareJob.run(spark, config);
    }

    private static String jsonLines() {
        return String.join(
                "", TEXTS.stream().map(text -> "{\"text\": \"" + text + "\"}\n").toList());
    }

    private static byte[] compressed(String ending, byte[] bytes) throws IOException {
        if (ending.equals("zst")) {
            return Zstd.compress(bytes);
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        BZip2Codec bzip2 = new BZip2Codec();
        bzip2.setConf(new Configuration());
        try (OutputStream compress = ending.equals("gz") ? new GZIPOutputStream(out) : bzip2.createOutputStream(out)) {
            compress.write(bytes);
        }
        return out.toByteArray();
    }

    @ParameterizedTest
    @ValueSource(strings = {"gz", "bz2", "zst"})
    void readsCompressedFiles(String ending) throws IOException {
        Manifest plain = prepare("plain", Files.writeString(folder.resolve("texts.jsonl"), jsonLines()));
        Path lines = folder.resolve("texts.jsonl." + ending);
        Files.write(lines, compressed(ending, jsonLines().getBytes(StandardCharsets.UTF_8)));
        assertThat(PrepareFixture.splits(prepare("lines", lines))).isEqualTo(PrepareFixture.splits(plain));

        Path csv = folder.resolve("texts.csv." + ending);
        String table = "text\n\"" + String.join("\"\n\"", TEXTS) + "\"\n";
        Files.write(csv, compressed(ending, table.getBytes(StandardCharsets.UTF_8)));
        assertThat(PrepareFixture.splits(prepare("csv", csv))).isEqualTo(PrepareFixture.splits(plain));

        Path texts = folder.resolve("lines.txt." + ending);
        Files.write(texts, compressed(ending, String.join("\n", TEXTS).getBytes(StandardCharsets.UTF_8)));
        assertThat(PrepareFixture.splits(prepare("texts", texts, "format: text")))
                .isEqualTo(PrepareFixture.splits(plain));

        Path files = Files.createDirectories(folder.resolve("files/some"));
        for (int i = 0; i < TEXTS.size(); i++) {
            byte[] bytes = TEXTS.get(i).getBytes(StandardCharsets.UTF_8);
            boolean compress = i % 2 == 0;
            Files.write(
                    files.resolve(i + (compress ? ".txt." + ending : ".txt")),
                    compress ? compressed(ending, bytes) : bytes);
        }
        assertThat(PrepareFixture.splits(prepare("from-files", folder.resolve("files"))))
                .isEqualTo(PrepareFixture.splits(plain));
    }

    @ParameterizedTest
    @ValueSource(strings = {"windows-1252", "UTF-16LE"})
    void readsOtherCharacterSets(String encoding) throws IOException {
        Charset charset = Charset.forName(encoding);
        String set = "encoding: " + encoding;
        Manifest plain = prepare("plain", Files.writeString(folder.resolve("texts.jsonl"), jsonLines()));
        Path lines = Files.write(folder.resolve("other.jsonl"), jsonLines().getBytes(charset));
        Manifest other = prepare("lines", lines, set);
        assertThat(PrepareFixture.splits(other)).isEqualTo(PrepareFixture.splits(plain));
        assertThat(other.options().encoding()).isEqualTo(encoding);
        assertThat(other.repairedTexts()).isZero();
        Path csv = Files.write(
                folder.resolve("other.csv"), ("text\n\"" + String.join("\"\n\"", TEXTS) + "\"\n").getBytes(charset));
        assertThat(PrepareFixture.splits(prepare("csv", csv, set))).isEqualTo(PrepareFixture.splits(plain));
        Path texts = Files.write(
                folder.resolve("other.txt"), String.join("\n", TEXTS).getBytes(charset));
        assertThat(PrepareFixture.splits(prepare("texts", texts, set, "format: text")))
                .isEqualTo(PrepareFixture.splits(plain));
        Path file = Files.createDirectories(folder.resolve("files/some")).resolve("0.txt");
        Files.write(file, TEXTS.get(0).getBytes(charset));
        assertThat(prepare("from-files", folder.resolve("files"), set)
                        .split("train")
                        .documents()
                        .count())
                .isEqualTo(1);
    }

    @Test
    void repairsOrCountsMixedCharacterSets() throws IOException {
        Path texts = folder.resolve("mixed.txt");
        try (OutputStream out = Files.newOutputStream(texts)) {
            for (String text : TEXTS) {
                out.write((text + "\n").getBytes(StandardCharsets.UTF_8));
            }
            out.write("In Latin-1: Übung, café\n".getBytes(StandardCharsets.ISO_8859_1));
            out.write("In UTF-16, of which every other byte goes: ".getBytes(StandardCharsets.UTF_16LE));
            out.write('\n');
        }
        Manifest manifest = prepare("mixed", texts, "format: text", "max_bad_fraction: 0.1");
        assertThat(manifest.repairedTexts()).isEqualTo(1);
        assertThat(manifest.badRows()).containsOnlyKeys("binary_text");
        assertThat(manifest.split("train").documents().count()).isEqualTo(31);
    }

    @Test
    void refusesLinesWithoutByteOrderOrLabel() throws IOException {
        Path texts = Files.writeString(folder.resolve("texts.txt"), "one\ntwo\n");
        assertThatThrownBy(() -> prepare("a", texts, "format: text", "encoding: UTF-16"))
                .hasMessageContaining("data.encoding: UTF-16 does not set the byte order")
                .hasMessageContaining("UTF-16LE or UTF-16BE");
        assertThatThrownBy(() -> PrepareJob.run(
                        spark, PrepareFixture.config(folder.resolve("b"), "train: " + texts, "format: text")))
                .hasMessageContaining("is read as lines (data.format), which have no label");
    }

    @Test
    @Tag("full")
    void cutsALineOf100Megabytes() throws IOException {
        Path texts = folder.resolve("long.txt");
        try (BufferedWriter out = Files.newBufferedWriter(texts)) {
            out.write("short\n");
            for (int i = 0; i < 10_000_000; i++) {
                out.write("ten chars ");
            }
            out.write("\nshort too\n");
        }
        assertThat(Files.size(texts)).isGreaterThan(100_000_000);
        Manifest manifest = prepare("long", texts, "format: text");
        assertThat(manifest.cutTexts()).isEqualTo(1);
        assertThat(manifest.split("train").documents().count()).isEqualTo(3);
    }

    /** Jackson reads no text of more than 20 MB. */
    @Test
    void cutsOrCountsARecordOf21Megabytes() throws IOException {
        String longText = "ten chars ".repeat(2_100_000);
        Path json = Files.writeString(
                folder.resolve("long.jsonl"),
                "{\"text\": \"short\"}\n{\"text\": \"" + longText + "\"}\n{\"text\": \"short too\"}\n");
        Manifest counted = prepare("counted", json, "max_bad_fraction: 0.5");
        assertThat(counted.badRows()).isEqualTo(Map.of("malformed_record", 1L));
        assertThat(counted.split("train").documents().count()).isEqualTo(2);
        assertThatThrownBy(() -> prepare("refused", json))
                .isInstanceOfSatisfying(
                        RunException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.DATA))
                .hasMessageContaining("malformed_record: 1, such as in file:" + json);
        Path csv = Files.writeString(folder.resolve("long.csv"), "text\nshort\n" + longText + "\nshort too\n");
        assertThat(prepare("cut", csv).cutTexts()).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"jsonl", "csv", "txt"})
    void namesABrokenGzip(String format) throws IOException {
        String text = format.equals("csv")
                ? "text\n" + "a plain text\n".repeat(5000)
                : jsonLines().repeat(50);
        byte[] whole = compressed("gz", text.getBytes(StandardCharsets.UTF_8));
        Path texts = Files.createDirectories(folder.resolve("texts/some"));
        Files.write(texts.resolve("broken." + format + ".gz"), Arrays.copyOf(whole, whole.length / 2));
        assertThatThrownBy(() -> prepare("a", folder.resolve("texts")))
                .isInstanceOfSatisfying(
                        RunException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.DATA))
                .hasMessageContaining("texts/some/broken." + format + ".gz")
                .message()
                .doesNotContain("\n");
        assertThat(folder.resolve("a")).doesNotExist();
    }
}
