package io.github.sparkfinetune.cli;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.conditions.ArchPredicates.are;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Dependencies have one direction: conf, data, core, spark, report, job, extras, cli. Only one class reaches the native
 * engine.
 */
class ArchitectureTest {
    private static final String ROOT = "io.github.sparkfinetune.";
    /** Packages of the model families; one family may build on another. */
    private static final String FAMILIES = "core.arch.*";
    /** Packages of the extras; {@link #nothingNamesAnExtra} keeps them apart. */
    private static final String EXTRAS = "extra.*";
    /** The extra whose package has another name: saved pipelines of Spark ML name its classes. */
    private static final String ML = "spark.ml";

    /** All packages, lowest first: a class may depend on its own package and on earlier packages. */
    private static final List<String> ORDER = List.of(
            "conf.error",
            "conf.key",
            "conf.corpus",
            "conf.redact",
            "conf",
            "conf.load",
            "data.files",
            "data.hub",
            "data.hf",
            "data.redact.find",
            "data.redact",
            "data.tokenizer",
            "data.dataset",
            "data.dataset.parquet",
            "data.jinja.value",
            "data.jinja.function",
            "data.jinja.syntax",
            "data.jinja",
            "data.pack",
            "data.sft",
            "data.mask",
            "data.tag",
            "data.corpus.similar",
            "data.corpus",
            "data.task",
            "data.task.classification",
            "data.task.question",
            "data.task.token",
            "data.task.retrieval",
            "data.task.language",
            "data.task.registry",
            "core.rank",
            "core.metric",
            "core.calibration",
            "core.tensor.cuda",
            "core.tensor",
            "core.safetensors",
            "core.checkpoint",
            "core.quant",
            "core.collective",
            "core.collective.address",
            "core.collective.exchange",
            "core.collective.nccl",
            "core.shard",
            "core.arch.rope",
            "core.arch",
            FAMILIES,
            "core.arch.registry",
            "core.adapter",
            "core.model.sharded",
            "core.model.weight",
            "core.model.batch",
            "core.model",
            "core.memory",
            "core.objective",
            "core.optim",
            "core.gradient",
            "core.generate",
            "core.task",
            "core.task.classification",
            "core.task.question",
            "core.task.token",
            "core.task.language",
            "core.task.retrieval",
            "core.task.registry",
            "core.predict",
            "core.privacy",
            "core.plan",
            "core.train.speed",
            "core.train.step",
            "core.train.sample",
            "core.train",
            "core.local",
            "spark.command",
            "spark.row",
            "spark.listener",
            "spark.cluster",
            "spark.run",
            "spark.entity",
            "spark.model",
            "spark.shuffle",
            "spark.files",
            "spark.source",
            "spark.predict.table",
            "spark.corpus",
            "spark.prepare.generation",
            "spark.prepare",
            "spark.train",
            "spark.calibrate",
            "spark.predict",
            "spark.folder",
            "spark.estimate",
            "spark.redact",
            "spark.group",
            "spark.init",
            "spark.doctor",
            "report.html",
            "report.search",
            "report",
            "job",
            "job.tune",
            "job.group",
            "job.session",
            "spark.ml.stage",
            "spark.ml",
            EXTRAS,
            "job.connect",
            "cli.option",
            "cli");

    private static JavaClasses all;

    @BeforeAll
    static void load() {
        all = new ClassFileImporter()
                .withImportOption(new ImportOption.DoNotIncludeTests())
                // Excludes the classes that the tests of all modules share.
                .withImportOption(location -> !location.contains("-tests.jar"))
                .importPackages("io.github.sparkfinetune", "ai.djl.pytorch.jni");
        for (String part : List.of("conf", "data", "core", "spark", "extra", "report", "job", "cli")) {
            assertThat(all.stream().anyMatch(type -> type.getPackageName().startsWith(ROOT + part)))
                    .as(part)
                    .isTrue();
        }
    }

    @Test
    void dependenciesHaveOneDirection() {
        Set<String> wrong = new TreeSet<>();
        for (JavaClass type : all) {
            for (Dependency use : type.getDirectDependenciesFromSelf()) {
                String own = part(type);
                String used = used(use);
                if (!own.isEmpty() && !used.isEmpty() && place(used) > place(own)) {
                    wrong.add(type.getName() + " depends on "
                            + use.getTargetClass().getName());
                }
            }
        }
        assertThat(wrong).isEmpty();
    }

    /** Returns the package of a class, without {@link #ROOT}; empty for a class that is not below it. */
    private static String part(JavaClass type) {
        String name = type.getPackageName();
        return name.startsWith(ROOT) ? name.substring(ROOT.length()) : "";
    }

    private static String used(Dependency use) {
        return part(use.getTargetClass().getBaseComponentType());
    }

    private static int place(String name) {
        boolean family = name.startsWith("core.arch.") && !ORDER.contains(name);
        String listed = family ? FAMILIES : name.startsWith("extra.") ? EXTRAS : name;
        assertThat(ORDER).contains(listed);
        return ORDER.indexOf(listed);
    }

    /** The extras that another one names in its {@code pom.xml}. */
    private static final Map<String, Set<String>> NAMED =
            Map.of("extra.evidence", Set.of("extra.erase", "extra.lineage"));

