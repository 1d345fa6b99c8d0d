package io.github.sparkfinetune.spark.files;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.junit.jupiter.api.Test;

class FileListTest {
    private static final int FILES = 200_000;

    private static List<ListedFile> files() {
        Random random = new Random(2);
        List<ListedFile> files = new ArrayList<>();
        for (int i = 0; i < FILES; i++) {
            files.add(new ListedFile(
                    String.format(Locale.ROOT, "s3a://bucket/crawl/day=%03d/part-%05d-c000.jsonl.gz", i / 1000, i),
                    2_000_000 + random.nextInt(1_000_000),
                    1_700_000_000_000L + random.nextInt(1 << 28)));
        }
        return files;
    }

    private static FileList list(List<ListedFile> files) {
        FileList.Builder builder = new FileList.Builder();
        files.forEach(builder::add);
        return builder.build();
    }

    @Test
    void filesComeBackByPathInAnyOrderOfAdding() {
        List<ListedFile> files = files();
        List<ListedFile> shuffled = new ArrayList<>(files);
        Collections.shuffle(shuffled, new Random(1));

        List<ListedFile> listed = new ArrayList<>();
        list(shuffled).forEach(listed::add);
        assertThat(listed.equals(files)).isTrue();
        assertThat(FileList.EMPTY).isEmpty();
    }

    /** Four million files take 160 MB of the driver, in the listing and in 38,000 tasks. */
    @Test
    void aFileTakesFewBytesOfTheDriver() {
        FileList files = list(files());

        List<FileSlices> tasks = FileSlices.of(files, 256 << 20, 64 << 10, path -> false);

        assertThat(tasks).hasSizeBetween(FILES / 110, FILES / 90);
        assertThat(files.size() / FILES).isBetween(1L, 20L);
        assertThat(tasks.stream().mapToLong(FileSlices::size).sum() / FILES).isBetween(1L, 20L);
    }

    @Test
    void tasksHaveEachByteOfEachFileOnce() {
        FileList files = list(List.of(
                new ListedFile("a", 10, 0),
                new ListedFile("b", 0, 0),
                new ListedFile("c", 205, 0),
                new ListedFile("d.gz", 300, 0),
                new ListedFile("e", 20, 0),
                new ListedFile("f", 100, 0)));

        List<FileSlices> tasks = FileSlices.of(files, 100, 5, path -> !path.endsWith(".gz"));

        List<List<FileSlice>> read = new ArrayList<>();
        tasks.forEach(task -> {
            List<FileSlice> slices = new ArrayList<>();
            task.iterator().forEachRemaining(slices::add);
            read.add(slices);
        });
        assertThat(read)
                .containsExactly(
                        List.of(new FileSlice("a", 0, 10), new FileSlice("c", 0, 68)),
                        List.of(new FileSlice("c", 68, 68)),
                        List.of(new FileSlice("c", 136, 69)),
                        List.of(new FileSlice("d.gz", 0, 300)),
                        List.of(new FileSlice("e", 0, 20)),
                        List.of(new FileSlice("f", 0, 100)));
    }
}
