package io.github.sparkfinetune.cli;

import io.github.sparkfinetune.cli.option.ProgressOption;
import io.github.sparkfinetune.cli.option.RunOptions;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.load.Stage;
import io.github.sparkfinetune.job.Jobs;
import io.github.sparkfinetune.job.RunFile;
import io.github.sparkfinetune.spark.command.Arguments;
import io.github.sparkfinetune.spark.command.Arguments.Parameter;
import io.github.sparkfinetune.spark.command.Call;
import io.github.sparkfinetune.spark.command.Command;
import java.io.IOException;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgGroupSpec;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** Command line of a command that is registered, with an option for each of its arguments. */
final class RegisteredCommand<A extends Record, R> extends JobCommand {
    /** Order of the first option: before those of all commands. */
    private static final int FIRST = -1000;

    private final Command<A, R> command;
    private final Arguments<A> arguments;
    /** The options and parameters, with their values once the command line is parsed. */
    private final Map<String, ArgSpec> given = new LinkedHashMap<>();

    private final ProgressOption progress = new ProgressOption();

    private RegisteredCommand(Command<A, R> command, Jobs.Opener opener) {
        super(opener);
        this.command = command;
        this.arguments = new Arguments<>(command.arguments());
    }

    /** Returns the command line of a command. */
    static <A extends Record, R> CommandLine of(Command<A, R> command, Jobs.Opener opener) {
        RegisteredCommand<A, R> registered = new RegisteredCommand<>(command, opener);
        CommandLine line = new CommandLine(registered);
        CommandSpec spec = line.getCommandSpec().name(command.name());
        Command.Help help = command.help();
        spec.usageMessage()
                .header(help.header())
                .description(help.description().toArray(String[]::new))
                .footer("  finetune " + command.name() + " " + help.example());
        List<Parameter> parameters = registered.arguments.parameters();
        for (int i = 0; i < parameters.size(); i++) {
            Parameter parameter = parameters.get(i);
            ArgSpec argument = parameter.words().positional() ? positional(parameter) : option(parameter, FIRST + i);
            registered.given.put(parameter.name(), argument);
            spec.add(argument);
        }
        if (!command.needsRun()) {
            makeRunOptional(spec);
        }
        if (command.trains()) {
            line.addMixin("progress", registered.progress);
        }
        return line;
    }

    /** Makes the options that name a run a group, which may be absent as a whole. */
    private static void makeRunOptional(CommandSpec spec) {
        ArgGroupSpec.Builder group =
                ArgGroupSpec.builder().exclusive(false).multiplicity("0..1").validate(true);
        for (String name : RunOptions.NAMES) {
            OptionSpec option = spec.findOption(name);
            spec.remove(option);
            group.addArg(option);
        }
        spec.addArgGroup(group.build());
    }

    private static PositionalParamSpec positional(Parameter parameter) {
        return PositionalParamSpec.builder()
                .index("0")
                .type(parameter.type())
                .description(parameter.words().text())
                .required(parameter.words().required())
                .paramLabel(parameter.words().label())
                .build();
    }

    private static OptionSpec option(Parameter parameter, int order) {
        OptionSpec.Builder option = OptionSpec.builder(parameter.option())
                .order(order)
                .type(parameter.type())
                .description(parameter.words().text())
                .required(parameter.words().required())
                .hidden(parameter.words().hidden());
        if (parameter.isList()) {
            option.auxiliaryTypes(String.class).splitRegex(",");
        }
        if (!parameter.words().label().isEmpty()) {
            option.paramLabel(parameter.words().label());
        }
        if (!parameter.words().otherwise().isEmpty()) {
            option.defaultValue(parameter.words().otherwise());
        }
        return option.build();
    }

    @Override
    boolean readsBaseModel() {
        return command.readsBaseModel();
    }

    private A arguments() {
        Map<String, Object> values = new HashMap<>();
        given.forEach((name, argument) -> {
            Object value = argument.getValue();
            if (value != null) {
                values.put(name, value);
            }
        });
        return arguments.of(values);
    }

    @Override
    boolean needsRun() {
        return command.needsRun();
    }

    @Override
    boolean runsPipelines() {
        return command.runsPipelines();
    }

    @Override
    int trainings() {
        try {
            return command.trainings(arguments());
        } catch (RunException refused) {
            // The work refuses the arguments again, and its failure becomes the status.
            return command.trains() ? 1 : 0;
        }
    }

    @Override
    boolean writesStatus() {
        return trainings() > 0;
    }

    @Override
    void execute() throws IOException {
        A arguments = arguments();
        Call call = Call.on(RunFile::hadoop, null).showing(this::say);
        command.text(arguments, command.run(call, arguments)).forEach(this::say);
    }

    @Override
    void execute(List<Stage> stages, Jobs jobs) throws IOException {
        A arguments = arguments();
        command.text(arguments, jobs.run(command, stages, arguments, () -> progress.start(err()), this))
                .forEach(this::say);
    }

    @Override
    void execute(RunConfig run, Jobs jobs) throws IOException {
        execute(List.of(Stage.only(run)), jobs);
    }
}
