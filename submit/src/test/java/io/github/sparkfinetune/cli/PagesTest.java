package io.github.sparkfinetune.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.load.RunConfigLoader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.yaml.snakeyaml.Yaml;

/** Checks links, commands and configurations in the documentation's pages. */
class PagesTest {
    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    private static final Pattern LINK = Pattern.compile("\\[[^\\]]*\\]\\(([^)\\s]+)\\)");
    private static final Pattern BLOCK = Pattern.compile("(?ms)^ *```(\\w*)\\n(.*?)^ *```");
    private static final Pattern SCRIPT = Pattern.compile("(?<![\\w/.$-])(submit/[a-z0-9./-]+)");
    private static final Pattern FINETUNE = Pattern.compile("^(?:submit/)?(?:bin/)?finetune (.*)");
    private static final Map<String, String> REQUIRED = Map.of("model", "m", "task", "sft");

    static Stream<Path> pages() throws IOException {
        List<Path> folders = new ArrayList<>();
        for (String folder :
                List.of("", "submit", "submit/docs", "submit/docs/decisions", "submit/k8s", "submit/bench")) {
            folders.add(ROOT.resolve(folder));
        }
        try (Stream<Path> extras = Files.list(ROOT.resolve("submit/extras"))) {
            extras.filter(Files::isDirectory).sorted().forEach(folders::add);
        }
        List<Path> pages = new ArrayList<>();
        for (Path folder : folders) {
            try (Stream<Path> files = Files.list(folder)) {
                files.filter(file -> file.toString().endsWith(".md")).sorted().forEach(pages::add);
            }
        }
        return pages.stream();
    }

    /** Returns the anchors of a page as GitHub derives them from headings. */
    private static Set<String> anchors(Path page) throws IOException {
        Set<String> anchors = new TreeSet<>();
        for (String line : outsideBlocks(Files.readString(page)).lines().toList()) {
            if (line.matches("#+ .*")) {
                anchors.add(line.replaceFirst("#+ ", "")
                        .toLowerCase(Locale.ROOT)
                        .replaceAll("[^\\p{L}\\p{N} _-]", "")
                        .replace(' ', '-'));
            }
        }
        return anchors;
    }

    private static String outsideBlocks(String page) {
        return BLOCK.matcher(page).replaceAll("");
    }

    private static List<String> blocks(Path page, String... languages) throws IOException {
        return BLOCK.matcher(Files.readString(page))
                .results()
                .filter(block -> List.of(languages).contains(block.group(1)))
                .map(block -> block.group(2))
                .toList();
    }

    /** Returns the shell lines of a page, with continuation lines joined and without comments. */
    private static List<String> commands(Path page) throws IOException {
        return blocks(page, "bash", "sh").stream()
                .flatMap(block -> block.replaceAll("\\\\\\n\\s*", "").lines())
                .map(line -> line.replaceFirst("(^|\\s)#.*", "").strip())
                .filter(line -> !line.isEmpty())
                .toList();
    }

    @Test
    void findsErrorsOnAPage(@TempDir Path dir) throws IOException {
        Path page = dir.resolve("page.md");
        for (String wrong : List.of(
                "[a](none.md)",
                "[a](#none)",
                "```bash\nsubmit/none\n```",
                "```bash\nsubmit/bin/finetune train --config run.yaml --none\n```",
                "```bash\nfinetune none\n```",
                "```yaml\ntraining:\n  none: 1\n```")) {
            Files.writeString(page, "# Page\n" + wrong + "\n");
            assertThatThrownBy(() -> {
                        linksHaveTargets(page);
                        scriptsExist(page);
                        commandsParse(page);
                        configurationsLoad(page);
                    })
                    .as(wrong)
                    .isInstanceOf(AssertionError.class);
        }
    }

