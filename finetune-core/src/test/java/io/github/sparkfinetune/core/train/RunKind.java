package io.github.sparkfinetune.core.train;

import io.github.sparkfinetune.conf.ClassificationConfig.ProblemType;
import io.github.sparkfinetune.conf.ClusterConfig.Shard;
import io.github.sparkfinetune.conf.EmbeddingConfig;
import io.github.sparkfinetune.conf.MethodConfig;
import io.github.sparkfinetune.conf.PreferenceConfig;
import io.github.sparkfinetune.conf.RerankingConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunConfig.Task;
import io.github.sparkfinetune.conf.UnpairedPreferenceConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.core.GoldenFiles;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;

/**
 * A kind of run: what a step computes. The enums of the configuration give every kind, so a new task, method or loss is
 * in every matrix of kinds by itself.
 *
 * @param loss setting that chooses the task's loss, or empty
 */
record RunKind(Task task, String loss, MethodConfig.Type method, Extra extra) {
    /** Features of a run beside its task and its method. */
    enum Extra {
        NOTHING("task"),
        PRIVACY("training.privacy.noise_multiplier", "0.5"),
        TEACHER("teacher.model"),
        MODULES_TO_SAVE("method.modules_to_save"),
        TOKENS("method.trainable_token_indices", "[20, 7, 60]"),
        DORA("method.use_dora", "true");

        /** Key that sets it. */
        final String key;

        private final Optional<String> value;

        Extra(String key) {
            this.key = key;
            this.value = Optional.empty();
        }

        Extra(String key, String value) {
            this.key = key;
            this.value = Optional.of(value);
        }

        /** Returns whether only adapters have it. */
        private boolean belongsToAdapters() {
            return this == MODULES_TO_SAVE || this == TOKENS || this == DORA;
        }
    }

    /** Golden models of each task; tied and untied lm_heads, encoders and decoders. */
    static final Map<Task, String> MODELS = Map.ofEntries(
            Map.entry(Task.CLASSIFICATION, "bert-seqcls"),
            Map.entry(Task.CAUSAL_LM, "llama-tied"),
            Map.entry(Task.SFT, "llama-untied"),
            Map.entry(Task.QUESTION_ANSWERING, "bert-qa"),
            Map.entry(Task.TOKEN_CLASSIFICATION, "bert-tokencls"),
            Map.entry(Task.MASKED_LM, "bert-mlm"),
            Map.entry(Task.PREFERENCE, "llama-untied"),
            Map.entry(Task.UNPAIRED_PREFERENCE, "llama-tied"),
            Map.entry(Task.REWARD, "llama-tied"),
            Map.entry(Task.EMBEDDING, "bert-mlm"),
            Map.entry(Task.RERANKING, "llama-tied"));

    private static final List<RunKind> ACCEPTED =
            combinations().filter(kind -> kind.refusal().isEmpty()).toList();

    /** Returns every combination, also those that the configuration refuses. */
    static Stream<RunKind> combinations() {
        List<RunKind> all = new ArrayList<>();
        for (Task task : Task.values()) {
            for (MethodConfig.Type method : MethodConfig.Type.values()) {
                Stream.of(Extra.values())
                        .filter(extra -> isAdapter(method) || !extra.belongsToAdapters())
                        .forEach(extra -> all.add(new RunKind(task, "", method, extra)));
            }
            losses(task).forEach(loss -> all.add(new RunKind(task, loss, MethodConfig.Type.FULL, Extra.NOTHING)));
        }
        return all.stream();
    }

    private static boolean isAdapter(MethodConfig.Type method) {
        return method == MethodConfig.Type.LORA || method == MethodConfig.Type.QLORA;
    }

    /** Returns every kind that the configuration accepts. */
    static Stream<RunKind> all() {
        return ACCEPTED.stream();
    }

    /** Returns what the ranks can share, most first. */
    List<Shard> levels() {
        return extra == Extra.PRIVACY
                ? List.of(Shard.OPTIMIZER)
                : List.of(Shard.FULL, Shard.GRADIENTS, Shard.OPTIMIZER);
    }

    /** Returns the settings of the losses of a task beside its default. */
    private static Stream<String> losses(Task task) {
        return switch (task) {
            case CLASSIFICATION -> settings("classification.problem_type", ProblemType.values());
            case PREFERENCE -> settings("preference.loss_type", PreferenceConfig.LossType.values());
            case UNPAIRED_PREFERENCE ->
                settings("unpaired_preference.loss_type", UnpairedPreferenceConfig.LossType.values());
            case EMBEDDING -> settings("embedding.loss", EmbeddingConfig.Loss.values());
            case RERANKING -> settings("reranking.loss", RerankingConfig.Loss.values());
            default -> Stream.of();
        };
    }

