package io.github.sparkfinetune.cli;

import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.data.files.AbsolutePaths;
import io.github.sparkfinetune.job.RunFile;
import io.github.sparkfinetune.report.PromotedModel;
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
        PromotedModel.Entry before = promoted.rollBack(runId == null ? "rollback " + UUID.randomUUID() : runId);
        spec.commandLine()
                .getOut()
                .println("promoted  " + before.model() + ": " + before.metric() + " " + before.value());
        return ExitCode.DONE.code();
    }
}
