package io.github.sparkfinetune.cli;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.metric.Metric;
import io.github.sparkfinetune.core.task.registry.TaskSpecs;
import io.github.sparkfinetune.data.files.AbsolutePaths;
import io.github.sparkfinetune.job.Jobs;
import io.github.sparkfinetune.job.PromotedModel;
import io.github.sparkfinetune.job.RegistryAlias;
import io.github.sparkfinetune.spark.command.Services;
import io.github.sparkfinetune.spark.folder.MetricsFile;
import io.github.sparkfinetune.spark.folder.RunFolder;
import io.github.sparkfinetune.spark.run.ModelRegistry;
import java.io.IOException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code promote}: points at the trained model if it is better than the model in use. */
@Command(
        name = "promote",
        header = "Point a file at the trained model, if it beats the one there.",
        description = "Compare by one held-out text: give all runs the same data.test.",
        footer = "  finetune promote --config run.yaml --pointer in-use.json")
final class PromoteCommand extends JobCommand {
    @Option(
            names = "--pointer",
            required = true,
            paramLabel = "FILE",
            description = "JSON file; its promoted.model is the folder in use.")
    private String pointer;

    @Option(names = "--metric", paramLabel = "NAME", description = "By default training.metric_for_best_model.")
    private String metric;

    @Option(names = "--run-id", paramLabel = "ID", description = "Your name for the run; by default its output.dir.")
    private String runId;

    @Option(
            names = "--alias",
            paramLabel = "NAME",
            defaultValue = "champion",
            description = "Alias in MLflow's registry for a registered model; ${DEFAULT-VALUE} by default.")
    private String alias;

    PromoteCommand(Jobs.Opener opener) {
        super(opener);
    }

    @Override
    boolean writesStatus() {
        return true;
    }

    @Override
    void execute(RunConfig run, Jobs jobs) throws IOException {
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
                say("promoted  " + model + " already: " + measured.name() + " " + value);
                point(best);
                return;
            }
            if (!measured.improves(value, best.value())) {
                say("kept      " + best.model() + ": " + figures);
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
        say("promoted  " + model + ": " + measured.name() + " " + value
                + current.map(best -> ", that of " + best.model() + " was " + best.value())
                        .orElse(""));
        point(entry);
    }

    /** Points the alias at the entry's version, which the file names already. */
    private void point(PromotedModel.Entry entry) {
        if (entry.registered() != null) {
            RegistryAlias.set(entry.registered(), pointer + " names " + entry.model(), "start the same command again");
            say("mlflow    " + entry.registered());
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
