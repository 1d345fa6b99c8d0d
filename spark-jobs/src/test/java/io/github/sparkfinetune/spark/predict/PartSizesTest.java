package io.github.sparkfinetune.spark.predict;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.core.task.registry.TaskSpecs;
import io.github.sparkfinetune.data.task.TaskInput;
import io.github.sparkfinetune.spark.Runs;
import io.github.sparkfinetune.spark.source.SourceFiles;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PartSizesTest {
    private static final PartSizes PROMPTS = of("sft");

    private static PartSizes of(String task) {
        return PartSizes.of(TaskSpecs.of(Runs.in(Path.of("/none"), "task=" + task)));
    }

    private static SourceFiles source(long files, long bytes) {
        return SourceFiles.planned(files, bytes);
    }

    private static Iterator<TaskInput> prompts(int count, int length) {
        return IntStream.range(0, count)
                .mapToObj(number -> TaskInput.prompt("/in/a", "x".repeat(length), new int[] {1}, null))
                .iterator();
    }

    @Test
    void keepsTheSizeOfAPartUntilThereAreTooMany() {
        assertThat(PROMPTS.partOf(source(1, 1 << 20))).isEqualTo(256 << 10);
        assertThat(PROMPTS.partOf(source(1, 10L << 30))).isEqualTo(256 << 10);
        assertThat(of("classification").partOf(source(1, 1L << 40))).isEqualTo(32 << 20);
    }

    @Test
    void limitsThePartsOfALargeSourceAndOfManySmallFiles() {
        for (long bytes : new long[] {1L << 40, 1L << 50}) {
            assertThat(bytes / PROMPTS.partOf(source(1000, bytes))).isLessThanOrEqualTo(50_000);
        }
        // A file counts 64 KiB more than its length.
        assertThat(10_000_000L * (65 << 10) / PROMPTS.partOf(source(10_000_000, 10_000_000L << 10)))
                .isLessThanOrEqualTo(50_000);
    }

    @Test
    void losesAtMostAThousandPromptsByAnInterruption() {
        Iterator<TaskInput> shortPrompts = prompts(100_000, 10);
        assertThat(PROMPTS.next(shortPrompts)).hasSize(1024);
        assertThat(PROMPTS.next(shortPrompts)).hasSize(1024);
        assertThat(PROMPTS.next(prompts(100_000, 1024))).hasSize(256);
        assertThat(PROMPTS.next(prompts(100, 1 << 20))).hasSize(1);
        assertThat(PROMPTS.next(prompts(3, 10))).hasSize(3);
        assertThat(PROMPTS.next(prompts(0, 10))).isEmpty();
    }
}
