package io.github.sparkfinetune.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Tests the unpacked distribution, in a folder with a space in its name. */
@Timeout(600)
class DistributionIT {
    private static final Path MODEL = Path.of("../finetune-core/src/test/resources/golden/models/bert-seqcls");
    private static final String SPARK = System.getProperty("embedded.spark.home");

    /** Links to pages for developers, which lead to the repository. */
    private static final Pattern FOR_DEVELOPERS = Pattern.compile("submit/bench(/README\\.md)?");

    private static final Pattern LINK = Pattern.compile("\\]\\((?!https?:|#)([^)#\\s]+)(#[^)]*)?\\)");

    @TempDir
    private static Path folder;

    private static Path home;

    @BeforeAll
    static void unpack() throws Exception {
        Path target = Files.createDirectory(folder.resolve("my tools"));
        run(target, "", "tar", "xzf", System.getProperty("dist.tgz"));
        try (Stream<Path> all = Files.list(target)) {
            List<Path> roots = all.toList();
            assertThat(roots).hasSize(1);
            home = roots.get(0);
        }
        assertThat(home.getFileName().toString()).matches("spark-finetune-\\d.*");
    }

    @Test
    void hasOnlyTheFilesForUsers() throws IOException {
        List<String> names;
        try (Stream<Path> all = Files.walk(home)) {
            names = all.filter(Files::isRegularFile)
                    .map(file -> home.relativize(file).toString())
                    .toList();
        }

        assertThat(names)
                .contains(
                        "bin/finetune",
                        "submit/bin/finetune",
                        "submit/conf/log4j2-quiet.properties",
                        "submit/fetch",
                        "submit/fetching/packages.py",
                        "submit/models/gguf_to_hf.py",
                        "submit/models/smollm2/tokenizer.json",
                        "submit/models/tf_bert_to_hf.py",
                        "submit/quickstart",
                        "submit/k8s/pod.yaml",
                        "submit/airflow/dags/finetune_train.py",
                        "submit/docs/airflow.md",
                        "submit/notebooks/prepare-data.ipynb",
                        "submit/python/pyproject.toml",
                        "submit/python/src/spark_finetune/__init__.py",
                        "conf/recipes/news-minilm.yaml",
                        "README.md",
                        "CONFIG.md",
                        "LICENSE",
                        "licenses/README.md",
                        "licenses/THIRD-PARTY.txt",
                        "licenses/pytorch-LICENSE.txt");
        assertThat(names)
                .filteredOn(name -> name.endsWith(".jar"))
                .as("of Spark nothing")
                .containsExactly("submit/target/"
                        + Path.of(System.getProperty("dist.jar")).getFileName());
        assertThat(names)
                .as("sources of the Python package alone")
                .noneMatch(name -> name.replace("submit/python/src/", "")
                        .matches("(.*/)?(src|tests?|\\..*|__pycache__|pom\\.xml)(/.*)?|.*\\.pyc"))
                .filteredOn(name -> name.matches("(.*/)?target/.*"))
                .hasSize(1);
        assertThat(Stream.of("bin/finetune", "submit/bin/finetune", "submit/fetch", "submit/quickstart"))
                .allMatch(name -> Files.isExecutable(home.resolve(name)));
        assertThat(Files.size(Path.of(System.getProperty("dist.tgz")))).isBetween(100_000_000L, 160_000_000L);
    }

    @Test
    void licencesNameEachLibraryOfTheJar() throws IOException {
        assertThat(Files.readString(home.resolve("licenses/THIRD-PARTY.txt")))
                .contains(
                        "ai.djl:api:",
                        "ai.djl.pytorch:pytorch-engine:",
                        "ai.djl.huggingface:tokenizers:",
                        "com.google.code.gson:gson:",
                        "com.googlecode.libphonenumber:libphonenumber:",
                        "commons-validator:commons-validator:",
                        "net.java.dev.jna:jna:",
                        "info.picocli:picocli:",
                        "org.webjars.npm:uplot:");
    }

