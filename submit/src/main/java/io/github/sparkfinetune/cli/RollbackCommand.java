package io.github.sparkfinetune.cli;

import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.data.files.AbsolutePaths;
import io.github.sparkfinetune.job.PromotedModel;
import io.github.sparkfinetune.job.RegistryAlias;
import io.github.sparkfinetune.job.RunFile;
import java.io.PrintWriter;
import java.util.UUID;
import java.util.concurrent.Callable;
import org.apache.hadoop.conf.Configuration;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code rollback}: points at the previous model. Needs no configuration, because the configuration may be at fault.
 */
@Command(
        name = "rollback",
        mixinStandardHelpOptions = true,
        versionProvider = Finetune.Version.class,
        sortOptions = false,
        header = "Point the file of promote at the model before.",
        synopsisHeading = "%nUsage: ",
        optionListHeading = "%n",
        footerHeading = "%nbin/finetune also takes --conf KEY=VALUE of spark-submit.%n%nExample:%n",
        footer = "  finetune rollback --pointer in-use.json")
final class RollbackCommand implements Callable<Integer> {
    @Option(names = "--pointer", required = true, paramLabel = "FILE", description = "The file.")
    private String pointer;

    @Option(
            names = "--run-id",
            paramLabel = "ID",
            description = "Your name for the change; repeating the last ID changes nothing.")
    private String runId;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        Configuration hadoop = RunFile.hadoop();
        PromotedModel promoted = new PromotedModel(AbsolutePaths.of("--pointer", pointer, hadoop), hadoop);
        boolean hadAlias =
                promoted.current().map(PromotedModel.Entry::registered).isPresent();
        String change = runId == null ? "rollback " + UUID.randomUUID() : runId;
        PromotedModel.Entry before = promoted.rollBack(change);
        PrintWriter out = spec.commandLine().getOut();
        out.println("promoted  " + before.model() + ": " + before.metric() + " " + before.value());
        if (before.registered() != null) {
            RegistryAlias.set(
                    before.registered(),
                    pointer + " names " + before.model(),
                    "start finetune rollback --pointer " + pointer + " --run-id '" + change + "'");
            out.println("mlflow    " + before.registered());
        } else if (hadAlias) {
            out.println(
                    "warning   MLflow's alias was not moved: " + before.model() + " has no version in the registry");
        }
        return ExitCode.DONE.code();
    }
}
