package io.github.sparkfinetune.extra.lineage;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.core.checkpoint.HfFolderWriter;
import io.github.sparkfinetune.data.dataset.Manifests;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.spark.listener.Step;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * Events of OpenLineage for the steps of a finished run: one COMPLETE event for {@code prepare}, {@code train} and
 * {@code evaluate}, with the datasets as they are now. The time of an event is that of the file which the step writes
 * last. The job's settings are those of {@link Lineage}; no transport is needed.
 */
public final class RunEvents {
    private RunEvents() {}

    /**
     * Returns the events as JSON objects without line ends.
     *
     * @param run configuration of a run that has a dataset, a model and metrics
     * @param environment variables of the process
     * @param spark settings of Spark
     * @param metrics metrics by held-out set
     */
    public static List<String> of(
            RunConfig run,
            Configuration hadoop,
            Map<String, String> environment,
            Map<String, String> spark,
            Map<String, Map<String, Double>> metrics)
            throws IOException {
        LineageSettings named = LineageSettings.of(environment, spark);
        // The job that started this command did not start the steps.
        LineageSettings settings = new LineageSettings(Map.of(), named.namespace(), named.appName(), null);
        StepDatasets datasets = new StepDatasets(run, hadoop, spark);
        Map<Step, Path> written = Map.of(
                Step.PREPARE,
                        Manifests.file(run, hadoop)
                                .orElseThrow(() -> new FileNotFoundException(run.dataset() + " is not prepared")),
                Step.TRAIN, new Path(run.output().model(), HfFolderWriter.CARD),
                Step.EVALUATE, new Path(run.output().dir(), "metrics.json"));
        List<String> events = new ArrayList<>();
        for (Step step : List.of(Step.PREPARE, Step.TRAIN, Step.EVALUATE)) {
            Path last = written.get(step);
            Instant time = Instant.ofEpochMilli(
                    HadoopFiles.fileSystem(last, hadoop).getFileStatus(last).getModificationTime());
            Map<String, ObjectNode> facets =
                    step.kind() == Step.Kind.EVALUATE ? Map.of(Facets.METRICS, Facets.metrics(metrics)) : Map.of();
            events.add(StepEvents.ended(
                    settings,
                    settings.job(step, run),
                    step.command(),
                    time,
                    datasets.measured(step),
                    RunConfigLoader.toYaml(RunConfigLoader.withoutData(run)),
                    facets));
        }
        return events;
    }
}
