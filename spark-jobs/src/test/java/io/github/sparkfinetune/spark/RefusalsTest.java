package io.github.sparkfinetune.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.data.files.AbsolutePaths;
import io.github.sparkfinetune.spark.cluster.ClusterChecks;
import io.github.sparkfinetune.spark.run.OutputFolder;
import io.github.sparkfinetune.spark.run.RunPaths;
import io.github.sparkfinetune.testing.LibraryDefaults;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkConf;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Settings, paths and folders that are refused before a run starts. */
class RefusalsTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    local[2]                  |                                                     | 2
                    local                     |                                                     | 1
                    local[4,3]                | spark.task.cpus=2                                   | 2
                    local-cluster[2,4,1024]   |                                                     | 2
                    local-cluster[2,4,1024]   | spark.executor.cores=2                              | 4
                    local-cluster[2,4,1024]   | spark.executor.cores=2 spark.cores.max=4            | 2
                    spark://host:7077         | spark.cores.max=8 spark.executor.cores=3            | 2
                    spark://host:7077         | spark.cores.max=2                                   | 2
                    yarn                      | spark.executor.instances=5                          | 5
                    k8s://https://host:6443   |                                                     | 2
                    """)
    void refusesMoreRanksThanTheSettingsHaveRoomFor(String master, String settings, int slots) {
        SparkConf spark = spark(master, settings);

        assertThatCode(() -> ClusterChecks.check(spark, Runs.in(folder, "cluster.ranks=" + slots)))
                .doesNotThrowAnyException();
        assertRefused(() -> ClusterChecks.check(spark, Runs.in(folder, "cluster.ranks=" + (slots + 1))))
                .contains("cluster.ranks is " + (slots + 1))
                .contains("room for " + slots)
                .contains("cluster.ranks=" + slots);
    }

    @Test
    void refusesDynamicAllocation() {
        assertRefused(() -> ClusterChecks.check(spark("yarn", "spark.dynamicAllocation.enabled=true"), Runs.in(folder)))
                .contains("spark.dynamicAllocation.enabled=false");
    }

    @Test
    void refusesAGpuThatSparkDoesNotAssign() {
        RunConfig config = Runs.in(folder, "device=gpu");

        assertRefused(() -> ClusterChecks.check(spark("spark://host:7077", null), config))
                .contains("spark.executor.resource.gpu.amount=1")
                .contains("spark.executor.resource.gpu.discoveryScript")
                .contains("spark.worker.resource.gpu");
        assertRefused(() -> ClusterChecks.check(spark("local[2]", null), config))
                .contains("spark.driver.resource.gpu.amount=2");
        assertThatCode(() ->
                        ClusterChecks.check(spark("spark://host:7077", "spark.executor.resource.gpu.amount=1"), config))
                .doesNotThrowAnyException();
    }

    @Test
    void countsARankPerGpuOfAnExecutor() {
        RunConfig config = Runs.in(folder, "device=gpu", "cluster.ranks=9");
        String gpus = "spark.executor.resource.gpu.amount=4 spark.executor.cores=4 spark.executor.instances=";

        assertThatCode(() -> ClusterChecks.check(spark("yarn", gpus + 3), config))
                .doesNotThrowAnyException();
        assertRefused(() -> ClusterChecks.check(spark("yarn", gpus + 2), config))
                .contains("room for 8 (4 ranks an executor, one a GPU)")
                .contains("spark.executor.instances=3");
        assertRefused(() -> ClusterChecks.check(
                        spark("yarn", (gpus + 3).replace("executor.cores=4", "executor.cores=2")), config))
                .contains("an executor has 2 core(s)")
                .contains("spark.executor.cores=4");
    }

    @Test
    void refusesLocalFilesOnARemoteCluster() {
        Configuration hadoop = new Configuration();

        assertRefused(() -> RunPaths.resolve(Runs.in(folder), "spark://host:7077", hadoop))
                .contains("model file:" + folder + "/model")
                .contains("data.train file:")
                .contains("output.dir file:")
                .contains("cluster.shared_filesystem=true");
        RunConfig shared =
                RunPaths.resolve(Runs.in(folder, "cluster.shared_filesystem=true"), "spark://host:7077", hadoop);
        assertThat(shared.output().dir()).isEqualTo("file:" + folder + "/run");
        assertThat(RunPaths.resolve(Runs.in(folder), "local-cluster[2,1,1024]", hadoop)
                        .model())
                .isEqualTo("file:" + folder + "/model");
    }

    @Test
    void refusesTheOutputOfAnotherRun() throws IOException {
        claim();
        String before = Files.readString(folder.resolve("run/run.yaml"));

        claim("cluster.ranks=1", "training.save_steps=7");
        assertRefused(() -> claim("training.learning_rate=0.5", "training.seed=7"))
                .contains("holds another run")
                .contains("training.learning_rate was 5.0E-5 and is now 0.5")
                .contains("training.seed was 42 and is now 7")
                .contains("choose another output.dir");
        assertThat(folder.resolve("run/run.yaml")).hasContent(before);
    }

    @Test
    void aRunKeepsTheDefaultsThatItBeganWith() {
        Configuration hadoop = new Configuration();
        RunConfig begun = withDefaults(LibraryDefaults.with(List.of("method.type=lora")));
        OutputFolder.claim(begun, hadoop);

        RunConfig now = withDefaults(List.of("method.type=lora"));
        assertThat(now.training().learningRate()).isEqualTo(5e-4);
        OutputFolder.claim(now, hadoop);
        assertThat(OutputFolder.pinned(now, hadoop)).isEqualTo(begun);
        assertRefused(() -> OutputFolder.claim(withDefaults(List.of("method.type=lora", "method.r=4")), hadoop))
                .contains("method.r was 8 and is now 4")
                .doesNotContain("learning_rate");
        assertRefused(() -> OutputFolder.claim(withDefaults(List.of("method.type=full")), hadoop))
                .contains("method.type was lora and is now full")
                .doesNotContain("epochs");
    }

    private RunConfig withDefaults(List<String> settings) {
        String yaml = "{model: m, task: classification, data: {train: t}, output: {dir: %s/run}}".formatted(folder);
        return AbsolutePaths.of(RunConfigLoader.parse(yaml, "test.yaml", settings), new Configuration());
    }

    @Test
    void refusesTheOutputOfARunWithOtherListsOrMaps() throws IOException {
        claim("method.type=lora", "method.target_modules=[query, value]", "method.rank_pattern={query: 2, value: 4}");

        claim("method.type=lora", "method.target_modules=[query, value]", "method.rank_pattern={value: 4, query: 2}");
        assertRefused(() ->
                        claim("method.type=lora", "method.target_modules=[query]", "method.rank_pattern={value: 4}"))
                .contains("method.rank_pattern.query was 2 and is now null")
                .contains("method.target_modules was [\"query\",\"value\"] and is now [\"query\"]")
                .doesNotContain("method.rank_pattern.value");
    }

    @Test
    void refusesAnOutputFolderOfAnythingElse() throws IOException {
        Files.createDirectories(folder.resolve("run/photos"));

        assertRefused(this::claim).contains("holds photos").contains("choose another output.dir");
        assertThat(folder.resolve("run/run.yaml")).doesNotExist();
    }

    @Test
    void acceptsAnOutputInWhichPrepareFailed() throws IOException {
        Files.createDirectories(folder.resolve("run/dataset"));
        Files.writeString(folder.resolve("run/status.json"), "{}");
        Files.writeString(folder.resolve("run/progress.json"), "{}");

        claim();
        assertThat(folder.resolve("run/run.yaml")).exists();
    }

    @Test
    void refusesAnOutputThatCannotBeWritten() throws IOException {
        Files.writeString(folder.resolve("run"), "a file");

        assertRefused(this::claim).contains("output.dir").contains("is a file: choose a folder");
        assertRefused(() -> claim("output.dir=" + folder + "/run/below")).contains("cannot be written");
    }

    private void claim(String... overrides) {
        Configuration hadoop = new Configuration();
        OutputFolder.claim(AbsolutePaths.of(Runs.in(folder, overrides), hadoop), hadoop);
    }

    private static SparkConf spark(String master, String settings) {
        SparkConf spark = new SparkConf(false).setMaster(master);
        if (settings != null) {
            for (String setting : settings.split(" ", -1)) {
                int equals = setting.indexOf('=');
                spark.set(setting.substring(0, equals), setting.substring(equals + 1));
            }
        }
        return spark;
    }

    private static org.assertj.core.api.AbstractStringAssert<?> assertRefused(ThrowingCallable refused) {
        RunException error = catchThrowableOfType(RunException.class, refused);
        assertThat(error).isNotNull();
        assertThat(error.exitCode()).isEqualTo(ExitCode.CONFIG);
        assertThat(error.getMessage()).doesNotContain("\n");
        return assertThat(error.getMessage());
    }
}
