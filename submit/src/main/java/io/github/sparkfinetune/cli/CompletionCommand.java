package io.github.sparkfinetune.cli;

import io.github.sparkfinetune.conf.error.ExitCode;
import java.io.File;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Spec;

/** {@code completion}: prints a script with which a shell completes commands, options, paths and configuration keys. */
@Command(
        name = "completion",
        header = "Print the completion script of bash and zsh.",
        synopsisHeading = "%nUsage: ",
        optionListHeading = "%n",
        mixinStandardHelpOptions = true,
        versionProvider = Finetune.Version.class,
        footerHeading = "%nExample, for ~/.bashrc or ~/.zshrc:%n",
        footer = "  source <(finetune completion)")
final class CompletionCommand implements Callable<Integer> {
    private static final String NO_BLANK_BEHIND_EQUALS = """

        # The value of a key follows its "=" without a blank.
        function _finetune() {
          _complete_finetune
          if [ -n "$BASH_VERSION" ] && [[ "${COMPREPLY[*]}" == *= ]]; then compopt -o nospace; fi
        }
        complete -F _finetune -o default finetune\
        """;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        CommandLine finetune = Finetune.commandLine((run, local) -> {
            throw new IllegalStateException("only the options are looked at");
        });
        addLauncherOptions(finetune);
        for (CommandLine command : finetune.getSubcommands().values()) {
            if (command.getCommand() instanceof SparkCommand) {
                addLauncherOptions(command);
                completePaths(command.getCommandSpec());
            }
        }
        spec.commandLine().getOut().println(AutoComplete.bash("finetune", finetune) + NO_BLANK_BEHIND_EQUALS);
        return ExitCode.DONE.code();
    }

    /** Adds the options that bin/finetune passes to spark-submit, which the commands never see. */
    private static void addLauncherOptions(CommandLine command) {
        command.getCommandSpec()
                .addOption(OptionSpec.builder("--master")
                        .type(String.class)
                        .completionCandidates(List.of("local[*]", "yarn"))
                        .build())
                .addOption(OptionSpec.builder("--conf").type(String.class).build());
    }

    /**
     * Completes paths as files. The commands declare paths as strings because they may be URIs, but picocli completes
     * only files.
     */
    private static void completePaths(CommandSpec command) {
        for (OptionSpec option : List.copyOf(command.options())) {
            // An option of a group cannot be replaced; the shell completes it by its default, which is files.
            boolean isAlone = option.group() == null;
            if (isAlone
                    && (option.paramLabel().equals("FILE")
                            || option.paramLabel().equals("PATH"))) {
                command.remove(option);
                command.addOption(OptionSpec.builder(option.longestName())
                        .type(File.class)
                        .build());
            }
        }
    }
}
