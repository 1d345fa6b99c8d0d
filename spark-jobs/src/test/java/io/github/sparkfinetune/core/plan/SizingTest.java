package io.github.sparkfinetune.core.plan;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.core.arch.Architecture;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.core.safetensors.TensorType;
import io.github.sparkfinetune.core.task.registry.TaskSpecs;
import io.github.sparkfinetune.data.hf.HfConfig;
import io.github.sparkfinetune.spark.cluster.ExecutorMemory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Checks the table of {@code submit/docs/sizing.md}, which is planned from the shapes of models. */
class SizingTest {
    private static final Path PAGE = Path.of("../submit/docs/sizing.md");
    private static final String BEGIN = "<!-- The table is written by SizingTest. -->\n";
    private static final String BEGIN_SHARED = "<!-- The table of shares is written by SizingTest. -->\n";
    private static final String END = "<!-- End of the table. -->\n";
    private static final Path SMOLLM2 = Path.of("../submit/models/smollm2");
    private static final double MIB = 1 << 20;

    /** Sizes of a model in the form of its config.json. */
    private record Shape(String name, TensorType dtype, String config) {}

    private static final List<Shape> ENCODERS = List.of(
            encoder("MiniLM (6 layers, 384 wide)", 384, 6, 12, 1536, 30522),
            encoder("BERT-base", 768, 12, 12, 3072, 30522),
            encoder("BERT-large", 1024, 24, 16, 4096, 30522));
    private static final List<Shape> DECODERS = List.of(
            new Shape("SmolLM2-135M", TensorType.BF16, null),
            decoder("Llama 3.2 1B", 2048, 16, 32, 8, 8192, 128256, true),
            decoder("Llama 3.2 3B", 3072, 28, 24, 8, 8192, 128256, true),
            decoder("Llama 3.1 8B", 4096, 32, 32, 8, 14336, 128256, false));

    private static final Shape LLAMA_70B = decoder("Llama 3.1 70B", 8192, 80, 64, 8, 28672, 128256, false);

    @TempDir
    private Path dir;

    private static Shape encoder(String name, int width, int layers, int heads, int inner, int vocabulary) {
        return new Shape(
                name, TensorType.F32, String.format(Locale.ROOT, """
                    {"model_type": "bert", "hidden_size": %d, "num_hidden_layers": %d, "num_attention_heads": %d,
                     "intermediate_size": %d, "vocab_size": %d, "max_position_embeddings": 512, "type_vocab_size": 2,
                     "hidden_act": "gelu", "layer_norm_eps": 1e-12, "hidden_dropout_prob": 0.1,
                     "attention_probs_dropout_prob": 0.1, "pad_token_id": 0}\
                    """, width, layers, heads, inner, vocabulary));
    }

    private static Shape decoder(
            String name, int width, int layers, int heads, int groups, int inner, int vocabulary, boolean tied) {
        return new Shape(
                name,
                TensorType.BF16,
                String.format(Locale.ROOT, """
                    {"model_type": "llama", "hidden_size": %d, "num_hidden_layers": %d, "num_attention_heads": %d,
                     "num_key_value_heads": %d, "head_dim": %d, "intermediate_size": %d, "vocab_size": %d,
                     "tie_word_embeddings": %s, "max_position_embeddings": 8192, "rms_norm_eps": 1e-5, "rope_theta": 500000.0,
                     "hidden_act": "silu"}\
                    """, width, layers, heads, groups, width / heads, inner, vocabulary, tied));
    }

    private HfConfig config(Shape shape) throws IOException {
        if (shape.config() == null) {
            return HfConfig.read(SMOLLM2);
        }
        Files.writeString(dir.resolve("config.json"), shape.config());
        return HfConfig.read(dir);
    }

    /** Plans a run of a model of which there are only the headers of its weights. */
    private RunPlan plan(Shape shape, HeadKind head, List<String> settings) throws IOException {
        HfConfig model = config(shape);
        RunConfig run = RunConfigLoader.parse(
                "{model: m, data: {train: t, eval_fraction: 0}, output: {dir: o}}", "sizing", settings);
        Architecture architecture = Architectures.of(model);
        try (HeaderOnly source = new HeaderOnly(architecture, head, shape.dtype())) {
            assertThat(TaskSpecs.of(run).modelKind().head()).isEqualTo(head);
            return RunPlan.of(run, model, source, Optional.empty(), Optional.empty(), source.bytes(), false);
        }
    }

    private static List<String> settings(String task, String method, int samples, int tokens, boolean again) {
        return List.of(
                "task=" + task,
                "data.max_length=" + tokens,
                "method={type: " + method + ", r: 16, target_modules: all-linear}",
                "training.gradient_checkpointing=" + again,
                "training.per_device_train_batch_size=" + samples);
    }

