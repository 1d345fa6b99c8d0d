package io.github.sparkfinetune.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.spark.command.Command;
import io.github.sparkfinetune.spark.command.Services;
import io.github.sparkfinetune.spark.listener.RunListener;
import io.github.sparkfinetune.spark.run.ModelRegistry;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.jar.JarFile;
import java.util.zip.ZipEntry;
import org.junit.jupiter.api.Test;

/** The jar for spark-submit has everything that Spark lacks, and nothing that Spark provides. */
class DistributionJarIT {

    @Test
    void jarHasOurClassesAndNoneOfSpark() throws IOException {
        try (JarFile jar = new JarFile(System.getProperty("dist.jar"))) {
            List<String> names = jar.stream().map(ZipEntry::getName).toList();

            assertThat(names)
                    .contains(
                            "io/github/sparkfinetune/cli/Finetune.class",
                            "io/github/sparkfinetune/conf/load/defaults.yaml",
                            "io/github/sparkfinetune/shaded/gson/Gson.class",
                            "ai/djl/pytorch/engine/PtEngine.class",
                            "ai/djl/huggingface/tokenizers/jni/TokenizersLibrary.class",
                            "META-INF/services/ai.djl.engine.EngineProvider",
                            "META-INF/sbom/spark-finetune.cdx.json",
                            "io/github/sparkfinetune/shaded/picocli/CommandLine.class",
                            "io/github/sparkfinetune/shaded/phonenumbers/PhoneNumberUtil.class")
                    .anyMatch(name -> name.matches("pytorch/cpu/linux-x86_64/.*torch_cpu.*"))
                    .anyMatch(name -> name.matches("native/lib/linux-x86_64/.*tokenizers.*"))
                    .anyMatch(name -> name.endsWith("/uPlot.iife.min.js"));
            assertThat(names)
                    .as("nothing that a platform may bring in another version")
                    .filteredOn(name -> name.endsWith(".class"))
                    .allMatch(name -> name.matches("(io/github/sparkfinetune|ai/djl|com/sun/jna)/.*"));
            for (Class<?> service : List.of(Command.class, RunListener.Opener.class, ModelRegistry.class)) {
                assertThat(new String(
                                        jar.getInputStream(jar.getEntry("META-INF/services/" + service.getName()))
                                                .readAllBytes(),
                                        StandardCharsets.UTF_8)
                                .lines())
                        .as("services of the core and of all extras")
                        .containsExactlyInAnyOrderElementsOf(Services.of(service).stream()
                                .map(Object::getClass)
                                .filter(implementation -> !isOfTests(implementation))
                                .map(Class::getName)
                                .toList());
            }
            assertThat(jar.getManifest().getMainAttributes().getValue("Main-Class"))
                    .isEqualTo(Finetune.class.getName());
        }
    }

    /** Returns whether a class comes from the jar of a module's tests. */
    private static boolean isOfTests(Class<?> type) {
        return type.getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .getPath()
                .endsWith("-tests.jar");
    }
}
