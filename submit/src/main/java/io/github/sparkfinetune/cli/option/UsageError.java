package io.github.sparkfinetune.cli.option;

import io.github.sparkfinetune.conf.load.Keys;
import io.github.sparkfinetune.conf.load.OtherNames;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** Message for a wrong call: the error, the probable intention, and where to find the help. */
public final class UsageError {
    private UsageError() {}

    /** Returns the message of a wrong call. */
    public static String message(ParameterException e) {
        CommandLine command = e.getCommandLine();
        return reason(command, e) + "; see " + command.getCommandSpec().qualifiedName() + " --help";
    }

    private static String reason(CommandLine command, ParameterException e) {
        if (e instanceof UnmatchedArgumentException unmatched) {
            return unknown(command, unmatched.getUnmatched().get(0));
        }
        if (e instanceof MissingParameterException missing) {
            // A missing option may be a misspelt one.
            for (CommandLine at = command; at != null; at = at.getParent()) {
                List<String> unmatched = at.getUnmatchedArguments();
                if (!unmatched.isEmpty() && unmatched.get(0).startsWith("-")) {
                    return unknown(at, unmatched.get(0));
                }
            }
            return e.getMessage()
                    + missing.getMissing().stream()
                            .map(UsageError::meaning)
                            .collect(Collectors.joining(", ", ": ", ""));
        }
        // "help COMMAND" reports unknown commands itself.
        return e.getArgSpec() == null && e.getValue() != null ? unknown(command, e.getValue()) : e.getMessage();
    }

    private static String unknown(CommandLine command, String argument) {
        if (argument.startsWith("-")) {
            String option = argument.replaceFirst("=.*", "");
            return "Unknown option: '" + option + "'" + optionHint(command, option);
        }
        if (!command.getSubcommands().isEmpty()) {
            return "Unknown command: '" + argument + "'"
                    + didYouMean(
                            nearestCommand(argument, command.getSubcommands().keySet()));
        }
        boolean assignment = Keys.settable().contains(argument.replaceFirst("=.*", ""));
        return "Unknown argument: '" + argument + "'"
                + didYouMean(assignment ? Optional.of("--set " + argument) : Optional.empty());
    }

    /** Returns the first command that starts with the word, such as "eval", else the nearest command. */
    private static Optional<String> nearestCommand(String word, Set<String> commands) {
        return commands.stream()
                .filter(command -> command.startsWith(word))
                .findFirst()
                .or(() -> Keys.nearest(word, commands));
    }

    /**
     * Returns where else the option's name exists: in other commands or as a configuration key; else the nearest
     * option.
     */
    private static String optionHint(CommandLine command, String option) {
        List<String> hints = new ArrayList<>();
        CommandLine root = command.getParent() == null ? command : command.getParent();
        List<String> others = root.getSubcommands().entrySet().stream()
                .filter(other -> other.getValue().getCommandSpec().findOption(option) != null)
                .map(Map.Entry::getKey)
                .toList();
        if (!others.isEmpty()) {
            hints.add("an option of " + String.join(", ", others));
        }
        String name = option.replaceFirst("^-+", "").replace('-', '_');
        List<String> keys = Keys.settable().stream()
                .filter(key -> key.equals(name)
                        || key.endsWith("." + name)
                        || key.replace('.', '_').equals(name))
                .map(key -> "--set " + key + "=VALUE")
                .toList();
        if (!keys.isEmpty()) {
            hints.add("a key of the run: " + String.join(" or ", keys));
        }
        if (keys.isEmpty()) {
            OtherNames.find(name)
                    .map(OtherNames.Name::key)
                    .ifPresent(key -> hints.add("a key of the run: --set " + key + "=VALUE"));
        }
        if (!hints.isEmpty()) {
            return " (" + String.join("; ", hints) + ")";
        }
        List<String> known = command.getCommandSpec().optionsMap().keySet().stream()
                .filter(candidate -> candidate.startsWith("--"))
                .toList();
        return didYouMean(option.startsWith("--") ? Keys.nearest(option, known) : Optional.empty());
    }

    private static String didYouMean(Optional<String> meant) {
        return meant.map(word -> " (did you mean " + word + "?)").orElse("");
    }

    /** Returns the meaning of an option: its description up to the first punctuation mark. */
    private static String meaning(ArgSpec missing) {
        String text = String.join(" ", missing.description()).replaceFirst("[;:,.](\\s.*)?$", "");
        return text.substring(0, 1).toLowerCase(Locale.ROOT) + text.substring(1);
    }
}
