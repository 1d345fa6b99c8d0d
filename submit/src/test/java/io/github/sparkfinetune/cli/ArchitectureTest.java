package io.github.sparkfinetune.cli;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.conditions.ArchPredicates.are;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Dependencies run one way: conf, data, core, spark, report, cli; the native engine is reached from one class. */
class ArchitectureTest {
    private static final String ROOT = "io.github.sparkfinetune.";
    private static JavaClasses all;

    @BeforeAll
    static void load() {
        all = new ClassFileImporter()
                .withImportOption(new ImportOption.DoNotIncludeTests())
                .importPackages("io.github.sparkfinetune", "ai.djl.pytorch.jni");
        for (String part : List.of("conf", "data", "core", "spark", "report", "cli")) {
            assertThat(all.stream().anyMatch(type -> type.getPackageName().startsWith(ROOT + part)))
                    .as(part)
                    .isTrue();
        }
    }

    @Test
    void dependenciesRunOneWay() {
        layeredArchitecture()
                .consideringOnlyDependenciesInAnyPackage("io.github.sparkfinetune..")
                .layer("conf")
                .definedBy(ROOT + "conf..")
                .layer("data")
                .definedBy(ROOT + "data..")
                .layer("core")
                .definedBy(ROOT + "core..")
                .layer("spark")
                .definedBy(ROOT + "spark..")
                .layer("report")
                .definedBy(ROOT + "report..")
                .layer("cli")
                .definedBy(ROOT + "cli..")
                .whereLayer("conf")
                .mayNotAccessAnyLayer()
                .whereLayer("data")
                .mayOnlyAccessLayers("conf")
                .whereLayer("core")
                .mayOnlyAccessLayers("conf", "data")
                .whereLayer("spark")
                .mayOnlyAccessLayers("conf", "data", "core")
                .whereLayer("report")
                .mayOnlyAccessLayers("conf", "data", "core", "spark")
                .whereLayer("cli")
                .mayNotBeAccessedByAnyLayer()
                .check(all);
    }

    @Test
    void sparkIsKnownToTheSparkModulesAlone() {
        noClasses()
                .that(are(not(resideInAnyPackage(ROOT + "spark..", ROOT + "cli.."))))
                .should()
                .dependOnClassesThat()
                .resideInAPackage("org.apache.spark..")
                .check(all);
    }

    /** DJL's own classes of the package come from its jar; a class of ours in that package would come from a folder. */
    @Test
    void oneClassWrapsTheNativeEngine() {
        List<String> wrappers = all.stream()
                .filter(ArchitectureTest::isOurs)
                .filter(type -> type.getPackageName().equals("ai.djl.pytorch.jni")
                        || type.getDirectDependenciesFromSelf().stream()
                                .anyMatch(use -> !isOurs(use.getTargetClass())
                                        && use.getTargetClass().getPackageName().equals("ai.djl.pytorch.jni")))
                .map(type -> type.getName().replaceFirst("\\$.*", ""))
                .distinct()
                .toList();

        assertThat(wrappers).containsExactly("ai.djl.pytorch.jni.TorchJni");
    }

    private static boolean isOurs(JavaClass type) {
        return type.getPackageName().startsWith("io.github.sparkfinetune")
                || type.getSource()
                        .filter(source -> !source.getUri().toString().contains("pytorch-engine"))
                        .isPresent();
    }
}
