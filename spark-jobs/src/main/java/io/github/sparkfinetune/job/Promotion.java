package io.github.sparkfinetune.job;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.metric.Metric;
import io.github.sparkfinetune.core.task.registry.TaskSpecs;
import io.github.sparkfinetune.data.files.AbsolutePaths;
import io.github.sparkfinetune.spark.command.Services;
import io.github.sparkfinetune.spark.folder.MetricsFile;
import io.github.sparkfinetune.spark.folder.RunFolder;
import io.github.sparkfinetune.spark.run.ModelRegistry;
import java.io.IOException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;

/**
 * Promotion of a trained model that is better than the model in use.
 *
 * @param pointer file that points at the model in use
 * @param metric name of the metric to compare, or null for {@code training.metric_for_best_model}
 * @param runId the caller's name for the run, or null for its output folder
 * @param alias alias in MLflow's registry for a registered model
 */
public record Promotion(String pointer, String metric, String runId, String alias) {
    /** Alias of the model in use, unless another one is named. */
    public static final String CHAMPION = "champion";

    /**
     * Points at the run's model if it beats the model in use.
     *
     * @throws RunException if the run was not measured, or the model in use was promoted by another metric
     */
    public void of(RunConfig run, Jobs jobs, Console console) throws IOException {
        RunConfig absolute = AbsolutePaths.of(run, jobs.hadoop());
        Metric measured = measured(run);
        double value = MetricsFile.test(RunFolder.of(run, jobs.hadoop()), measured.name());
        PromotedModel promoted =
                new PromotedModel(AbsolutePaths.of("--pointer", pointer, jobs.hadoop()), jobs.hadoop());
        String model = absolute.output().model();
        Optional<PromotedModel.Entry> current = promoted.current();
        if (current.isPresent()) {
            PromotedModel.Entry best = current.get();
            if (!best.metric().equals(measured.name())) {
                throw RunException.config("--metric is " + measured.name() + ", but " + best.model()
                        + " was promoted by " + best.metric() + ": add --metric " + best.metric()
                        + ", or name another --pointer");
            }
            String figures = measured.name() + " " + value + ", that of " + best.model() + " is " + best.value();
            if (best.model().equals(model) && best.value() == value) {
                console.say("promoted  " + model + " already: " + measured.name() + " " + value);
                point(best, console);
                return;
            }
            if (!measured.improves(value, best.value())) {
                console.say("kept      " + best.model() + ": " + figures);
                return;
            }
        }
        String time = Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
        String output = absolute.output().dir();
        PromotedModel.Entry entry = new PromotedModel.Entry(
                model,
                output,
                measured.name(),
                value,
                runId == null ? output : runId,
                time,
                Services.of(ModelRegistry.class).stream()
                        .flatMap(registry -> registry.version(output, jobs.hadoop()).stream())
                        .findFirst()
                        .map(version -> new PromotedModel.Registered(
                                version.trackingUri(), version.name(), version.version(), alias))
                        .orElse(null));
        promoted.promote(entry);
        console.say("promoted  " + model + ": " + measured.name() + " " + value
                + current.map(best -> ", that of " + best.model() + " was " + best.value())
                        .orElse(""));
        point(entry, console);
    }

    /** Points the alias at the entry's version, which the file names already. */
    private void point(PromotedModel.Entry entry, Console console) {
        if (entry.registered() != null) {
            RegistryAlias.set(entry.registered(), pointer + " names " + entry.model(), "start the same command again");
            console.say("mlflow    " + entry.registered());
        }
    }

    private Metric measured(RunConfig run) {
        List<Metric> metrics = TaskSpecs.of(run).metrics();
        String name = metric == null ? run.training().metricForBestModel() : metric;
        return metrics.stream()
                .filter(one -> one.name().equals(name))
                .findFirst()
                .orElseThrow(() -> RunException.config("--metric: " + name + " is not measured, there are "
                        + metrics.stream().map(Metric::name).toList()));
    }
}
