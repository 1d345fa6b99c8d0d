package io.github.sparkfinetune.core.arch;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.core.arch.registry.Architectures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * No code outside this package names a model family in a string, class or variable. A family's {@link Architecture}
 * holds its differences from other families.
 */
class FamilyNamesTest {
    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

    /**
     * Words that contain a family's name by chance, component types in tokenizer.json, and speakers of shared chats.
     */
    private static final Set<String> OTHERS = Set.of(
            "BertPreTokenizer",
            "BertNormalizer",
            "gpt",
            "chatgpt",
            "isIdeographic",
            "keepHighest",
            "sentence_bert_config");

    /** Program that runs other families too. */
    private static final String PROGRAM = "llama.cpp";

    /** Files that call methods of the families' scripts by name. */
    private static final Set<String> CALLERS =
            Set.of("DecoderBlocks.java", "Gpt2Blocks.java", "LlamaBlocks.java", "LlamaTape.java");

    private static final Pattern COMMENT = Pattern.compile("/\\*.*?\\*/|//[^\n]*", Pattern.DOTALL);
    private static final Pattern WORD = Pattern.compile("[\\w-]+");
    private static final Pattern VERSION = Pattern.compile("\\d+$");

    /** Returns the model types without version and hyphen, such as {@code qwen} and {@code xlmroberta}. */
    private static Set<String> families() {
        return Architectures.modelTypes().stream()
                .map(type -> VERSION.matcher(type).replaceFirst(""))
                .map(type -> type.replace("-", ""))
                .collect(Collectors.toSet());
    }

    private static List<String> named(String source) {
        Set<String> families = families();
        List<String> found = new ArrayList<>();
        Matcher words = WORD.matcher(COMMENT.matcher(source).replaceAll(" ").replace(PROGRAM, " "));
        while (words.find()) {
            String word = words.group();
            String plain = word.replace("-", "").replace("_", "").toLowerCase(Locale.ROOT);
            if (!OTHERS.contains(word) && families.stream().anyMatch(plain::contains)) {
                found.add(word);
            }
        }
        return found;
    }

    @Test
    void namesFamiliesOnlyInThisPackage() throws IOException {
        Map<Path, List<String>> found = new TreeMap<>();
        for (Path file : sources()) {
            List<String> named = named(Files.readString(file));
            if (!named.isEmpty()) {
                found.put(ROOT.relativize(file), named);
            }
        }
        assertThat(found).isEmpty();
    }

    private static List<Path> sources() throws IOException {
        List<Path> sources = new ArrayList<>();
        List<Path> modules = new ArrayList<>(Stream.of("conf", "dataset-prep", "finetune-core", "spark-jobs", "submit")
                .map(ROOT::resolve)
                .toList());
        try (Stream<Path> extras = Files.list(ROOT.resolve("submit/extras"))) {
            extras.filter(extra -> Files.isDirectory(extra.resolve("src"))).forEach(modules::add);
        }
        for (Path module : modules) {
            Path main = module.resolve("src/main/java");
            try (Stream<Path> files = Files.walk(main)) {
                files.filter(file -> file.toString().endsWith(".java"))
                        .filter(file -> !CALLERS.contains(file.getFileName().toString()))
                        .filter(file -> !file.startsWith(main.resolve("io/github/sparkfinetune/core/arch")))
                        .forEach(sources::add);
            }
        }
        assertThat(sources).hasSizeGreaterThan(100);
        return sources;
    }

    @ParameterizedTest
    @CsvSource({
        "type.equals(\"gpt2\"), gpt2",
        "new LlamaBlocks(shape), LlamaBlocks",
        "String qwen_3 = x;, qwen_3",
        "load(\"core/DISTILBERT.py\"), DISTILBERT",
        "/* bert */ int x; // bert, ''",
        "BertNormalizer, ''",
        "\"as llama.cpp does\", ''",
        "load(llama_cpp), llama_cpp",
        "String alberta;, alberta"
    })
    void findsNamesInCodeButNotInComments(String source, String name) {
        assertThat(named(source)).isEqualTo(name.isEmpty() ? List.of() : List.of(name));
    }
}