    /** Returns settings of all values but the first, which is the default. */
    private static Stream<String> settings(String key, Enum<?>[] values) {
        return Arrays.stream(values).skip(1).map(value -> key + "=" + lower(value));
    }

    static String lower(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    /** Returns the settings of a method. The head of an embedding model has no weights to train alone. */
    static List<String> method(Task task, MethodConfig.Type method) {
        String type = "method.type=" + lower(method);
        return method == MethodConfig.Type.FREEZE && task == Task.EMBEDDING
                ? List.of(type, "method.freeze_layers=1")
                : List.of(type);
    }

    private List<String> settings() {
        List<String> settings = new ArrayList<>(method(task, method));
        settings.add("method.r=2");
        extra.value.ifPresent(value -> settings.add(extra.key + "=" + value));
        if (!loss.isEmpty()) {
            settings.add(loss);
        }
        if (extra == Extra.MODULES_TO_SAVE) {
            settings.add(extra.key + "=" + modulesToSave());
        }
        if (loss.startsWith("reranking.loss")) {
            settings.add("reranking.negative=other");
            settings.add("reranking.num_negatives=3");
        }
        return settings;
    }

    private String modulesToSave() {
        if (!MODELS.get(task).startsWith("llama")) {
            return "[word_embeddings]";
        }
        return task.generates() ? "[embed_tokens, lm_head]" : "[embed_tokens]";
    }

    private String teacher() {
        return task == Task.CLASSIFICATION ? "roberta-seqcls" : "llama-untied";
    }

    private String[] settings(URI teacher, String... more) {
        Stream<String> ofTeacher = extra == Extra.TEACHER ? Stream.of(extra.key + "=" + teacher) : Stream.of();
        return Stream.of(settings().stream(), ofTeacher, Stream.of(more))
                .flatMap(some -> some)
                .toArray(String[]::new);
    }

    /** Returns whether predictions of a run can be explained. */
    boolean explains() {
        try {
            Influence.requireSeparable(config());
            return true;
        } catch (RunException e) {
            return false;
        }
    }

    /** Returns a configuration over the golden models. */
    private RunConfig config(String... more) {
        try {
            Path yaml = Files.createTempFile("kind-", ".yaml");
            try {
                Files.writeString(yaml, """
                        {model: '%s', task: %s, data: {train: unused, max_length: 48}, output: {dir: 'file:/unused'}}
                        """.formatted(golden(MODELS.get(task)).toUri(), task.configName()));
                return RunConfigLoader.load(
                        yaml, List.of(settings(golden(teacher()).toUri(), more)));
            } finally {
                Files.delete(yaml);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path golden(String model) {
        return GoldenFiles.root().resolve("models").resolve(model);
    }

    /**
     * Returns the message that refuses this kind, or empty if the configuration and the check before a run accept it.
     *
     * @param more further settings
     */
    Optional<String> refusal(String... more) {
        try {
            FineTuner.check(config(more), new Configuration(false));
            return Optional.empty();
        } catch (RunException e) {
            return Optional.of(e.getMessage());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Prepares a run of this kind.
     *
     * @param more settings of every configuration of the run
     */
    TinyRun prepare(Path folder, String... more) throws IOException {
        Path base = TinyModel.copy(folder.resolve("base"), MODELS.get(task), config -> {});
        Path taught = TinyModel.copy(folder.resolve("teacher"), teacher(), config -> {
            if (config.has("id2label")) {
                config.putObject("id2label").put("0", "c").put("1", "a").put("2", "b");
            }
        });
        return new TinyRun(folder, base, task.configName(), settings(taught.toUri(), more));
    }

    /** Gives a private run the same secret as others, so that they have the same noise. */
    RunConfig withSecret(RunConfig config) throws IOException {
        if (extra == Extra.PRIVACY) {
            Path output =
                    Files.createDirectories(Path.of(URI.create(config.output().dir())));
            Files.write(output.resolve("privacy.key"), new byte[32]);
        }
        return config;
    }

    @Override
    public String toString() {
        return String.join(" ", task.configName(), loss, lower(method), lower(extra));
    }
}
