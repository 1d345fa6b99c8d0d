package io.github.sparkfinetune.spark.command;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** The registered commands. */
public final class Commands {
    private Commands() {}

    /** Returns all commands by their place. */
    @SuppressWarnings("rawtypes") // ServiceLoader takes a class
    public static List<Command<?, ?>> all() {
        return Services.of(Command.class).stream()
                .<Command<?, ?>>map(command -> command)
                .sorted(Comparator.comparing(Command::place))
                .toList();
    }

    /** Returns the command of a name. */
    public static Optional<Command<?, ?>> named(String name) {
        return all().stream().filter(command -> command.name().equals(name)).findFirst();
    }
}
