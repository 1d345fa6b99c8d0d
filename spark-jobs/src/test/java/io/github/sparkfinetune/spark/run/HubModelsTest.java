package io.github.sparkfinetune.spark.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.hub.Hub;
import io.github.sparkfinetune.data.hub.HubName;
import io.github.sparkfinetune.data.hub.HubSettings;
import io.github.sparkfinetune.spark.Runs;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Models of the Hub as folders that the tasks can read. */
class HubModelsTest {
    private static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";

    @TempDir
    private Path dir;

    private final Configuration hadoop = new Configuration();

    /** Returns the Hub as seen by a machine without a network. */
    private Hub offline() throws IOException {
        Path model = Files.createDirectories(dir.resolve("cache/models--acme--tiny/snapshots/" + COMMIT));
        Files.createDirectories(dir.resolve("cache/models--acme--tiny/refs"));
        Files.writeString(dir.resolve("cache/models--acme--tiny/refs/main"), COMMIT);
        Files.writeString(model.resolve("config.json"), "{}");
        Files.writeString(model.resolve("model.safetensors"), "weights");
        return new Hub(new HubSettings(URI.create("http://127.0.0.1:1"), dir.resolve("cache"), null, true), line -> {
            throw new AssertionError("nothing is fetched: " + line);
        });
    }

    @Test
    void usesTheCacheFolderIfTasksSeeIt() throws IOException {
        RunConfig run = Runs.in(dir, "model=hub:acme/tiny");
        RunConfig shared = Runs.in(dir, "model=hub:acme/tiny", "cluster.shared_filesystem=true");

        assertThat(HubModels.resolve(run, offline(), "local[2]", hadoop).model())
                .isEqualTo("file://" + dir.resolve("cache/models--acme--tiny/snapshots/" + COMMIT));
        assertThat(HubModels.resolve(shared, offline(), "spark://host:7077", hadoop)
                        .model())
                .isEqualTo("file://" + dir.resolve("cache/models--acme--tiny/snapshots/" + COMMIT));
    }

    @Test
    void copiesTheModelToTheOutputFolderForOtherMachines() throws IOException {
        RunConfig run = Runs.in(dir, "model=hub:acme/tiny", "output.dir=" + dir.resolve("run"));

        RunConfig resolved = HubModels.resolve(run, offline(), "spark://host:7077", hadoop);

        Path copy = dir.resolve("run/hub/models--acme--tiny/snapshots/" + COMMIT);
        assertThat(resolved.model()).isEqualTo("file:" + copy);
        assertThat(copy.resolve("model.safetensors")).hasContent("weights");
        assertThat(HubName.ofSnapshot(resolved.model()))
                .map(HubName::repository)
                .contains("acme/tiny");
        // A broken copy is replaced.
        Files.writeString(copy.resolve("model.safetensors"), "wei");
        HubModels.resolve(run, offline(), "spark://host:7077", hadoop);
        assertThat(copy.resolve("model.safetensors")).hasContent("weights");
    }

    @Test
    void doesNotTakePathsForNames() {
        // The tests run in the module's folder, which has a folder "src".
        assertThat(HubModels.name(Runs.in(dir, "model=src/bert"))).isEmpty();
        assertThat(HubModels.name(Runs.in(dir, "model=/models/bert"))).isEmpty();
        assertThat(HubModels.name(Runs.in(dir, "model=hdfs://host/models/bert")))
                .isEmpty();
        // The working directory does not decide: it has no folder "acme", and on a cluster no folder of the user.
        assertThat(HubModels.name(Runs.in(dir, "model=acme/tiny"))).isEmpty();
        assertThat(HubModels.name(Runs.in(dir, "model=hub:acme/tiny"))).contains(new HubName("acme/tiny", "main"));
        assertThat(HubModels.name(Runs.in(dir, "model=hub:src/bert@v1"))).contains(new HubName("src/bert", "v1"));
    }

    @Test
    void refusesAPrefixWithoutAName() {
        assertThatThrownBy(() -> HubModels.name(Runs.in(dir, "model=hub:bert")))
                .isInstanceOf(RunException.class)
                .hasMessage("model: 'hub:bert' is not a name of the Hugging Face Hub: write hub:ORG/NAME or"
                        + " hub:ORG/NAME@REVISION");
    }

    @ParameterizedTest
    @ValueSource(strings = {"teacher.model", "data.redact.model"})
    void onlyTheModelIsFetched(String key) {
        RunConfig run =
                Runs.in(dir, "model=hub:acme/tiny", key + "=hub:acme/other", "data.redact.entities=[EMAIL_ADDRESS]");

        assertThatThrownBy(() -> RunPaths.resolve(run, "spark://host:7077", hadoop))
                .isInstanceOf(RunException.class)
                .hasMessageStartingWith(
                        key + ": 'hub:acme/other' is a model of the Hugging Face Hub, but a path is required");
    }

    @Test
    void namesWhatTheCacheLacks() throws IOException {
        RunConfig run = Runs.in(dir, "model=hub:acme/tiny@v2");
        Hub hub = offline();

        assertThatThrownBy(() -> HubModels.resolve(run, hub, "local[2]", hadoop))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("acme/tiny@v2");
    }
}
