package io.github.sparkfinetune.cli;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaFieldAccess;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import io.github.sparkfinetune.conf.RunConfig.Task;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.ToIntFunction;
import org.junit.jupiter.api.Test;

/**
 * Only the packages of the tasks and the registry of Spark ML name a task, switch on a task or ask for its properties.
 */
class TaskArchitectureTest {
    private static final String ROOT = "io.github.sparkfinetune.";

    /** Packages that may distinguish tasks: configuration, data and engine. */
    private static final String[] HOMES = {ROOT + "conf..", ROOT + "data.task..", ROOT + "core.task.."};

    /** Registry of the tasks of Spark ML, which may name tasks too. */
    private static final String STAGES = ROOT + "spark.ml.TaskStages";

    /** Bytecode of an {@code if} or a {@code switch}, besides the constants. */
    private static final Set<String> QUESTIONS =
            Set.of("generates", "ordinal", "equals", "compareTo", "values", "valueOf");

    @Test
    void onlyTheTaskPackagesDistinguishTasks() {
        rule(HOMES)
                .check(new ClassFileImporter()
                        .withImportOption(new ImportOption.DoNotIncludeTests())
                        .importPackages("io.github.sparkfinetune"));
    }

    @Test
    void ruleFindsComparisonsAndSwitches() {
        ArchRule rule = rule("nowhere");
        for (Class<?> offender : new Class<?>[] {Comparing.class, Switching.class, Asking.class}) {
            assertThatThrownBy(() -> rule.check(new ClassFileImporter().importClasses(offender)))
                    .isInstanceOf(AssertionError.class)
                    .hasMessageContaining(offender.getSimpleName());
        }
    }

    private static ArchRule rule(String... homes) {
        return noClasses()
                .that()
                .resideOutsideOfPackages(homes)
                .and()
                .doNotHaveFullyQualifiedName(STAGES)
                .should()
                .accessTargetWhere(DescribedPredicate.describe("tells tasks apart", TaskArchitectureTest::tellsApart));
    }

    private static boolean tellsApart(JavaAccess<?> access) {
        return access.getTargetOwner().isEquivalentTo(Task.class)
                && (access instanceof JavaFieldAccess
                        || QUESTIONS.contains(access.getTarget().getName()));
    }

    private static final class Comparing implements Predicate<Task> {
        @Override
        public boolean test(Task task) {
            return task == Task.SFT;
        }
    }

    private static final class Switching implements ToIntFunction<Task> {
        @Override
        public int applyAsInt(Task task) {
            return switch (task) {
                case CLASSIFICATION -> 1;
                default -> 2;
            };
        }
    }

    private static final class Asking implements Predicate<Task> {
        @Override
        public boolean test(Task task) {
            return task.generates();
        }
    }
}
