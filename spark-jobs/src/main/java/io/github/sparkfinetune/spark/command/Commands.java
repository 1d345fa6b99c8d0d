package io.github.sparkfinetune.spark.command;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;

/** The registered commands. */
public final class Commands {
    private Commands() {}

    /** Returns all commands by their place. */
    @SuppressWarnings("rawtypes") // ServiceLoader takes a class
    public static List<Command<?, ?>> all() {
        // The loader of a thread of py4j or Spark Connect may not see this jar.
        return ServiceLoader.load(Command.class, Command.class.getClassLoader()).stream()
                .<Command<?, ?>>map(ServiceLoader.Provider::get)
                .sorted(Comparator.comparing(Command::place))
                .toList();
    }

    /** Returns the command of a name. */
    public static Optional<Command<?, ?>> named(String name) {
        return all().stream().filter(command -> command.name().equals(name)).findFirst();
    }
}