    @Test
    void linksOfThePagesLeadToFilesOfTheDistribution() throws IOException {
        List<Path> pages;
        try (Stream<Path> all = Files.walk(home)) {
            pages = all.filter(file -> file.toString().endsWith(".md")).toList();
        }
        List<String> broken = new ArrayList<>();
        for (Path page : pages) {
            Matcher links = LINK.matcher(Files.readString(page));
            while (links.find()) {
                Path linked = page.resolveSibling(links.group(1)).normalize();
                if (!Files.exists(linked)
                        && !FOR_DEVELOPERS
                                .matcher(home.relativize(linked).toString())
                                .matches()) {
                    broken.add(home.relativize(page) + " -> " + links.group(1));
                }
            }
        }

        assertThat(pages).hasSizeGreaterThan(5);
        assertThat(broken).isEmpty();
    }

    @Test
    void printsItsVersionAndPlans() throws Exception {
        assertThat(run(home, SPARK, "bin/finetune", "--version")).startsWith("0 spark-finetune ");

        Path texts = Files.writeString(folder.resolve("texts.jsonl"), """
                {"text": "the first", "label": "a"}
                {"text": "the second", "label": "b"}
                """);
        Path link = Files.createSymbolicLink(folder.resolve("finetune"), home.resolve("bin/finetune"));
        String plan = run(
                folder,
                SPARK,
                link.toString(),
                "plan",
                "--config",
                home.resolve("conf/recipes/news-minilm.yaml").toString(),
                "--set",
                "model=" + MODEL.toAbsolutePath().normalize(),
                "--set",
                "data.train=" + texts,
                "--set",
                "data.format=jsonl",
                "--set",
                "data.max_length=32",
                "--set",
                "output.dir=" + folder.resolve("run"));

        assertThat(plan).startsWith("0 ").contains("memory");
    }

    @Test
    void reportsMissingSoftwareInOneLine() throws Exception {
        assertThat(run(home, "", "bin/finetune", "plan", "--config", "run.yaml"))
                .isEqualTo(
                        "2 error: there is no Spark: set SPARK_HOME to the folder of a Spark 3.5.1 to 4.x, with bin and"
                                + " jars in it\n");
        assertThat(run(home, folder.toString(), "bin/finetune", "help"))
                .isEqualTo("2 error: SPARK_HOME is " + folder + ", which has no folder jars: set it to the folder of a"
                        + " Spark 3.5.1 to 4.x, with bin and jars in it\n");

        Path copy = Files.createDirectories(folder.resolve("half/submit/bin")).resolve("finetune");
        Files.copy(home.resolve("submit/bin/finetune"), copy);
        Path target = copy.resolveSibling("../target").normalize();
        String shown = run(folder, SPARK, copy.toString(), "help");
        assertThat(shown)
                .isEqualTo("2 error: " + copy.getParent().getParent()
                        + "/target has no spark-finetune-*.jar: unpack the distribution anew\n");
        Files.createDirectories(target);
        Files.createFile(target.resolve("spark-finetune-1.jar"));
        Files.createFile(target.resolve("spark-finetune-2.jar"));
        assertThat(run(folder, SPARK, copy.toString(), "help"))
                .endsWith("has several spark-finetune-*.jar: unpack the distribution anew\n");
    }

    /** Returns the exit code of a command and its output. */
    private static String run(Path where, String sparkHome, String... command) throws Exception {
        ProcessBuilder process =
                new ProcessBuilder(command).directory(where.toFile()).redirectErrorStream(true);
        Map<String, String> environment = process.environment();
        environment.keySet().removeAll(List.of("MASTER", "SPARK_CONF_DIR"));
        environment.put("SPARK_HOME", sparkHome);
        environment.put("SPARK_SCALA_VERSION", "2.12");
        Process started = process.start();
        String shown = new String(started.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return started.waitFor() + " " + shown;
    }
}
