package io.github.sparkfinetune.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.RunConfig.Task;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** Checks that the pages on states and commands have what is registered, and the states that the help shows. */
class StatesTest {
    private static final Path DOCS = Path.of("docs");
    /** Head of the commands' table on the page of an extra. */
    private static final String COMMANDS = "| command | what it does | state |\n";

    private static final String EXPERIMENTAL = "experimental";
    private static final Set<String> STATES = Set.of("stable", EXPERIMENTAL, "not run by us");
    private static final Set<String> SPARK_STATES = Set.of("supported", "maintained", "ended");

    /** Returns the table below a heading: the cells of each row by the row's first cell, without its marks of code. */
    private static Map<String, List<String>> table(String page, String heading) throws IOException {
        return table(DOCS.resolve(page), heading + "\n");
    }

    private static Map<String, List<String>> table(Path page, String before) throws IOException {
        String text = Files.readString(page);
        String below = text.substring(text.indexOf(before));
        return below.substring(below.indexOf("\n|---") + 1)
                .lines()
                .takeWhile(line -> line.startsWith("|"))
                .skip(1)
                .map(line ->
                        Arrays.stream(line.split("\\|", -1)).map(String::strip).toList())
                .collect(Collectors.toMap(
                        cells -> cells.get(1).replaceFirst("^`([a-z0-9_-]+)[` ].*", "$1"),
                        cells -> cells,
                        (first, second) -> first,
                        LinkedHashMap::new));
    }

    /** Returns the rows of commands on the pages of extras. */
    private static Map<String, List<String>> commandsOfExtras() throws IOException {
        Map<String, List<String>> rows = new LinkedHashMap<>();
        try (Stream<Path> files = Files.walk(Path.of("extras"), 2)) {
            for (Path page :
                    files.filter(file -> file.toString().endsWith(".md")).toList()) {
                if (Files.readString(page).contains(COMMANDS)) {
                    rows.putAll(table(page, COMMANDS));
                }
            }
        }
        return rows;
    }

    private static String state(List<String> row, int column) {
        return row.get(column).split(";", -1)[0];
    }

    private static Map<String, CommandLine> subcommands() {
        return Finetune.commandLine(null).getSubcommands();
    }

    @Test
    void helpMarksTheExperimentalCommands() throws IOException {
        Map<String, String> shown = new LinkedHashMap<>();
        subcommands()
                .forEach((name, command) -> shown.put(
                        name,
                        command.getCommandSpec().usageMessage().header()[0].endsWith(" (experimental)")
                                ? EXPERIMENTAL
                                : "stable"));
        Map<String, String> listed = new LinkedHashMap<>();
        table("states.md", "## Commands").forEach((name, row) -> listed.put(name, state(row, 2)));
        commandsOfExtras().forEach((name, row) -> listed.put(name, state(row, 3)));

        assertThat(listed).isEqualTo(shown);
    }

    @Test
    void tasksAndFamiliesAreThoseOfTheRegistries() throws IOException {
        assertThat(table("states.md", "## Tasks").keySet())
                .containsExactlyInAnyOrderElementsOf(
                        Arrays.stream(Task.values()).map(Task::configName).toList());
        assertThat(table("states.md", "## Families").keySet()).isEqualTo(Architectures.modelTypes());
    }

    @Test
    void statesAreThoseThatThePageExplains() throws IOException {
        assertThat(table("states.md", "# States").keySet()).isEqualTo(STATES);
        for (String heading : List.of("Tasks", "Families", "Settings and interfaces", "Platforms")) {
            assertThat(table("states.md", "## " + heading).values())
                    .as(heading)
                    .allSatisfy(row -> assertThat(state(row, 2)).isIn(STATES));
        }
        assertThat(table("states.md", "## Versions of Spark").values())
                .allSatisfy(row -> assertThat(state(row, 3)).isIn(SPARK_STATES));
    }

    @Test
    void pagesHaveEachCommandOnce() throws IOException {
        assertThat(Stream.of(table("commands.md", "# Commands and output"), commandsOfExtras())
                        .flatMap(rows -> rows.keySet().stream()))
                .containsExactlyInAnyOrderElementsOf(subcommands().keySet());
    }
}