    @ParameterizedTest
    @MethodSource("pages")
    void linksHaveTargets(Path page) throws IOException {
        List<String> broken = new ArrayList<>();
        Matcher link = LINK.matcher(outsideBlocks(Files.readString(page)).replaceAll("`[^`\n]*`", ""));
        while (link.find()) {
            String target = link.group(1);
            if (target.matches("[a-z]+:.*")) {
                continue;
            }
            String[] parts = target.split("#", 2);
            Path file = parts[0].isEmpty() ? page : page.resolveSibling(parts[0]);
            if (!Files.exists(file) || (parts.length > 1 && !anchors(file).contains(parts[1]))) {
                broken.add(target);
            }
        }
        assertThat(broken).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("pages")
    void scriptsExist(Path page) throws IOException {
        Set<String> missing = new TreeSet<>();
        for (String command : commands(page)) {
            Matcher script = SCRIPT.matcher(command);
            while (script.find()) {
                String name = script.group(1);
                if (!name.contains("/target/") && !Files.exists(ROOT.resolve(name.replaceFirst("/$", "")))) {
                    missing.add(name);
                }
            }
        }
        assertThat(missing).isEmpty();
    }

    /**
     * A page's commands exist and have the options that the page uses; placeholders in capitals are taken literally.
     */
    @ParameterizedTest
    @MethodSource("pages")
    void commandsParse(Path page) throws IOException {
        for (String line : commands(page)) {
            for (String command : line.split("\\s*(;|&&|\\|)\\s*", -1)) {
                Matcher call = FINETUNE.matcher(
                        command.replaceFirst("^(source <\\(|\\w+=\\S+ )+", "").replaceFirst("\\)$", ""));
                if (call.matches() && !call.group(1).startsWith("COMMAND")) {
                    String arguments = call.group(1)
                            .replaceAll("--(master|conf|packages|deploy-mode)[ =]\\S+", "")
                            .replaceAll("\\[[^\\]]*\\]", "")
                            .strip();
                    assertThatCode(() -> Finetune.commandLine(null).parseArgs(arguments.split("\\s+", -1)))
                            .as(command)
                            .doesNotThrowAnyException();
                }
            }
        }
    }

    /** The distribution has no pom.xml in which the flags could be looked up. */
    @Test
    void notebooksPageHasTheBuildsJavaOptions() throws IOException {
        Matcher opens =
                Pattern.compile("<spark.opens>(.*)</spark.opens>").matcher(Files.readString(ROOT.resolve("pom.xml")));
        assertThat(opens.find()).isTrue();

        assertThat(commands(ROOT.resolve("submit/docs/notebooks.md")))
                .contains("export JJAVA_JVM_OPTS=\"" + opens.group(1) + "\"");
    }

    /** Each page stands in a table of contents of the site, once; decisions stand there by their folder. */
    @Test
    void siteHasEachPageOnce() throws IOException {
        Path index = ROOT.resolve("submit/site/index.md");
        Map<Path, Long> listed = Pattern.compile("(?ms)^```\\{toctree\\}\\n(.*?)^```")
                .matcher(Files.readString(index))
                .results()
                .flatMap(block -> block.group(1).lines())
                .filter(line -> !line.isBlank() && !line.startsWith(":") && !line.endsWith("/*"))
                .map(line -> line.replaceFirst(".*<(.*)>", "$1"))
                .map(page -> index.resolveSibling(page + ".md").normalize())
                .collect(Collectors.groupingBy(page -> page, Collectors.counting()));
        Path decisions = ROOT.resolve("submit/docs/decisions");

        assertThat(listed.keySet())
                .containsExactlyInAnyOrderElementsOf(
                        pages().filter(page -> !page.startsWith(decisions)).toList());
        assertThat(listed.values()).containsOnly(1L);
        assertThat(Files.readString(index)).contains("\n../docs/decisions/*\n");
    }

    /** A block is the file of a run, or a part to which the test adds the missing keys. */
    @ParameterizedTest
    @MethodSource("pages")
    void configurationsLoad(Path page) throws IOException {
        for (String block : blocks(page, "yaml")) {
            Map<String, Object> parsed = new Yaml().load(block);
            if (parsed.containsKey("apiVersion") || parsed.containsKey("kind")) {
                continue;
            }
            List<String> overrides = REQUIRED.entrySet().stream()
                    .filter(key -> !parsed.containsKey(key.getKey()))
                    .map(key -> key.getKey() + "=" + key.getValue())
                    .collect(Collectors.toCollection(ArrayList::new));
            boolean sources = parsed.get("data") instanceof Map<?, ?> data
                    && (data.containsKey("train") || data.containsKey("corpus"));
            if (!sources && !parsed.containsKey("pipeline")) {
                overrides.add("data.train=t");
            }
            if (!parsed.containsKey("output")) {
                overrides.add("output.dir=o");
            }
            assertThatCode(() -> RunConfigLoader.parseStages(
                            block, page.getFileName().toString(), overrides))
                    .as(block)
                    .doesNotThrowAnyException();
        }
    }
}