    /**
     * By package that is no extra although most runs do without it: all packages that name it. ARCHITECTURE.md has the
     * reasons.
     */
    private static final Map<String, Set<String>> BESIDE_THE_CORE = Map.ofEntries(
            Map.entry(
                    "core.calibration",
                    Set.of(
                            "core.task.classification",
                            "core.train",
                            "report.html",
                            "spark.calibrate",
                            "spark.folder",
                            "spark.predict",
                            "spark.prepare")),
            Map.entry("core.collective.nccl", Set.of("spark.train")),
            Map.entry("core.local", Set.of()),
            Map.entry(
                    "core.privacy",
                    Set.of("core.plan", "core.train", "extra.evidence", "job", "report", "spark.folder")),
            Map.entry("core.train.sample", Set.of("core.train")),
            Map.entry("data.corpus", Set.of("data.task", "extra.erase", "spark.corpus", "spark.predict")),
            Map.entry("data.jinja", Set.of("data.sft")),
            Map.entry(
                    "data.redact",
                    Set.of(
                            "core.local",
                            "core.predict",
                            "data.dataset",
                            "data.tag",
                            "data.task",
                            "data.task.question",
                            "data.task.token",
                            "extra.erase",
                            "extra.redact",
                            "spark.entity",
                            "spark.ml",
                            "spark.predict",
                            "spark.prepare",
                            "spark.prepare.generation",
                            "spark.redact",
                            "spark.source")),
            Map.entry("job.connect", Set.of()),
            Map.entry("job.group", Set.of("cli", "job.session")),
            Map.entry("job.tune", Set.of("cli", "job.session")),
            Map.entry("report", Set.of("job", "job.group", "job.tune")),
            Map.entry("spark.calibrate", Set.of("spark.predict")),
            Map.entry(
                    "spark.corpus",
                    Set.of("extra.audit", "spark.estimate", "spark.prepare", "spark.prepare.generation")),
            Map.entry("spark.doctor", Set.of("cli", "job")),
            Map.entry("spark.group", Set.of("extra.evidence", "job", "job.group", "job.session", "spark.ml")),
            Map.entry("spark.init", Set.of("cli", "job", "job.session")),
            Map.entry("spark.redact", Set.of("extra.redact", "spark.ml")));

    /** A new dependency on such a package is a decision, and so is a line here. */
    @Test
    void packagesBesideTheCoreAreNamedInFewPlaces() {
        Map<String, Set<String>> named = new TreeMap<>();
        BESIDE_THE_CORE.keySet().forEach(beside -> named.put(beside, new TreeSet<>()));
        for (JavaClass type : all) {
            String own = part(type);
            for (Dependency use : type.getDirectDependenciesFromSelf()) {
                String used = used(use);
                if (named.containsKey(used) && !used.equals(own)) {
                    named.get(used).add(own);
                }
            }
        }

        assertThat(named).isEqualTo(new TreeMap<>(BESIDE_THE_CORE));
    }

    /** An extra is found as a service. Maven keeps other modules from an extra; this keeps extras apart. */
    @Test
    void nothingNamesAnExtra() {
        Set<String> wrong = new TreeSet<>();
        for (JavaClass type : all) {
            String own = extra(part(type));
            for (Dependency use : type.getDirectDependenciesFromSelf()) {
                String used = extra(used(use));
                if (!used.isEmpty()
                        && !used.equals(own)
                        && !NAMED.getOrDefault(own, Set.of()).contains(used)) {
                    wrong.add(type.getName() + " depends on "
                            + use.getTargetClass().getName());
                }
            }
        }
        assertThat(wrong).isEmpty();
    }

    /** Returns the name of the extra that a package belongs to; empty for any other package. */
    private static String extra(String name) {
        if (name.equals(ML) || name.startsWith(ML + ".")) {
            return ML;
        }
        return name.startsWith("extra.") ? name : "";
    }

    @Test
    void familiesHaveNoCycles() {
        slices().matching(ROOT + "core.arch.(*)").should().beFreeOfCycles().check(all);
    }

    @Test
    void onlyTheSparkModulesUseSpark() {
        noClasses()
                .that(are(not(resideInAnyPackage(ROOT + "spark..", ROOT + "extra..", ROOT + "job..", ROOT + "cli.."))))
                .should()
                .dependOnClassesThat()
                .resideInAPackage("org.apache.spark..")
                .check(all);
    }

    /**
     * Only {@code core.tensor.Device} knows the differences between devices, including how to read a tensor's bytes.
     */
    @Test
    void onlyTheDeviceClassAsksForTheKindOfDevice() {
        noClasses()
                .that()
                .resideInAPackage("io.github.sparkfinetune..")
                .and()
                .resideOutsideOfPackage(ROOT + "core.tensor..")
                .should()
                .callMethod(Device.class, "isGpu")
                .orShould()
                .callMethod(Device.class, "getDeviceType")
                .orShould()
                .callMethod(NDArray.class, "toByteBuffer")
                .orShould()
                .callMethod(NDArray.class, "toByteBuffer", boolean.class)
                .check(all);
    }

    /** DJL's classes of the package come from a jar; a class of ours in that package comes from a folder. */
    @Test
    void oneClassWrapsTheNativeEngine() {
        List<String> wrappers = all.stream()
                .filter(ArchitectureTest::isOwn)
                .filter(type -> type.getPackageName().equals("ai.djl.pytorch.jni")
                        || type.getDirectDependenciesFromSelf().stream()
                                .anyMatch(use -> !isOwn(use.getTargetClass())
                                        && use.getTargetClass().getPackageName().equals("ai.djl.pytorch.jni")))
                .map(type -> type.getName().replaceFirst("\\$.*", ""))
                .distinct()
                .toList();

        assertThat(wrappers).containsExactly("ai.djl.pytorch.jni.TorchJni");
    }

    private static boolean isOwn(JavaClass type) {
        return type.getPackageName().startsWith("io.github.sparkfinetune")
                || type.getSource()
                        .filter(source -> !source.getUri().toString().contains("pytorch-engine"))
                        .isPresent();
    }
}