    private String row(Shape shape, HeadKind head, String task, String method, int samples, int tokens, boolean again)
            throws IOException {
        RunPlan plan = plan(shape, head, settings(task, method, samples, tokens, again));
        return String.format(
                Locale.ROOT,
                "| %s | %,.0f M | `%s`%s | %d x %d | %,.0f | `%dm` | %,.0f |\n",
                shape.name(),
                plan.parameters() / 1e6,
                method,
                again ? ", `gradient_checkpointing`" : "",
                samples,
                tokens,
                plan.memory().sum() / MIB,
                ExecutorMemory.recommendedMib(plan.memory()),
                plan.disk().sum() / MIB);
    }

    private RunPlan shared(Shape shape, String method, int ranks) throws IOException {
        List<String> settings = new ArrayList<>(settings("sft", method, 2, 512, true));
        settings.addAll(List.of("cluster.ranks=" + ranks, "cluster.shard=full", "precision=bf16"));
        return plan(shape, HeadKind.CAUSAL_LM, settings);
    }

    private String sharedRow(Shape shape, String method, int ranks) throws IOException {
        RunPlan plan = shared(shape, method, ranks);
        return String.format(
                Locale.ROOT,
                "| %s | `%s` | %d | %,.0f | `%dm` | %,.0f | %.1f | %.1f |\n",
                shape.name(),
                method,
                ranks,
                plan.memory().sum() / MIB,
                ExecutorMemory.recommendedMib(plan.memory()),
                plan.traffic().sum() / MIB,
                plan.traffic().seconds(10),
                plan.traffic().seconds(100));
    }

    private String sharedTable() throws IOException {
        List<String> rows = new ArrayList<>();
        rows.add(sharedRow(DECODERS.get(1), "full", 4));
        rows.add(sharedRow(DECODERS.get(2), "full", 8));
        rows.add(sharedRow(DECODERS.get(3), "full", 16));
        rows.add(sharedRow(DECODERS.get(3), "full", 64));
        rows.add(sharedRow(DECODERS.get(3), "qlora", 2));
        rows.add(sharedRow(LLAMA_70B, "qlora", 8));
        return "| model | method | ranks | memory of a rank, MiB | `spark.executor.memoryOverhead` | received a step, MiB |"
                + " s at 10 Gbit/s | s at 100 Gbit/s |\n|---|---|---|---|---|---|---|---|\n"
                + String.join("", rows);
    }

    /** Executors of 24 GB have 2 GB of Java heap and 22 GB outside it. */
    @Test
    void plansFullTrainingOf8BOnExecutorsOf24Gb() throws IOException {
        RunPlan plan = shared(DECODERS.get(3), "full", 16);
        assertThat(ExecutorMemory.recommendedMib(plan.memory())).isLessThan(22 * 1024);
    }

    private String table() throws IOException {
        List<String> rows = new ArrayList<>();
        for (Shape shape : ENCODERS) {
            rows.add(row(shape, HeadKind.SEQUENCE_CLASSIFICATION, "classification", "full", 16, 128, false));
            rows.add(row(shape, HeadKind.SEQUENCE_CLASSIFICATION, "classification", "lora", 16, 128, false));
        }
        for (Shape shape : DECODERS) {
            rows.add(row(shape, HeadKind.CAUSAL_LM, "sft", "full", 2, 512, false));
            rows.add(row(shape, HeadKind.CAUSAL_LM, "sft", "lora", 2, 512, false));
            rows.add(row(shape, HeadKind.CAUSAL_LM, "sft", "lora", 2, 512, true));
            rows.add(row(shape, HeadKind.CAUSAL_LM, "sft", "qlora", 2, 512, true));
        }
        return "| model | parameters | method | micro-batch, samples x tokens | memory of a rank, MiB |"
                + " `spark.executor.memoryOverhead` | local disk, MiB |\n|---|---|---|---|---|---|---|\n"
                + String.join("", rows);
    }

    private static String replaced(String page, String begin, String table) {
        int from = page.indexOf(begin) + begin.length();
        return page.substring(0, from) + table + page.substring(page.indexOf(END, from));
    }

    @Test
    void keepsTheTablesUpToDate() throws IOException {
        String page = Files.readString(PAGE);
        String written = replaced(replaced(page, BEGIN, table()), BEGIN_SHARED, sharedTable());
        if (Boolean.getBoolean("docs.write")) {
            Files.writeString(PAGE, written);
        }
        assertThat(PAGE)
                .as("write it with ./mvnw -pl spark-jobs -am test -Dtest=SizingTest"
                        + " -Dsurefire.failIfNoSpecifiedTests=false -Ddocs.write=true")
                .hasContent(written);
    }
}
