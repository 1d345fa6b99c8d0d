package io.github.sparkfinetune.core.plan;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.core.GoldenFiles;
import io.github.sparkfinetune.core.arch.ModelShape;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.core.checkpoint.FarFileSystem;
import io.github.sparkfinetune.core.memory.NewWeight;
import io.github.sparkfinetune.core.objective.VocabularyLoss;
import io.github.sparkfinetune.core.train.TinyDataset;
import io.github.sparkfinetune.core.train.TinyRun;
import io.github.sparkfinetune.data.hf.HfConfig;
import io.github.sparkfinetune.testing.LibraryDefaults;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Plans of the golden models have the parameter counts that are computed by hand here. */
class RunPlanTest {
    @TempDir
    private Path folder;

    // llama-tied: table 384 x 64; each layer: q, o 64 x 64, k, v 32 x 64, gate, up, down 128 x 64, 2 norms; final norm.
    // Adapters of rank 8 on q and v of 2 layers: 2 (8 64 + 64 8 + 8 64 + 32 8).
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        llama-tied   |                                                       | 98624  | 98624
        llama-untied |                                                       | 63560  | 63560
        gpt2         |                                                       | 39808  | 39808
        bert-seqcls  |                                                       | 32707  | 32707
        bert-seqcls  | method.type=freeze                                    | 32707  | 1155
        bert-seqcls  | method.type=freeze method.freeze_layers=1             | 32707  | 9699
        bert-seqcls  | method.type=freeze method.freeze_layers=0             | 32707  | 18243
        llama-tied   | method.type=lora                                      | 102208 | 3584
        llama-tied   | method.type=qlora                                     | 102208 | 3584
        llama-tied   | method.type=lora method.use_dora=true                 | 102400 | 3776
        llama-tied   | method.type=lora method.modules_to_save=[embed_tokens] | 126784 | 28160
        gpt2         | method.type=lora                                      | 41856  | 2048
        bert-seqcls  | method.type=lora                                      | 34755  | 2147
        bert-mlm     |                                                       | 33056  | 33056
        bert-mlm     | method.type=freeze                                    | 33056  | 1504
        bert-mlm     | method.type=lora                                      | 35104  | 2048
        mpnet-seqcls |                                                       | 32835  | 32835
        mpnet-seqcls | method.type=freeze method.freeze_layers=0             | 32835  | 18243
        mpnet-seqcls | method.type=lora                                      | 34883  | 3203
        deberta-v3-seqcls | method.type=lora                                 | 33219  | 2147
        modernbert-mlm |                                                     | 48832  | 48832
        modernbert-mlm | method.type=lora                                    | 52928  | 4096
        qwen2        | method.type=lora method.bias=none                     | 48160  | 1792
        qwen2        | method.type=lora method.bias=lora_only                | 48160  | 1888
        qwen2        | method.type=lora method.bias=all                      | 48160  | 1920
        """)
    void countsParameters(String model, String settings, long parameters, long trained) throws IOException {
        RunPlan plan = plan(model, settings == null ? "" : settings);

        assertThat(plan.parameters()).isEqualTo(parameters);
        assertThat(plan.trained()).isEqualTo(trained);
        assertThat(plan.memory().trained().optimizer()).isEqualTo(8 * trained);
        assertThat(plan.memory().trained().gradients()).isGreaterThanOrEqualTo(4 * trained);
    }

    @Test
    void reportsAHeadThatTheCheckpointLacksAsNew() throws IOException {
        assertThat(plan("bert-seqcls", "").newWeights()).isEmpty();
        assertThat(plan("llama-tied", "").newWeights()).isEmpty();
        assertThat(NewWeight.lines(plan("bert-mlm", "task=classification").newWeights()))
                .containsExactly(
                        "bert.pooler.dense.weight, bert.pooler.dense.bias, classifier.weight, classifier.bias: newly"
                                + " initialized, the model's checkpoint has none");
    }

    @Test
    void reportsAHeadOfAnotherShapeAsNew() throws IOException {
        // The checkpoint is a regression model with one output; the dataset has three labels.
        RunConfig config = new TinyRun(folder, "bert-regression", 0).config("out");

        assertThat(NewWeight.lines(
                        RunPlan.of(config, new Configuration(), folder, false).newWeights()))
                .hasSize(2)
                .first()
                .asString()
                .startsWith("classifier.weight: newly initialized with shape [3, 32], the checkpoint's has shape"
                        + " [1, 32]: ");
    }

    @Test
    void countsGradientsAndMomentsOfAllParametersForFullTraining() throws IOException {
        RankMemory memory = plan("llama-tied", "").memory();

        assertThat(memory.weights().model()).isEqualTo(4 * 98624);
        assertThat(memory.weights().shared()).isZero();
        // Includes the looked-up rows of the tied table, at most all of them, and the final norm's gradient, which
        // PyTorch returns as a separate tensor.
        assertThat(memory.trained().gradients()).isEqualTo(4 * (98624 + 384 * 64) + 4 * 64);
        // 256 tokens with 384 logits each, and their logarithms.
        assertThat(memory.computed().loss()).isEqualTo(2 * 256 * 384 * 4);
        assertThat(memory.sum())
                .isEqualTo(memory.weights().model()
                        + memory.weights().adapters()
                        + memory.trained().gradients()
                        + memory.trained().optimizer()
                        + memory.computed().activations()
                        + memory.computed().loss()
                        + memory.computed().scattered()
                        + memory.computed().staging()
                        + memory.jvm().base());
    }

    // bert-seqcls: table 384 x 32; the block before the layers 64 x 32 + 2 x 32 + 2 x 32; each layer 8544; head 1155.
    @Test
    void countsTheGradientsOfSamplesOfAPrivateRun() throws IOException {
        String privacy = "training.privacy.target_epsilon=8 training.per_device_train_batch_size=4 ";
        long recorded = 4 * (64 * 32 + 2 * 32 + 2 * 32);

        assertThat(plan("bert-seqcls", privacy).memory().trained().gradients()).isEqualTo(4 * 32707);
        // In BF16 samples pass the model one at a time, with a gradient for all but the table.
        assertThat(plan("bert-seqcls", privacy + "precision=bf16")
                        .memory()
                        .trained()
                        .gradients())
                .isEqualTo(4 * 32707 + 4 * (32707 - 384 * 32) + recorded);
        // The loss of a masked language model reads the table, so a sample's gradient has all rows.
        assertThat(plan("bert-mlm", privacy).memory().trained().gradients())
                .isEqualTo(4 * 33056 + 4 * 4 * (33056 - 2 * 8544 - recorded / 4) + 4 * (32 * 32 + 3 * 32));
        // Layers keep the gradients of their outputs until the norms are known.
        String recomputing = privacy + "training.gradient_checkpointing=true data.max_length=8";
        assertThat(plan("bert-seqcls", recomputing).memory().trained().gradients())
                .isEqualTo(4 * 32707 + 2 * (4 * 8 * 32 * 4));
        assertThat(plan("bert-seqcls", privacy + "method.type=freeze")
                        .memory()
                        .trained()
                        .gradients())
                .isEqualTo(4 * 1155);
        assertThat(plan("bert-qa", privacy + "method.type=freeze task=question-answering")
                        .memory()
                        .trained()
                        .gradients())
                .isEqualTo(4 * 66 + 4 * 4 * 66 + 4 * 66);
    }

    @Test
    void countsAShareOfTheOptimizerOnEachRank() throws IOException {
        RunPlan whole = plan("llama-tied", "cluster.ranks=3");
        RunPlan sharded = plan("llama-tied", "cluster.ranks=3 cluster.shard=optimizer");

        assertThat(whole.memory().trained().optimizer()).isEqualTo(2 * 4 * 98624);
        assertThat(sharded.memory().trained().optimizer()).isEqualTo(2 * 4 * ((98624 + 2) / 3));
        assertThat(sharded.disk().checkpoint()).isEqualTo(whole.disk().checkpoint());
    }

    @Test
    void countsAShareOfWeightsAndGradientsOnEachRank() throws IOException {
        RankMemory whole = plan("llama-untied", "cluster.ranks=4").memory();
        RankMemory gradients =
                plan("llama-untied", "cluster.ranks=4 cluster.shard=gradients").memory();
        RankMemory full =
                plan("llama-untied", "cluster.ranks=4 cluster.shard=full").memory();

        assertThat(gradients.weights()).isEqualTo(whole.weights());
        assertThat(full.trained()).isEqualTo(gradients.trained());
        // All but the final norm of 40 values is in shares.
        assertThat(full.weights().model()).isEqualTo(4 * 40 + (whole.weights().model() - 4 * 40) / 4);
        // Two layers with 4 query and 2 key heads of 16 values, the lm_head, and the looked-up rows.
        long layer = 40 * (2 * 64 + 2 * 32) + 3 * 40 * 72 + 2 * 40;
        assertThat(full.computed().staging()).isEqualTo(4 * (2 * layer + 384 * 40 + 384 * 40));
    }

    @Test
    void countsTheBytesThatARankReceivesInAStep() throws IOException {
        long gradients = 4 * (98624 + 384 * 64) / 4 * 3;
        Map.of(
                        "none", new Traffic(2 * gradients, 0),
                        "optimizer", new Traffic(2 * gradients, 3 * 98624),
                        "gradients", new Traffic(gradients, 3 * 98624),
                        // The updated norm, layers twice, the table once for the loss, and its rows once.
                        "full", new Traffic(gradients, 3 * (64 + 2 * (98624 - 64 - 384 * 64) + 2 * 384 * 64)))
                .forEach(
                        (shard, traffic) -> assertThat(traffic(shard)).as(shard).isEqualTo(traffic));
        assertThat(new Traffic(1_000_000_000, 250_000_000).seconds(10)).isEqualTo(1);
    }

    @Test
    void countsLinearsInBf16() throws IOException {
        String ranks = "precision=bf16 cluster.ranks=4 cluster.shard=";
        RankMemory whole = plan("llama-untied", ranks + "none").memory();
        RankMemory full = plan("llama-untied", ranks + "full").memory();

        long norms = 2 * 40;
        long linears = 40 * (2 * 64 + 2 * 32) + 3 * 40 * 72;
        long layers = 2 * (linears + norms);
        long all = layers + 2 * 384 * 40 + 40;
        // Whole weights have a copy of their linears; shares are gathered in its type.
        assertThat(whole.weights().model()).isEqualTo(4 * all + 2 * (2 * linears));
        assertThat(full.weights().model()).isEqualTo(4 * 40 + 4 * (all - 40) / 4);
        assertThat(full.computed().staging()).isEqualTo(2 * (2 * linears + 4 * norms) + 2 * 384 * 40 + 4 * 384 * 40);
        assertThat(traffic("llama-untied", "full precision=bf16").weights())
                .isEqualTo(3 * (40 + (2 * (2 * (2 * linears + 4 * norms)) + 2 * 384 * 40 + 4 * 384 * 40) / 4));
    }

    private Traffic traffic(String shard) {
        return traffic("llama-tied", shard);
    }

    private Traffic traffic(String model, String shard) {
        try {
            return plan(model, "cluster.ranks=4 cluster.shard=" + shard).traffic();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Plans two ranks that look up 2 samples of 8 tokens each, in each of two micro-batches. */
    @Test
    void countsGradientsOfTheRowsThatAStepLooksUp() throws IOException {
        RankMemory memory = plan(
                        "bert-seqcls",
                        "cluster.ranks=2 data.max_length=8 training.per_device_train_batch_size=2"
                                + " training.gradient_accumulation_steps=2")
                .memory();

        assertThat(memory.trained().gradients()).isEqualTo(4 * (32707 - 384 * 32 + 2 * 2 * 2 * 8 * 32));
        assertThat(memory.trained().optimizer()).isEqualTo(2 * 4 * 32707);
    }

    /** Counts queries, keys, values, attention output and intermediate states of 2 layers, but no probabilities. */
    @Test
    void keepsFactorsOfAnEncoderInBf16() throws IOException {
        String settings = "data.max_length=8 training.per_device_train_batch_size=2 precision=";
        RankMemory f32 = plan("bert-seqcls", settings + "fp32").memory();
        RankMemory bf16 = plan("bert-seqcls", settings + "bf16").memory();

        assertThat(f32.computed().activations() - bf16.computed().activations())
                .isEqualTo(2 * (2 * 8) * ((4 * 32 + 64) * (Float.BYTES - Short.BYTES) + 4 * 8 * Float.BYTES));
    }

    /**
     * Plans a model whose embedding table is also the decoder: all its rows have a gradient, besides the looked-up
     * ones.
     */
    @Test
    void countsTheTableGradientOfAMaskedLm() throws IOException {
        RankMemory memory = plan("bert-mlm", "").memory();

        // Includes the gradients of the head, which PyTorch returns as separate tensors.
        assertThat(memory.trained().gradients()).isEqualTo(4 * (33056 + 384 * 32) + 4 * (32 * 32 + 3 * 32));
        // Logits and head of 15 % of 16 samples of 32 tokens.
        assertThat(memory.computed().loss()).isEqualTo(77 * (2 * 384 + 32 + 4 * 32) * 4);
    }

    @Test
    void countsFrozenWeightsAsMappedFilesOrIn4Bits() throws IOException {
        RankMemory lora = plan("llama-tied", "method.type=lora").memory();
        RankMemory qlora = plan("llama-tied", "method.type=qlora").memory();

        assertThat(lora.weights().model()).isEqualTo(4 * 98624);
        assertThat(lora.weights().adapters()).isEqualTo(4 * 3584);
        assertThat(lora.computed().staging()).isZero();
        assertThat(lora.jvm().direct())
                .isEqualTo(new DirectMemory(0, 0, lora.trained().gradients()));
        // A linear has half a byte per weight, a byte per block of 64, a float per 256 blocks; the rest stays F32.
        long linears = 2 * (2 * 4096 + 2 * 2048 + 3 * 8192);
        long stored = linears / 2 + linears / 64 + 2 * 7 * 4;
        assertThat(qlora.weights().model()).isEqualTo(4 * (98624 - linears) + stored);
        assertThat(qlora.weights().shared()).isEqualTo(qlora.weights().model());
        assertThat(qlora.ofProcess(3))
                .isEqualTo(3 * qlora.sum()
                        - 2 * (qlora.jvm().base() + qlora.weights().model()));
        assertThat(qlora.computed().staging()).isEqualTo(4 * linears / 2);
        long copies = qlora.computed().staging() + qlora.trained().gradients();
        assertThat(qlora.jvm().direct()).isEqualTo(new DirectMemory(stored, 0, copies));
        assertThat(qlora.jvm().direct().ofProcess(3, false)).isEqualTo(stored);
        assertThat(qlora.jvm().direct().ofProcess(2, true)).isEqualTo(stored + 2 * copies);
    }

    @Test
    void proposesChangesWithTheMemoryOfTheirPlans() throws IOException {
        String big = "method.type=lora data.max_length=128 training.per_device_train_batch_size=256";
        RunPlan plan = plan("llama-tied", big);

        assertThat(plan.savings().changes())
                .containsOnlyKeys(
                        "training.gradient_checkpointing=true",
                        "training.per_device_train_batch_size=128 training.gradient_accumulation_steps=2");
        for (Map.Entry<String, Long> change : plan.savings().changes().entrySet()) {
            assertThat(plan("llama-tied", big + " " + change.getKey()).memory().sum())
                    .as(change.getKey())
                    .isEqualTo(change.getValue())
                    .isLessThan(plan.memory().sum());
        }
    }

    @Test
    void countsEvaluationWhileTrainingIfItNeedsMore() throws IOException {
        String settings = "method.type=lora data.max_length=128 training.per_device_train_batch_size=1";

        assertThat(plan("llama-tied", settings + " data.eval_fraction=0.1")
                        .memory()
                        .computed()
                        .activations())
                .isGreaterThan(plan("llama-tied", settings).memory().computed().activations());
        assertThat(plan("llama-tied", settings + " data.test_fraction=0.1")
                        .memory()
                        .sum())
                .isEqualTo(plan("llama-tied", settings).memory().sum());
    }

    @ParameterizedTest
    @ValueSource(strings = {"data.eval_fraction=0.1", "data.test_fraction=0.1", "data.test=some.jsonl"})
    void countsTheEvaluationOfHeldOutRowsAfterTraining(String heldOut) throws IOException {
        assertThat(plan("llama-tied", "method.type=lora").memory().evaluation()).isZero();
        assertThat(plan("llama-tied", "method.type=lora " + heldOut).memory().evaluation())
                .isGreaterThan(4 * 98624 + 4 * 3584 + MemoryEstimate.BASE);
        // GPT-2's configuration has other names for its sizes.
        assertThat(plan("gpt2", heldOut).memory().evaluation()).isGreaterThan(4 * 39808 + MemoryEstimate.BASE);
    }

    @Test
    void countsATeacherThatNeedsMoreThanTheTraining() throws IOException {
        assertThat(plan("llama-tied", "").memory().teacher().sum()).isZero();
        RankMemory small = plan("llama-tied", teacher(1)).memory();
        RankMemory large = plan("llama-tied", teacher(1024)).memory();

        assertThat(small.teacher().weights()).isEqualTo(4 * 63560);
        assertThat(small.peak()).isEqualTo(small.sum());
        assertThat(large.peak())
                .isEqualTo(large.teacher().sum())
                .isEqualTo(4 * 63560 + large.teacher().computed() + MemoryEstimate.BASE);
        assertThat(large.teacher().ofProcess(2))
                .isEqualTo(large.teacher().sum() + large.teacher().computed());
        assertThat(plan("llama-tied", teacher(1) + " precision=bf16")
                        .memory()
                        .teacher()
                        .weights())
                .as("products read BF16")
                .isLessThan(4 * 63560);
    }

    private static String teacher(int evalBatch) {
        return "training.per_device_eval_batch_size=" + evalBatch + " teacher.model="
                + GoldenFiles.root().resolve("models/llama-untied").toUri();
    }

    @Test
    void countsKeysAndValuesOfAnswers() throws IOException {
        String settings = "task=sft method.type=lora data.test=some.jsonl training.per_device_eval_batch_size=8"
                + " generation.eval_samples=5 generation.max_new_tokens=";

        assertThat(plan("llama-tied", settings + 1056).memory().evaluation()
                        - plan("llama-tied", settings + 1024).memory().evaluation())
                .as("of 2 layers with 2 heads of 16 for 32 more tokens of 8 answers")
                .isEqualTo(2 * 8 * 32 * 2 * 32 * 4);
    }

    @Test
    void derivesStepsFromThePreparedDataset() throws IOException {
        TinyRun run = new TinyRun(folder, "bert-seqcls", 0);
        RunConfig config = run.config("out", "training.max_steps=0", "training.num_train_epochs=2", "cluster.ranks=3");

        RunPlan.Work work =
                RunPlan.of(config, new Configuration(), folder, false).work().orElseThrow();

        assertThat(work.samples()).isEqualTo(TinyDataset.TRAIN_ROWS);
        assertThat(work.globalBatch()).isEqualTo(36);
        assertThat(work.steps()).isEqualTo(2 * ((TinyDataset.TRAIN_ROWS + 35) / 36));
        assertThat(work.epochs()).isEqualTo(2);
        assertThat(work.tokens()).isBetween(4L * TinyDataset.TRAIN_ROWS, 30L * TinyDataset.TRAIN_ROWS);
        assertThat(work.trainedTokens()).isZero();
    }

    @Test
    void countsLocalDiskForARemoteModelAndACheckpoint() throws IOException {
        RunPlan near = plan("bert-seqcls", "");
        assertThat(near.disk().model()).isZero();
        assertThat(near.disk().checkpoint())
                .as("parameters and AdamW's two moments")
                .isEqualTo(near.trained() * 3 * Float.BYTES);

        Path model = GoldenFiles.root().resolve("models/bert-seqcls");
        RunPlan far = plan("bert-seqcls", "model=" + FarFileSystem.path(model), FarFileSystem.configuration());
        assertThat(far.disk().model())
                .isGreaterThan(Files.size(model.resolve("model.safetensors")))
                .isLessThan(Files.size(model.resolve("model.safetensors")) + (1 << 20));
        assertThat(far.disk().sum()).isEqualTo(far.disk().model() + near.disk().checkpoint());
    }

    private RunPlan plan(String model, String settings) throws IOException {
        return plan(model, settings, new Configuration());
    }

    @Test
    void countsTheLogitsAndMasksOfADevice() throws IOException {
        String settings = "data.max_length=128 training.per_device_train_batch_size=48 method.type=lora"
                + " method.lora_dropout=0.1 method.target_modules=[q_proj]";
        RankMemory cpu =
                plan("llama-tied", settings, new Configuration(), false).memory();
        RankMemory gpu = plan("llama-tied", settings, new Configuration(), true).memory();

        ModelShape shape = Architectures.decoder(
                        HfConfig.read(GoldenFiles.root().resolve("models/llama-tied")))
                .shape();
        long logit = 2L * shape.tables().vocabulary() * Float.BYTES;
        assertThat(cpu.computed().loss()).isEqualTo(VocabularyLoss.CHUNK * logit);
        assertThat(gpu.computed().loss()).isEqualTo(VocabularyLoss.GPU_CHUNK * logit);
        // One layer's mask of a byte for each input of q_proj.
        assertThat(cpu.jvm().direct().onCpu()).isEqualTo(48L * 128 * shape.hidden());
        assertThat(cpu.jvm().direct().onGpu()).isEqualTo(cpu.trained().gradients());
    }

    private RunPlan plan(String model, String settings, Configuration hadoop) throws IOException {
        return plan(model, settings, hadoop, false);
    }

    private RunPlan plan(String model, String settings, Configuration hadoop, boolean onGpu) throws IOException {
        List<String> all = new ArrayList<>(List.of(
                "model=" + GoldenFiles.root().resolve("models").resolve(model).toUri(),
                "output.dir=" + folder.resolve("run").toUri(),
                "data.max_length=32",
                "data.eval_fraction=0"));
        if (!settings.isEmpty()) {
            all.addAll(List.of(settings.split(" ")));
        }
        String task = model.endsWith("seqcls") ? "classification" : model.endsWith("mlm") ? "masked-lm" : "causal-lm";
        RunConfig config = RunConfigLoader.parse(
                "{task: " + task + ", data: {train: none}}", "test.yaml", LibraryDefaults.with(all));
        return RunPlan.of(config, hadoop, folder, onGpu);
    }
}
