package io.github.sparkfinetune.cli;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.job.Jobs;
import io.github.sparkfinetune.spark.command.Arguments;
import io.github.sparkfinetune.spark.command.Arguments.Parameter;
import io.github.sparkfinetune.spark.command.Command;
import java.io.IOException;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** Command line of a command that is registered, with an option for each of its arguments. */
final class RegisteredCommand<A extends Record, R> extends JobCommand {
    /** Order of the first option: before those of all commands. */
    private static final int FIRST = -1000;

    private final Command<A, R> command;
    private final Arguments<A> arguments;
    /** The options, with their values once the command line is parsed. */
    private final Map<String, OptionSpec> options = new LinkedHashMap<>();

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
            OptionSpec option = option(parameters.get(i), FIRST + i);
            registered.options.put(parameters.get(i).name(), option);
            spec.addOption(option);
        }
        return line;
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

    @Override
    void execute(RunConfig run, Jobs jobs) throws IOException {
        Map<String, Object> values = new HashMap<>();
        options.forEach((name, option) -> {
            Object value = option.getValue();
            if (value != null) {
                values.put(name, value);
            }
        });
        A given = arguments.of(values);
        command.text(given, jobs.run(command, run, given, this::say)).forEach(this::say);
    }
}
