package io.github.sparkfinetune.spark.source;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.DataFormat;
import io.github.sparkfinetune.data.hf.Sha256;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Random;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.junit.jupiter.api.Test;

class FileTotalsTest {
    private static final FileStatus ROOT = new FileStatus(0, true, 1, 1, 0, new Path("hdfs://lake/crawl"));

    private static FileStatus file(String name, long bytes) {
        return new FileStatus(bytes, false, 3, 128 << 20, 1_700_000_000_000L + bytes, new Path(ROOT.getPath(), name));
    }

    private static FileTotals totals(List<FileStatus> files) {
        FileTotals totals = new FileTotals(true);
        files.forEach(file -> totals.add(ROOT, file));
        return totals;
    }

    /** The manifests of existing datasets hold this digest. */
    @Test
    void fingerprintIsTheDigestOfAllLinesByPath() {
        List<FileStatus> files = new ArrayList<>();
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 70_000; i++) {
            FileStatus file = file(String.format(Locale.ROOT, "day=%03d/part-%06d.jsonl", i / 1000, i), 7L * i);
            files.add(file);
            lines.append(file.getPath()).append('\t').append(file.getLen());
            lines.append('\t').append(file.getModificationTime()).append('\n');
        }
        Collections.shuffle(files, new Random(1));

        assertThat(totals(files).listing(DataFormat.JSONL, true, false).files().fingerprint())
                .isEqualTo(Sha256.of(lines.toString().getBytes(StandardCharsets.UTF_8)));
    }

    @Test
    void sumsDoNotDependOnTheOrder() {
        List<FileStatus> files = new ArrayList<>(List.of(
                file("a/empty.jsonl", 0),
                file("a/one.jsonl.gz", 10),
                file("b/two.jsonl.gz", 10),
                file("b/plain.jsonl", 30)));
        for (int i = 0; i < 4; i++) {
            Collections.rotate(files, 1);
            FileTotals totals = totals(files);
            assertThat(totals.formats()).containsExactly(DataFormat.JSONL);
            assertThat(totals.listing(DataFormat.JSONL, true, false))
                    .usingRecursiveComparison()
                    .ignoringFields("files")
                    .isEqualTo(new SourceFiles.Listing(4, "hdfs://lake/crawl/a/one.jsonl.gz", 0, List.of()));
            assertThat(totals.size(false))
                    .isEqualTo(new SourceFiles.Size(
                            50, 110, Optional.of(new SourceFiles.Whole("hdfs://lake/crawl/a/one.jsonl.gz", 10, 40))));
            assertThat(totals.size(true).whole().orElseThrow().bytes()).isEqualTo(10);
        }
    }

    @Test
    void foldersHaveKeysIfAllFilesHaveTheSame() {
        List<FileStatus> files = List.of(file("day=1/hour=2/a.jsonl", 1), file("day=2/hour=3/b.jsonl", 1));
        assertThat(totals(files).listing(DataFormat.JSONL, true, false).partitions())
                .containsExactly("day", "hour");
        assertThat(totals(files).listing(DataFormat.JSONL, false, false).partitions())
                .isEmpty();
        List<FileStatus> others = List.of(files.get(0), file("day=1/c.jsonl", 1));
        assertThat(totals(others).listing(DataFormat.JSONL, true, false).partitions())
                .isEmpty();
    }
}
