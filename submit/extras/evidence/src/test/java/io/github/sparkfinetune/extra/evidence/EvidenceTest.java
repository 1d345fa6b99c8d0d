package io.github.sparkfinetune.extra.evidence;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.privacy.PrivacySpent;
import io.github.sparkfinetune.data.hf.Sha256;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.PublicKey;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EvidenceTest {
    private static final byte[] CARD = "# A model\n".getBytes(StandardCharsets.UTF_8);

    @TempDir
    Path dir;

    private static EvidenceIndex index(double accuracy, EvidenceIndex.Group... groups) {
        return new EvidenceIndex(
                EvidenceIndex.SCHEMA_VERSION,
                "1.2.3",
                "2026-01-01T00:00:00Z",
                new EvidenceIndex.Run("mails", "classification", "file:/run"),
                List.of(new EvidenceIndex.File("model-card.md", CARD.length, Sha256.of(CARD))),
                List.of(groups),
                new EvidenceIndex.Data(
                        List.of(), 2, Map.of("email", 3L), new PrivacySpent(7.9, 8.8, 1e-5, 0.7, 1.0, null, 0.03)),
                List.of(new EvidenceIndex.Figure("test", "accuracy", accuracy, "finetune evaluate")));
    }

    private Path written(String name, Keys keys) throws Exception {
        byte[] json = index(0.75).toJson();
        Map<String, byte[]> files = new LinkedHashMap<>();
        files.put("model-card.md", CARD);
        files.put(IndexSignature.FILE_NAME, IndexSignature.sign(json, keys.privateKey()));
        files.put(EvidenceIndex.FILE_NAME, json);
        Path target = dir.resolve(name);
        new EvidenceFiles(new org.apache.hadoop.fs.Path(target.toUri()), new Configuration()).write(files);
        return target;
    }

    private static List<Verdict> check(Path evidence, PublicKey key) {
        return Evidence.read(evidence.toString(), new Configuration()).check(key);
    }

    @ParameterizedTest
    @ValueSource(strings = {"evidence", "evidence.zip"})
    void signedEvidenceHolds(String name) throws Exception {
        Keys keys = Keys.in(dir, "key");
        Path evidence = written(name, keys);

        assertThat(Evidence.read(evidence.toString(), new Configuration()).index())
                .isEqualTo(index(0.75));
        assertThat(check(evidence, keys.publicKey()))
                .containsExactly(
                        new Verdict("signature", "fits the key", false),
                        new Verdict("files", "1 as in the index", false));
        assertThat(check(evidence, null))
                .noneMatch(Verdict::differs)
                .first()
                .satisfies(verdict -> assertThat(verdict.text()).isEqualTo("not checked: give --public-key"));
    }

    @Test
    void namesAnotherKey() throws Exception {
        Path evidence = written("evidence", Keys.in(dir, "key"));

        assertThat(check(evidence, Keys.in(dir, "other").publicKey()))
                .filteredOn(Verdict::differs)
                .containsExactly(
                        new Verdict("signature", "does not fit the key: another key, or the index was changed", true));
    }

    @Test
    void namesAChangedIndex() throws Exception {
        Keys keys = Keys.in(dir, "key");
        Path evidence = written("evidence", keys);
        Path index = evidence.resolve(EvidenceIndex.FILE_NAME);
        Files.writeString(index, Files.readString(index).replace("0.75", "0.85"));

        assertThat(check(evidence, keys.publicKey()))
                .filteredOn(Verdict::differs)
                .extracting(Verdict::subject)
                .containsExactly("signature");
    }

    @Test
    void namesChangedMissingAndAddedFiles() throws Exception {
        Keys keys = Keys.in(dir, "key");
        Path evidence = written("evidence", keys);
        Files.writeString(evidence.resolve("model-card.md"), "# Another model\n");
        Files.writeString(evidence.resolve("more.md"), "more");
        Files.delete(evidence.resolve(IndexSignature.FILE_NAME));

        assertThat(check(evidence, keys.publicKey()))
                .containsExactly(
                        new Verdict("signature", "evidence.json.sig is missing", true),
                        new Verdict("file", "model-card.md has other content than in the index", true),
                        new Verdict("file", "more.md is not in the index", true));
        Files.delete(evidence.resolve("model-card.md"));
        assertThat(check(evidence, null)).contains(new Verdict("file", "model-card.md is missing", true));
    }

    @Test
    void comparesFigures() {
        EvidenceIndex index = index(0.75);

        assertThat(Comparison.figures(index, Map.of("test", Map.of("accuracy", 0.75000001)), "metrics.json"))
                .containsExactly(new Verdict("figures", "1 as in metrics.json", false));
        assertThat(Comparison.figures(index, Map.of("test", Map.of("accuracy", 0.751, "f1", 0.5)), "metrics.json"))
                .containsExactly(
                        new Verdict("figure", "test accuracy is 0.75 in the evidence and 0.751 in metrics.json", true),
                        new Verdict("figure", "test f1 of metrics.json is not in the evidence", true));
        assertThat(Comparison.figures(index, Map.of("test", Map.of("accuracy", Double.NaN)), "metrics.json"))
                .containsExactly(new Verdict("figure", "test accuracy is missing in metrics.json", true));
    }

    @Test
    void namesAtMostTwentyFilesOfAGroup() {
        FileGroup none = new FileGroup("model", FileGroup.Role.OUTPUT, "file:/run", true, List.of());
        StringBuilder list = new StringBuilder();
        for (int i = 0; i < 30; i++) {
            list.append(Sha256.line("0".repeat(64), "model/" + i));
        }
        byte[] text = list.toString().getBytes(StandardCharsets.UTF_8);
        EvidenceIndex.Group recorded =
                new EvidenceIndex.Group("model", "output", "file:/run", 30, 0, Sha256.of(text), "hashes/model.sha256");
        Evidence evidence = new Evidence(Map.of("hashes/model.sha256", text), index(0.75, recorded));

        assertThat(Comparison.files(evidence, List.of(new FileHashes(none, List.of()))))
                .hasSize(21)
                .endsWith(new Verdict("model", "10 more files differ", true));
        assertThat(Comparison.files(evidence, List.of()))
                .containsExactly(new Verdict("model", "all files are missing", true));
    }

    @Test
    void refusesWhatIsNoEvidence() throws Exception {
        Configuration hadoop = new Configuration();
        assertThatThrownBy(() -> Evidence.read(dir.resolve("nothing").toString(), hadoop))
                .isInstanceOf(RunException.class)
                .hasMessageEndingWith("nothing does not exist: name the folder or .zip of finetune evidence");
        assertThatThrownBy(() -> Evidence.read(dir.toString(), hadoop))
                .isInstanceOf(RunException.class)
                .hasMessageContaining(" has no evidence.json: name the folder");
        Files.writeString(dir.resolve(EvidenceIndex.FILE_NAME), "{\"schema_version\": 7}");
        assertThatThrownBy(() -> Evidence.read(dir.toString(), hadoop))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("has the schema_version 7, this program reads 1");
    }

    @Test
    void refusesAZipWhoseDirectoryNamesOtherContentThanItsSequence() throws Exception {
        Keys keys = Keys.in(dir, "key");
        byte[] signed = Files.readAllBytes(written("evidence.zip", keys));
        byte[] changed = zipped(Map.of("model-card.md", "# Another model\n".getBytes(StandardCharsets.UTF_8)));
        int directory = directory(changed);
        // A reader of the sequence sees the signed files last, a reader of the directory the changed card alone.
        ByteBuffer both =
                ByteBuffer.allocate(changed.length + directory(signed)).order(ByteOrder.LITTLE_ENDIAN);
        both.put(changed, 0, directory).put(signed, 0, directory(signed));
        both.put(changed, directory, changed.length - directory);
        both.putInt(both.capacity() - 6, directory + directory(signed));
        Path evidence = Files.write(dir.resolve("both.zip"), both.array());

        assertRefused(evidence, "model-card.md is not the same in the directory of the zip file and in the sequence");
    }

    @Test
    void refusesAZipWithANameTwice() throws Exception {
        byte[] card = zipped(Map.of("model-card.md", CARD, "model-carD.md", "other".getBytes(StandardCharsets.UTF_8)));
        String twice = new String(card, StandardCharsets.ISO_8859_1).replace("model-carD.md", "model-card.md");
        Path evidence = Files.write(dir.resolve("twice.zip"), twice.getBytes(StandardCharsets.ISO_8859_1));

        assertRefused(evidence, "model-card.md is in the zip file twice");
    }

    @Test
    void refusesAZipWithAComment() throws Exception {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            zip.setComment("PK");
            zip.putNextEntry(new ZipEntry("model-card.md"));
        }
        assertRefused(Files.write(dir.resolve("comment.zip"), bytes.toByteArray()), "the zip file has a comment");
    }

    @Test
    void readsAZipOnlyWithinLimits() throws Exception {
        Map<String, byte[]> many = new LinkedHashMap<>();
        for (int i = 0; i <= 1000; i++) {
            many.put(i + ".txt", CARD);
        }
        assertRefused(Files.write(dir.resolve("many.zip"), zipped(many)), "has more than 1,000 files");

        byte[] zeros = new byte[60 << 20];
        Map<String, byte[]> large = Map.of("1", zeros, "2", zeros, "3", zeros, "4", zeros, "5", zeros);
        assertRefused(Files.write(dir.resolve("large.zip"), zipped(large)), "has more than 256 MiB");
        assertRefused(
                Files.write(dir.resolve("entry.zip"), zipped(Map.of("1", new byte[(64 << 20) + 1]))),
                "entry.zip/1 has more than 64 MiB");
    }

    private static byte[] zipped(Map<String, byte[]> files) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            zip.setLevel(Deflater.BEST_SPEED);
            for (Map.Entry<String, byte[]> file : files.entrySet()) {
                zip.putNextEntry(new ZipEntry(file.getKey()));
                zip.write(file.getValue());
            }
        }
        return bytes.toByteArray();
    }

    /** Returns the offset of the central directory of a zip file without a comment. */
    private static int directory(byte[] zip) {
        return ByteBuffer.wrap(zip).order(ByteOrder.LITTLE_ENDIAN).getInt(zip.length - 6);
    }

    private static void assertRefused(Path evidence, String message) {
        assertThatThrownBy(() -> Evidence.read(evidence.toString(), new Configuration()))
                .isInstanceOf(RunException.class)
                .hasMessageContaining(message);
    }

    @Test
    void refusesKeysOfAnotherKind() throws Exception {
        Keys rsa = Keys.in(dir, "rsa", "RSA");
        assertThatThrownBy(rsa::privateKey)
                .isInstanceOf(RunException.class)
                .hasMessageContaining("--sign: ")
                .hasMessageContaining("is not an Ed25519 private key in PEM");
        assertThatThrownBy(rsa::publicKey).hasMessageContaining("is not an Ed25519 public key in PEM");
        assertThatThrownBy(() -> IndexSignature.privateKey(rsa.publicFile().toString(), new Configuration()))
                .hasMessageContaining("is not an Ed25519 private key");
        assertThatThrownBy(() -> new Keys(dir.resolve("none"), dir.resolve("none")).publicKey())
                .isInstanceOf(RunException.class)
                .hasMessageContaining("cannot be read");
    }

    @Test
    void readsKeysOfThisMachineBesideAClustersFileSystem() throws Exception {
        Keys keys = Keys.in(dir, "key");
        Configuration cluster = new Configuration();
        cluster.set("fs.defaultFS", "hdfs://127.0.0.1:1");

        assertThat(IndexSignature.privateKey(keys.privateFile().toString(), cluster))
                .isEqualTo(keys.privateKey());
        assertThat(IndexSignature.publicKey(keys.publicFile().toUri().toString(), cluster))
                .isEqualTo(keys.publicKey());
    }

    @Test
    void refusesUnknownAnswers() throws Exception {
        Path file = Files.writeString(dir.resolve("answers.yaml"), "provider: Acme\nowner: Bob\n");

        assertThatThrownBy(() -> Answers.read(file.toString(), new Configuration()))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("has the unknown key owner: the keys are provider, representative");
        Files.writeString(file, "- provider\n");
        assertThatThrownBy(() -> Answers.read(file.toString(), new Configuration()))
                .hasMessageContaining("is not a YAML file with a text by key");
    }
}
