package io.github.sparkfinetune.data.redact;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SubjectKeyTest {
    private static final String KEY = "0123456789abcdef";

    @TempDir
    private Path folder;

    private DataConfig data(String key) throws IOException {
        Path file = Files.writeString(folder.resolve("key"), key);
        return RunConfigLoader.parse(
                        "model: m\ntask: classification\ndata: {train: t, subject: patient, subject_key_file: " + file
                                + "}\noutput: {dir: out}\n",
                        "run.yaml",
                        List.of())
                .data();
    }

    @Test
    void hashesTheTextOfAValueWithoutWhiteSpaceAroundIt() throws Exception {
        SubjectKey.Hasher hasher = SubjectKey.of(data(KEY + "\n")).orElseThrow().open();
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(KEY.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
        ByteBuffer expected = ByteBuffer.wrap(mac.doFinal("data.subject 4711".getBytes(StandardCharsets.UTF_8)));

        assertThat(hasher.of("4711"))
                .contains(new SubjectHash(expected.getLong(), expected.getLong()))
                .isEqualTo(hasher.of(" 4711\t"));
        assertThat(hasher.of("4712")).isNotEqualTo(hasher.of("4711"));
        assertThat(hasher.of(null)).isEmpty();
        assertThat(hasher.of("  ")).isEmpty();
    }

    @Test
    void recognisesTheKeyAndRefusesAShortOne() throws Exception {
        String digits = SubjectKey.of(data(KEY)).orElseThrow().fingerprint();
        assertThat(digits)
                .isEqualTo(SubjectKey.of(data(KEY + "\n")).orElseThrow().fingerprint())
                .hasSize(16);
        assertThat(SubjectKey.of(data(KEY + "0")).orElseThrow().fingerprint()).isNotEqualTo(digits);
        assertThatThrownBy(() -> SubjectKey.of(data("short")))
                .hasMessageContaining("data.subject_key_file: ")
                .hasMessageContaining("has 5 bytes");
        assertThatThrownBy(() -> RunConfigLoader.parse(
                        "model: m\ntask: classification\ndata: {train: t, subject: patient}\noutput: {dir: out}\n",
                        "run.yaml",
                        List.of()))
                .hasMessageContaining("data.subject_key_file");
    }
}
