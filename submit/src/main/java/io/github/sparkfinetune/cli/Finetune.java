package io.github.sparkfinetune.cli;

import io.github.sparkfinetune.cli.option.UsageError;
import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.job.Failure;
import io.github.sparkfinetune.job.Jobs;
import io.github.sparkfinetune.job.SparkJobs;
import io.github.sparkfinetune.spark.cluster.DriverExit;
import io.github.sparkfinetune.spark.command.Commands;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.spark.SparkUserAppException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Command line {@code COMMAND --config run.yaml [--set section.key=value ...]}. */
@Command(
        name = "finetune",
        mixinStandardHelpOptions = true,
        versionProvider = Finetune.Version.class,
        synopsisSubcommandLabel = "COMMAND",
        footerHeading = "Also of bin/finetune: --master, --deploy-mode, --conf, --jars and --packages.%n"
                + "Exit codes: 0 done, 2 bad configuration, 3 bad data or model, 4 may be retried.%n",
        footer = "Example: finetune run --config run.yaml --master yarn")
public final class Finetune implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    private Finetune() {}

    /**
     * Runs a command under spark-submit, which ends the process with the exit code.
     *
     * @throws SparkUserAppException with the exit code of a failed command
     */
    public static void main(String[] args) throws SparkUserAppException {
        int code = execute(
                SparkJobs::open,
                InitCommand.Terminal.ofProcess(),
                new PrintWriter(System.out, true, StandardCharsets.UTF_8),
                new PrintWriter(System.err, true, StandardCharsets.UTF_8),
                args);
        SparkJobs.exit(code);
    }

    /** Runs a command and returns its exit code; throws nothing. */
    static int execute(
            Jobs.Opener opener, InitCommand.Terminal terminal, PrintWriter out, PrintWriter err, String... args) {
        CommandLine line = commandLine(opener, terminal);
        line.setOut(out);
        line.setErr(err);
        line.setExecutionStrategy(new CommandLine.RunLast());
        line.setParameterExceptionHandler((e, given) -> {
            err.println("error: " + RunException.oneLine(UsageError.message(e)));
            return ExitCode.CONFIG.code();
        });
        line.setExecutionExceptionHandler((e, command, result) ->
                report(e, command.getCommand() instanceof SparkCommand spark && spark.debug(), err));
        return line.execute(args);
    }

    /** Returns the commands and their options. */
    static CommandLine commandLine(Jobs.Opener opener) {
        return commandLine(opener, question -> Optional.empty());
    }

    private static CommandLine commandLine(Jobs.Opener opener, InitCommand.Terminal terminal) {
        CommandLine line = new CommandLine(new Finetune());
        List<Place> places = new ArrayList<>(List.of(
                new Place(10, new InitCommand(opener, terminal)),
                new Place(20, new DoctorCommand(opener)),
                new Place(30, new PlanCommand(opener)),
                new Place(40, new PrepareCommand(opener)),
                new Place(50, new TrainCommand(opener)),
                new Place(60, new EvaluateCommand(opener)),
                new Place(70, new PredictCommand(opener)),
                new Place(110, new MergeCommand(opener)),
                new Place(120, new PromoteCommand(opener)),
                new Place(130, new RollbackCommand()),
                new Place(140, new RunCommand(opener)),
                new Place(150, new TuneCommand(opener)),
                new Place(160, new WatchCommand()),
                new Place(170, new CompletionCommand()),
                new Place(180, help())));
        Commands.all()
                .forEach(command -> places.add(new Place(command.place(), RegisteredCommand.of(command, opener))));
        places.stream()
                .sorted(Comparator.comparing(Place::place))
                .forEach(place -> line.addSubcommand(place.command()));
        return line;
    }

    /** Place of a command in the list of all commands. */
    private record Place(int place, CommandLine command) {
        Place(int place, Object command) {
            this(place, new CommandLine(command));
        }
    }

    private static CommandLine help() {
        CommandLine help = new CommandLine(new HelpCommand());
        help.getCommandSpec()
                .usageMessage()
                .header("Show the help of a command.")
                .description("")
                .footer("", "Example:", "  finetune help train");
        return help;
    }

    /** Shows the help when no command is given. */
    @Override
    public Integer call() {
        spec.commandLine().usage(spec.commandLine().getOut());
        return ExitCode.CONFIG.code();
    }

    private static int report(Exception e, boolean debug, PrintWriter err) {
        Failure failure = Failure.of(e);
        err.println("error: " + failure.message() + (failure.expected() || debug ? "" : " (--debug shows where)"));
        boolean futile = failure.exitCode() == ExitCode.CONFIG || failure.exitCode() == ExitCode.DATA;
        if (futile && DriverExit.isRepeated(System::getProperty)) {
            err.println("warning: YARN may start this again, which ends in the same way: add --conf"
                    + " spark.yarn.maxAppAttempts=1");
        }
        if (debug) {
            e.printStackTrace(err);
        }
        return failure.exitCode().code();
    }

    static final class Version implements CommandLine.IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = Finetune.class.getPackage().getImplementationVersion();
            return new String[] {"spark-finetune " + (version == null ? "(not packaged)" : version)};
        }
    }
}
