package io.github.sparkfinetune.conf.load;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.RunConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Checks the recipes against the page on models and the sources of {@code submit/fetch}. */
class RecipesTest {
    private static final Path ROOT = Path.of("..");
    private static final Path RECIPES = ROOT.resolve("conf/recipes");
    private static final Pattern FETCH = Pattern.compile("submit/fetch((?: [a-z0-9-]+)+)");
    private static final Pattern PATH = Pattern.compile("\\b(?:data|models)/[a-z0-9-]+");
    private static final Pattern TARGET = Pattern.compile("(?m)^TARGET = \"(.*)\"$");

    static List<Path> recipes() throws IOException {
        try (Stream<Path> files = Files.list(RECIPES)) {
            return files.sorted().toList();
        }
    }

    @ParameterizedTest
    @MethodSource("recipes")
    void recipeLoadsAndWritesToTheFolderOfItsName(Path recipe) {
        String folder = "runs/" + name(recipe);
        for (Stage stage : RunConfigLoader.loadStages(recipe, List.of())) {
            RunConfig run = stage.config();
            assertThat(run.output().dir()).isEqualTo(stage.name().isEmpty() ? folder : folder + "/" + stage.name());
            assertThat(RunConfigLoader.parse(RunConfigLoader.toYaml(run), "run.yaml", List.of()))
                    .isEqualTo(run);
        }
    }

    @ParameterizedTest
    @MethodSource("recipes")
    void recipeNamesTheCommandThatFetchesItsFiles(Path recipe) throws IOException {
        String text = Files.readString(recipe);
        if (text.contains("submit/quickstart fetches")) {
            return;
        }
        Set<String> fetched = FETCH.matcher(text)
                .results()
                .flatMap(found -> Stream.of(found.group(1).strip().split(" ")))
                .map(RecipesTest::target)
                .collect(Collectors.toSet());
        Set<String> read = PATH.matcher(text).results().map(MatchResult::group).collect(Collectors.toSet());
        assertThat(fetched).containsExactlyInAnyOrderElementsOf(read);
    }

    @Test
    void everyCellOfTheTableOfKindsIsARecipeOrATest() throws IOException {
        String page = Files.readString(ROOT.resolve("submit/docs/models.md"));
        String table = page.substring(page.indexOf("| kind |"));
        List<String> rows = table.substring(0, table.indexOf("\n\n"))
                .lines()
                .skip(2)
                .flatMap(row -> Stream.of(row.split("\\|")).skip(3))
                .flatMap(cell -> Stream.of(cell.split(",")))
                .map(cell -> cell.strip().replace("`", ""))
                .distinct()
                .toList();
        Set<String> known = recipes().stream().map(RecipesTest::name).collect(Collectors.toSet());
        for (String tests : List.of("finetune-core/src/test", "spark-jobs/src/test", "submit/extras")) {
            try (Stream<Path> files = Files.walk(ROOT.resolve(tests))) {
                files.map(RecipesTest::name).forEach(known::add);
            }
        }
        assertThat(rows).hasSizeGreaterThan(10).isSubsetOf(known);
    }

    private static String name(Path file) {
        return file.getFileName().toString().replaceAll("\\.(yaml|java)$", "");
    }

    /** Returns the folder into which {@code submit/fetch} puts a source. */
    private static String target(String source) {
        Path module = ROOT.resolve("submit/fetching").resolve(source.replace('-', '_') + ".py");
        try {
            return TARGET.matcher(Files.readString(module))
                    .results()
                    .findFirst()
                    .orElseThrow()
                    .group(1);
        } catch (IOException e) {
            throw new AssertionError("there is no " + module, e);
        }
    }
}
