package io.github.sparkfinetune.spark.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.plan.DirectMemory;
import io.github.sparkfinetune.core.plan.RankMemory;
import io.github.sparkfinetune.spark.Runs;
import io.github.sparkfinetune.spark.run.PlanJob;
import io.github.sparkfinetune.spark.train.TrainJob;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(600)
class ExecutorMemoryTest {
    private static final long MIB = 1 << 20;
    private static final RankMemory.Jvm NO_JVM = new RankMemory.Jvm(0, new DirectMemory(0, 0, 0));
    private static final Path MODEL = Path.of("../finetune-core/src/test/resources/golden/models/bert-seqcls");

    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    yarn                    |                                                                  | 384
                    yarn                    | spark.executor.memory=8g                                         | 819
                    yarn                    | spark.executor.memory=8g spark.executor.memoryOverheadFactor=0.5 | 4096
                    k8s://https://host:6443 | spark.executor.memoryOverhead=1500                               | 1500
                    spark://host:7077       | spark.executor.memoryOverhead=2g                                 | 2048
                    local-cluster[2,1,1024] | spark.executor.memory=1g spark.executor.memoryOverheadFactor=0.6 | 614
                    """)
    void usesTheOverheadThatSparkUses(String master, String settings, long mib) {
        assertThat(of(master, settings).overhead().orElseThrow() / MIB).isEqualTo(mib);
    }

    @Test
    void recommendsRoomForTheEvaluationAfterTraining() {
        RankMemory rank = memory(0, 0, new RankMemory.Jvm(1300 * MIB, new DirectMemory(0, 0, 0)), 2000 * MIB);

        assertThat(ExecutorMemory.recommendedMib(rank)).isEqualTo(2304);
    }

    @ParameterizedTest
    @CsvSource({"spark://host:7077", "'local-cluster[2,1,1024]'"})
    void hasNoLimitWithoutASetting(String master) {
        assertThat(of(master, null).overhead()).isEmpty();
        assertThatCode(() -> of(master, null).require(rank(100_000, 0), 1, false))
                .doesNotThrowAnyException();
    }

    @Test
    void refusesTooLittleOverheadAndNamesAnOverheadThatSuffices() {
        RankMemory rank = rank(1300, 0);

        assertThatThrownBy(() -> of("yarn", "spark.executor.memoryOverhead=1g").require(rank, 1, false))
                .isInstanceOf(RunException.class)
                .hasMessage("spark.executor.memoryOverhead is 1024m, but a rank takes about 1300 MiB outside the Java"
                        + " heap: add --conf spark.executor.memoryOverhead=1536m; finetune plan lists what the memory"
                        + " is for, and settings that need less");
        assertThat(ExecutorMemory.recommendedMib(rank)).isEqualTo(1536);
        assertThatCode(() -> of("yarn", "spark.executor.memoryOverhead=1536m").require(rank, 1, false))
                .doesNotThrowAnyException();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    spark.executor.memory=4g                                                                | false
                    spark.executor.memory=6g                                                                | true
                    spark.executor.memory=1g spark.executor.extraJavaOptions=-XX:MaxDirectMemorySize=6g     | true
                    spark.executor.memory=8g spark.executor.extraJavaOptions=-XX:MaxDirectMemorySize=4096m  | false
                    """)
    void limitsDirectMemorySeparately(String settings, boolean enough) {
        RankMemory rank = rank(300, 5000);
        ExecutorMemory memory = of("spark://host:7077", settings);

        if (enough) {
            assertThatCode(() -> memory.require(rank, 1, false)).doesNotThrowAnyException();
        } else {
            assertThatThrownBy(() -> memory.require(rank, 1, false))
                    .isInstanceOf(RunException.class)
                    .hasMessageContaining("-XX:MaxDirectMemorySize=5750m, or raise spark.executor.memory");
        }
    }

    @ParameterizedTest
    @CsvSource({"local[2], 2", "'local[*]', 1"})
    void sharesTheDriversDirectMemoryAmongItsRanks(String master, int ranks) {
        long limit = MemoryChecks.directOfThisProcess().orElseThrow();
        RunConfig config = Runs.in(folder, "cluster.ranks=" + ranks);
        SparkConf spark = new SparkConf(false).setMaster(master);
        // The ranks share the four-bit weights; each rank has its own other buffers.
        long shared = limit / 2;
        long own = (limit - shared) / ranks;

        assertThatCode(() -> MemoryChecks.require(spark, config, rank(300, new DirectMemory(shared, own, limit))))
                .doesNotThrowAnyException();
        RunException error = catchThrowableOfType(
                RunException.class,
                () -> MemoryChecks.require(spark, config, rank(300, new DirectMemory(shared, own + MIB, 0))));
        assertThat(error.exitCode()).isEqualTo(ExitCode.CONFIG);
        assertThat(error)
                .hasMessageStartingWith("Java allows the driver " + limit / MIB + " MiB of direct memory, but ")
                .hasMessageContaining(ranks == 1 ? "a rank takes about " : "its 2 ranks take about ")
                .hasMessageContaining("--conf spark.driver.extraJavaOptions=-XX:MaxDirectMemorySize=")
                .hasMessageEndingWith("m, or raise spark.driver.memory");
    }

    @Test
    void requiresThatTheDriversMachineHoldsAllRanks() {
        long machine = MemoryChecks.ofMachine().orElseThrow();
        SparkConf spark = new SparkConf(false).setMaster("local[2]");
        RunConfig config = Runs.in(folder);

        RunException error = catchThrowableOfType(
                RunException.class, () -> MemoryChecks.require(spark, config, activations(machine / 2 + MIB)));
        assertThat(error.exitCode()).isEqualTo(ExitCode.CONFIG);
        assertThat(error)
                .hasMessageStartingWith(
                        "this machine has " + machine / MIB + " MiB of memory, but 2 rank(s) take about ");
        // Pages of a mapped base model can be dropped and read again.
        RankMemory mapped = memory(2 * machine, machine / 4, NO_JVM, 0);
        assertThatCode(() -> MemoryChecks.require(spark, config, mapped)).doesNotThrowAnyException();
    }

    private static RankMemory activations(long bytes) {
        return memory(0, bytes, NO_JVM, 0);
    }

    @Test
    void sharesBuffersAmongRanksOnGpusOfAnExecutor() {
        RunConfig config = Runs.in(folder, "cluster.ranks=8");
        RankMemory rank = rank(500, new DirectMemory(1000 * MIB, 100 * MIB, 500 * MIB));
        String gpus = "spark.executor.resource.gpu.amount=4 spark.executor.cores=4 spark.executor.memory=";

        // 500 + 1000 + 4 * 500.
        assertThatThrownBy(() -> MemoryChecks.require(
                        conf("yarn", gpus + "4g spark.executor.memoryOverhead=3400m"), config, rank))
                .hasMessageStartingWith(
                        "spark.executor.memoryOverhead is 3400m, but its 4 ranks take about 3500 MiB outside")
                .hasMessageContaining("spark.executor.memoryOverhead=4096m");
        assertThatThrownBy(() -> MemoryChecks.require(
                        conf("yarn", gpus + "2g spark.executor.memoryOverhead=3500m"), config, rank))
                .hasMessageStartingWith("Java allows the executor 2048 MiB of direct memory, but its 4 ranks take about"
                        + " 3000 MiB for stored weights and data between GPU and network:");
        assertThatCode(() -> MemoryChecks.require(
                        conf("yarn", gpus + "3g spark.executor.memoryOverhead=3500m"), config, rank))
                .doesNotThrowAnyException();
    }

    @Test
    void refusesToTrainWithTooLittleOverhead() {
        RunConfig config = Runs.in(folder, "model=" + MODEL, "data.max_length=32");
        Map<String, String> settings = Map.of("spark.executor.memoryOverhead", "200m");
        try (SparkSession spark = SparkSessions.open(config, "test", "local-cluster[2,1,1024]", settings)) {
            RunException error =
                    catchThrowableOfType(RunException.class, () -> TrainJob.run(spark, config, record -> {}));

            assertThat(error.exitCode()).isEqualTo(ExitCode.CONFIG);
            assertThat(error)
                    .hasMessageStartingWith("spark.executor.memoryOverhead is 200m, but a rank takes about ")
                    .hasMessageContaining("add --conf spark.executor.memoryOverhead=");
        }
    }

    @Test
    void plansWithTheErrorThatTrainWouldReport() {
        RunConfig config = Runs.in(folder, "model=" + MODEL, "data.max_length=32", "cluster.shared_filesystem=true");
        Map<String, String> settings = new HashMap<>(Map.of("spark.executor.instances", "1"));

        PlanJob.Plan plan = PlanJob.run(config, "yarn", settings);

        assertThat(plan.run().parameters()).isEqualTo(32_707);
        assertThat(plan.run().work()).isEmpty();
        assertThat(plan.ranks().slots()).hasValue(1);
        assertThat(plan.room().machine()).isEmpty();
        assertThat(plan.refusal().orElseThrow()).hasMessageContaining("--conf spark.executor.instances=2");

        settings.put("spark.executor.instances", "2");
        settings.put("spark.executor.memoryOverhead", "200m");
        assertThat(PlanJob.run(config, "yarn", settings).refusal().orElseThrow())
                .hasMessageContaining("spark.executor.memoryOverhead is 200m");
        settings.put("spark.executor.memoryOverhead", plan.room().overheadMib() + "m");
        assertThat(PlanJob.run(config, "yarn", settings).refusal()).isEmpty();
    }

    @Test
    void sharesTheDriversBaseAmongItsRanks() {
        PlanJob.Plan plan = PlanJob.run(Runs.in(folder, "model=" + MODEL, "data.max_length=32"), "local[2]", Map.of());

        assertThat(plan.room().executor()).isEmpty();
        assertThat(plan.room().machine().orElseThrow()).isPositive();
        assertThat(plan.refusal()).isEmpty();
        RankMemory rank = plan.run().memory();
        assertThat(plan.machineNeeds())
                .isEqualTo(2 * rank.sum() - rank.jvm().base() - rank.weights().shared());
    }

    private static RankMemory rank(long mib, long directMib) {
        return rank(mib, new DirectMemory(0, directMib * MIB, 0));
    }

    private static RankMemory rank(long mib, DirectMemory direct) {
        return memory(0, 0, new RankMemory.Jvm(mib * MIB, direct), 0);
    }

    private static RankMemory memory(long mapped, long activations, RankMemory.Jvm jvm, long evaluation) {
        return new RankMemory(
                new RankMemory.Weights(mapped, mapped, 0),
                new RankMemory.Trained(0, 0),
                new RankMemory.Computed(activations, 0, 0, 0),
                jvm,
                evaluation,
                RankMemory.Teacher.NONE);
    }

    private static ExecutorMemory of(String master, String settings) {
        return ExecutorMemory.of(conf(master, settings), Master.parse(master));
    }

    private static SparkConf conf(String master, String settings) {
        SparkConf spark = new SparkConf(false).setMaster(master);
        if (settings != null) {
            for (String setting : settings.split(" ", -1)) {
                int equals = setting.indexOf('=');
                spark.set(setting.substring(0, equals), setting.substring(equals + 1));
            }
        }
        return spark;
    }
}
