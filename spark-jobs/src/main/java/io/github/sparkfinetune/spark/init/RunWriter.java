package io.github.sparkfinetune.spark.init;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.MethodConfig;
import io.github.sparkfinetune.conf.ModuleNames;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.load.CommentedYaml;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.conf.load.Usual;
import io.github.sparkfinetune.core.task.ModelKind;
import io.github.sparkfinetune.core.task.TaskSpec;
import io.github.sparkfinetune.core.task.registry.TaskSpecs;
import io.github.sparkfinetune.data.dataset.DataFunnel;
import io.github.sparkfinetune.data.hf.HfConfig;
import io.github.sparkfinetune.data.task.TaskCandidate;
import io.github.sparkfinetune.spark.run.PlanJob;
import io.github.sparkfinetune.spark.source.SourceFiles;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.Function;

/**
 * Writes the configuration file of a run from the findings.
 *
 * @param named keys that the user set
 * @param task name of the task
 * @param siblings held-out files beside the source, by key
 */
record RunWriter(
        InitRequest request,
        Map<String, String> named,
        HfConfig model,
        String task,
        TaskCandidate found,
        SourceFiles files,
        Survey survey,
        Map<String, String> siblings) {
    static final String SPLIT_BY = "data.split_by";

    private static final long MANY = 50_000;
    private static final long FEW = 20_000;

    Proposal write(RunConfig measured, String folder, Function<RunConfig, PlanJob.Plan> planner) {
        TaskSpec spec = TaskSpecs.of(measured);
        ModelKind<?> kind = spec.modelKind();
        SampleLength length = new SampleLength(
                survey, files.size().textBytes(), found.settings().getOrDefault("data.packing", "none"));
        CommentedYaml yaml = new CommentedYaml();
        yaml.head("Written by finetune init from the data and the model; you may change any line.");
        yaml.text("model", request.model(), model.modelType());
        yaml.set("task", task, found.evidence());
        data(yaml, length);
        found.settings().forEach((key, value) -> {
            if (!key.startsWith("data.")) {
                yaml.text(key, value, "");
            }
        });
        yaml.set("method.type", typeName(kind.usualMethod(model)), "");
        training(yaml, measured, length);
        yaml.set("cluster.ranks", 1, "");
        yaml.text("output.dir", "runs/" + name(request.data()) + "-" + name(request.model()), "model, metrics, report");
        named.forEach((key, value) -> yaml.set(key, value, "as set"));
        adapters(yaml, kind);
        return fit(yaml, length, folder, planner);
    }

    private void data(CommentedYaml yaml, SampleLength length) {
        yaml.text(
                "data.train",
                request.data(),
                String.format(
                        Locale.ROOT,
                        "%s, %s%,d rows, %,.1f MB",
                        files.format().configName(),
                        survey.isWhole() ? "" : "about ",
                        survey.rows(),
                        files.size().bytes() / 1e6));
        siblings.forEach((key, path) -> yaml.text(key, path, "held out"));
        found.settings().forEach((key, value) -> {
            if (key.startsWith("data.") && !key.equals("data.packing")) {
                yaml.text(key, value, key.equals(SPLIT_BY) ? "rows with one value stay on one side of the split" : "");
            }
        });
        if (DataConfig.isTable(request.data()) || !files.format().isChosenByAuto()) {
            yaml.set("data.format", files.format().configName(), "");
        }
        double fraction = survey.rows() >= MANY ? 0.02 : 0.1;
        if (!siblings.containsKey("data.eval")) {
            yaml.set("data.eval_fraction", fraction, "held out while training, to keep the best model");
        }
        if (!siblings.containsKey("data.test")) {
            yaml.set("data.test_fraction", fraction, "held out for the final metrics");
        }
        yaml.set("data.max_length", length.tokens(), length.description());
        if (length.isPacked()) {
            yaml.set(
                    "data.packing",
                    length.packing(),
                    length.packing().equals("bfd")
                            ? "whole conversations share a sample"
                            : "all texts in a row, cut every max_length");
        }
        if (!survey.bad().isEmpty()) {
            long bad = survey.bad().values().stream().mapToLong(Long::longValue).sum();
            double share = Math.ceil(1100.0 * bad / survey.readRows()) / 1000;
            yaml.set(
                    "data.max_bad_fraction",
                    Math.min(1, Math.max(0.01, share)),
                    bad + " of " + survey.readRows() + " rows cannot be used: " + DataFunnel.reasons(survey.bad()));
        }
    }

    private void training(CommentedYaml yaml, RunConfig measured, SampleLength length) {
        TaskSpec spec = TaskSpecs.of(measured);
        ModelKind<?> kind = spec.modelKind();
        yaml.set("training.num_train_epochs", length.isWrapped() || survey.rows() > FEW ? 1 : 3, "");
        yaml.set("training.per_device_train_batch_size", 1, "");
        yaml.set("training.gradient_accumulation_steps", 1, "");
        yaml.set("training.gradient_checkpointing", "false", "");
        yaml.set(
                "training.learning_rate",
                String.format(
                        Locale.ROOT,
                        "%.1e",
                        Usual.run(task, typeName(method(kind))).training().learningRate()),
                "usual for " + typeName(method(kind)) + " fine-tuning of such a model");
        yaml.set("training.lr_scheduler_type", "linear", "");
        yaml.set("training.warmup_ratio", 0.1, "");
        yaml.set("training.weight_decay", 0.01, "");
        yaml.set("training.metric_for_best_model", spec.usualMetric(survey.labels()), survey.balance());
    }

    private MethodConfig.Type method(ModelKind<?> kind) {
        return named.containsKey("method.type")
                ? MethodConfig.Type.valueOf(named.get("method.type").toUpperCase(Locale.ROOT))
                : kind.usualMethod(model);
    }

    private void adapters(CommentedYaml yaml, ModelKind<?> kind) {
        if (isAdapted(method(kind))) {
            setUnlessNamed(yaml, "method.r", 16, "");
            setUnlessNamed(yaml, "method.lora_alpha", 32, "");
            setUnlessNamed(yaml, "method.target_modules", ModuleNames.ALL_LINEAR, "");
        }
    }

    private static boolean isAdapted(MethodConfig.Type method) {
        return method == MethodConfig.Type.LORA || method == MethodConfig.Type.QLORA;
    }

    private void setUnlessNamed(CommentedYaml yaml, String key, Object value, String comment) {
        if (!named.containsKey(key)) {
            yaml.set(key, value, comment);
        }
    }

    private static String typeName(MethodConfig.Type type) {
        return type.name().toLowerCase(Locale.ROOT);
    }

    private Proposal fit(
            CommentedYaml yaml, SampleLength length, String folder, Function<RunConfig, PlanJob.Plan> planner) {
        // The plan needs the model's folder, but the file names the model of the Hub.
        Function<RunConfig, PlanJob.Plan> ofFolder = config -> planner.apply(
                RunConfigLoader.parse(RunConfigLoader.toYaml(config), "finetune init", List.of(override(folder))));
        RunConfig config = RunConfigLoader.parse("{}", "finetune init", yaml.overrides());
        int ranks = request.ranks() != null ? request.ranks() : usualRanks(ofFolder.apply(config));
        OptionalLong limit =
                request.rankMib() == null ? OptionalLong.empty() : OptionalLong.of((long) request.rankMib() << 20);
        MemoryFit fit = MemoryFit.of(yaml, named.keySet(), config, ranks, limit, ofFolder);
        boolean fits = fit.fits(limit);
        String memory = String.format(
                Locale.ROOT,
                "a rank takes %,d MiB outside the Java heap%s",
                fit.plan().run().memory().sum() >> 20,
                fits ? "" : ": MORE THAN THERE IS");
        setUnlessNamed(yaml, "method.type", typeName(fit.method()), method(fit));
        setUnlessNamed(yaml, "training.per_device_train_batch_size", fit.batch(), memory);
        setUnlessNamed(
                yaml,
                "training.gradient_accumulation_steps",
                fit.accumulation(),
                fit.batch() * fit.accumulation() * fit.ranks() + " samples a step");
        if (fit.checkpointing()) {
            setUnlessNamed(yaml, "training.gradient_checkpointing", "true", "less memory, more time");
        } else if (!named.containsKey("training.gradient_checkpointing")) {
            yaml.remove("training.gradient_checkpointing");
        }
        setUnlessNamed(yaml, "cluster.ranks", fit.ranks(), ranks(fit.plan()));
        evaluations(yaml, length, fit);
        String text = yaml.text();
        return new Proposal(
                text,
                RunConfigLoader.parse(text, "finetune init", List.of()),
                fit.plan(),
                lines(length, config.training().metricForBestModel()));
    }

    private static String override(String folder) {
        return new CommentedYaml().text("model", folder, "").overrides().get(0);
    }

    private String method(MemoryFit fit) {
        return switch (fit.method()) {
            case FULL -> "every parameter; lora trains only adapters";
            case FREEZE -> "only the head";
            case LORA -> "only adapters; qlora holds the base in 4 bits, full trains every parameter";
            case QLORA -> "adapters over the base in 4 bits, which needs the least memory";
        };
    }

    private static String ranks(PlanJob.Plan plan) {
        return plan.ranks().oneProcess()
                ? "threads of this machine; on a cluster one per executor"
                : "executors; with --conf spark.executor.memoryOverhead="
                        + plan.room().overheadMib() + "m";
    }

    private int usualRanks(PlanJob.Plan plan) {
        if (plan.ranks().oneProcess()) {
            return Math.max(1, Math.min(4, Runtime.getRuntime().availableProcessors()));
        }
        return Math.max(1, Math.min(MemoryFit.GLOBAL_BATCH, plan.ranks().slots().orElse(1)));
    }

    /** Sets an evaluation per epoch if there are several steps, so that the best model is kept. */
    private void evaluations(CommentedYaml yaml, SampleLength length, MemoryFit fit) {
        double trained = survey.rows() * (siblings.isEmpty() ? 0.8 : 0.9);
        long steps = (long) (length.samples(trained) / (fit.batch() * fit.accumulation() * fit.ranks()));
        if (steps >= 10) {
            setUnlessNamed(yaml, "training.eval_steps", steps, "about once an epoch; the best model is kept");
        }
    }

    private List<String> lines(SampleLength length, String metric) {
        List<String> lines = new ArrayList<>();
        lines.add(String.format(
                Locale.ROOT,
                "data        %s: %s, %,d file(s), %s%,d rows",
                request.data(),
                files.format().configName(),
                files.listing().count(),
                survey.isWhole() ? "" : "about ",
                survey.rows()));
        lines.add("task        " + task + ": " + found.evidence());
        if (!survey.labels().isEmpty()) {
            lines.add("labels      " + survey.balance());
        }
        if (found.settings().containsKey(SPLIT_BY)) {
            lines.add(
                    "split       by " + found.settings().get(SPLIT_BY) + ": rows with one value are held out together");
        }
        lines.add("lengths     " + length.description());
        lines.add("model       " + request.model() + ": " + model.modelType());
        if (metric.equals("f1_macro")) {
            lines.add("note        some labels have few rows: classification.class_weight: balanced may help them");
        }
        return lines;
    }

    /**
     * Returns the last part of a path or name, without anything after a dot. For a file named train, returns the name
     * of its folder.
     */
    private static String name(String path) {
        String[] parts = path.replaceAll("/+$", "").split("/", -1);
        String last = parts[parts.length - 1].replaceFirst("[.@*].*$", "");
        boolean general = (last.isEmpty() || last.matches("train.*")) && parts.length > 1;
        String chosen = general ? parts[parts.length - 2] : last;
        return chosen.replaceAll("[^A-Za-z0-9_-]+", "-").toLowerCase(Locale.ROOT);
    }
}
