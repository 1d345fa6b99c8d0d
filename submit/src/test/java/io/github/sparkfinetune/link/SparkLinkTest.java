package io.github.sparkfinetune.link;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Checks that the one jar links with every supported version of Spark, whichever version it was compiled against. */
class SparkLinkTest {
    private static final Path VERSIONS = Path.of(System.getProperty("spark.versions"));
    private static final Path COMPILED = Path.of(System.getProperty("embedded.spark.home"), "jars");

    static Stream<Path> versions() throws IOException {
        try (Stream<Path> folders = Files.list(VERSIONS)) {
            return Stream.concat(Stream.of(COMPILED), folders.sorted()).toList().stream();
        }
    }

    @ParameterizedTest
    @MethodSource("versions")
    void everyReferenceToSparkAndScalaResolves(Path version) throws IOException {
        try (ClassFiles classes = new ClassFiles(
                Stream.concat(ownClasses().stream(), jars(version).stream()).toList())) {
            Linker linker = new Linker(classes);
            Set<String> errors = linker.check();
            assertThat(errors).as(version.toString()).isEmpty();
            assertThat(linker.references()).isGreaterThan(500);
        }
    }

    /** The names that SparkVersions looks up exist. */
    @ParameterizedTest
    @MethodSource("versions")
    void namesThatAreLookedUpExist(Path version) throws IOException {
        try (ClassFiles classes = new ClassFiles(jars(version))) {
            assertThat(members(classes, "org/apache/spark/status/AppStatusStore"))
                    .anyMatch(member -> member.startsWith("executorList(Z)"));
            assertThat(members(classes, "org/apache/spark/scheduler/SparkListenerExecutorMetricsUpdate"))
                    .anyMatch(member -> member.startsWith("accumUpdates()"));
            assertThat(members(classes, "org/apache/spark/SparkUserAppException"))
                    .anyMatch(member -> member.startsWith("<init>(I"));
            assertThat(members(classes, "org/apache/spark/ui/JettyUtils"))
                    .anyMatch(member -> member.matches("createServletHandler\\(Ljava/lang/String;"
                            + "Lorg/apache/spark/ui/JettyUtils\\$ServletParams;Lorg/apache/spark/SparkConf;"
                            + "Ljava/lang/String;\\)L.*ServletContextHandler;"));
            assertThat(members(classes, "org/apache/spark/ui/WebUI"))
                    .anyMatch(member -> member.matches("attachHandler\\(L[^;]*ServletContextHandler;\\)V"));
        }
    }

    @Test
    void checksVersionsOfBothScalaLines() throws IOException {
        assertThat(versions().map(folder -> folder.getFileName().toString()))
                .contains("jars", "4.0")
                .hasSizeGreaterThan(2);
    }

    /** Proves that the test finds errors: without Spark's core hardly any reference resolves. */
    @Test
    void noticesAMissingClass() throws IOException {
        List<Path> withoutCore = jars(COMPILED).stream()
                .filter(jar -> !jar.getFileName().toString().startsWith("spark-core"))
                .toList();
        try (ClassFiles classes = new ClassFiles(
                Stream.concat(ownClasses().stream(), withoutCore.stream()).toList())) {
            assertThat(new Linker(classes).check())
                    .anyMatch(error -> error.endsWith("needs class org/apache/spark/scheduler/SparkListener"))
                    .anyMatch(error -> error.contains("needs org/apache/spark/SparkContext."));
        }
    }

    private static Set<String> members(ClassFiles classes, String name) {
        return classes.find(name).orElseThrow().members().keySet();
    }

    private static List<Path> ownClasses() {
        return Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
                .map(Path::of)
                .filter(place -> Files.exists(place)
                        && (Files.isDirectory(place) ? !place.endsWith("test-classes") : isOwn(place)))
                .toList();
    }

    private static boolean isOwn(Path jar) {
        return jar.getFileName().toString().matches("spark-finetune-(conf|dataset-prep|core|jobs)-.*\\.jar");
    }

    private static List<Path> jars(Path folder) throws IOException {
        try (Stream<Path> jars = Files.list(folder)) {
            return jars.filter(jar -> jar.toString().endsWith(".jar")).sorted().toList();
        }
    }
}
