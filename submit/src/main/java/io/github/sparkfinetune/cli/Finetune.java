package io.github.sparkfinetune.cli;

import io.github.sparkfinetune.conf.ExitCode;
import io.github.sparkfinetune.conf.RunException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import org.apache.spark.SparkUserAppException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ParameterException;

/** The command line: {@code COMMAND --config run.yaml [--set section.key=value ...]}. */
@Command(
        name = "finetune",
        description = "Fine-tunes encoders and language models on an Apache Spark cluster.",
        mixinStandardHelpOptions = true,
        versionProvider = Finetune.Version.class,
        synopsisSubcommandLabel = "COMMAND",
        footer = {
            "",
            "bin/finetune also takes --master MASTER and --conf spark.key=value, as spark-submit does.",
            "Exit codes: 0 done, 2 bad usage or configuration, 3 bad data or model, 4 failed (may be retried)."
        })
public final class Finetune {
    private Finetune() {}

    /**
     * Started by spark-submit, which ends the process with the exit code.
     *
     * @throws SparkUserAppException with the exit code of a command that failed
     */
    public static void main(String[] args) throws SparkUserAppException {
        int code = execute(
                SparkJobs::open,
                new PrintWriter(System.out, true, StandardCharsets.UTF_8),
                new PrintWriter(System.err, true, StandardCharsets.UTF_8),
                args);
        SparkJobs.exit(code);
    }

    /** Runs a command and returns its exit code; nothing is thrown. */
    static int execute(Jobs.Opener opener, PrintWriter out, PrintWriter err, String... args) {
        CommandLine line = new CommandLine(new Finetune());
        for (Step step : Step.values()) {
            line.addSubcommand(step.command(), new StepCommand(step, opener));
        }
        line.setOut(out);
        line.setErr(err);
        line.setExecutionStrategy(new CommandLine.RunLast());
        line.setParameterExceptionHandler((e, given) -> {
            err.println(usageError(e));
            return ExitCode.CONFIG.code();
        });
        line.setExecutionExceptionHandler((e, command, result) -> {
            StepCommand step = command.getCommand();
            return report(e, step.debug, err);
        });
        return line.execute(args);
    }

    private static String usageError(ParameterException e) {
        CommandLine command = e.getCommandLine();
        return "error: " + oneLine(e.getMessage()) + "; see "
                + command.getCommandSpec().qualifiedName() + " --help";
    }

    private static int report(Exception e, boolean debug, PrintWriter err) {
        RunException known = null;
        for (Throwable cause = e; cause != null && known == null; cause = cause.getCause()) {
            known = cause instanceof RunException found ? found : null;
        }
        if (known != null) {
            err.println("error: " + oneLine(known.getMessage()));
        } else {
            err.println("error: " + oneLine(e.toString()) + (debug ? "" : " (--debug shows where)"));
        }
        if (debug) {
            e.printStackTrace(err);
        }
        return (known == null ? ExitCode.FAILED : known.exitCode()).code();
    }

    private static String oneLine(String text) {
        return text.strip().replaceAll("\\s*\\R\\s*", " ");
    }

    static final class Version implements CommandLine.IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = Finetune.class.getPackage().getImplementationVersion();
            return new String[] {"spark-finetune " + (version == null ? "(not packaged)" : version)};
        }
    }
}
