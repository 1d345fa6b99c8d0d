package io.github.sparkfinetune.spark.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.core.task.Nullable;
import io.github.sparkfinetune.core.task.RowType;
import java.io.OutputStream;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.hadoop.ParquetReader;
import org.apache.parquet.hadoop.example.GroupReadSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RowFileTest {
    private record Numbered(long index, @Nullable String text) {}

    private static final RowType<Numbered> TYPE = RowType.of(Numbered.class);
    private static final Configuration HADOOP = new Configuration();

    @TempDir
    private java.nio.file.Path folder;

    private Path path(String name) {
        return new Path(folder.resolve(name).toUri());
    }

    private static Iterator<Numbered> rows(int from, int to) {
        return IntStream.range(from, to)
                .mapToObj(number -> new Numbered(number, number % 3 == 0 ? null : "text " + number))
                .iterator();
    }

    private static List<Long> read(Path file) throws Exception {
        List<Long> numbers = new ArrayList<>();
        try (ParquetReader<Group> reader =
                ParquetReader.builder(new GroupReadSupport(), file).build()) {
            for (Group row; (row = reader.read()) != null; ) {
                numbers.add(row.getLong("index", 0));
            }
        }
        return numbers;
    }

    @Test
    void joinsFilesInOrder() throws Exception {
        List<RowFile> pieces = new ArrayList<>();
        for (int piece = 0; piece < 3; piece++) {
            pieces.add(RowFile.write(
                    path(piece + ".parquet"), TYPE, rows(10 * piece, 10 * piece + 10), "piece " + piece, HADOOP));
        }

        RowFile joined = RowFile.join(path("joined.parquet"), TYPE, pieces, "all", HADOOP);

        assertThat(read(joined.path()))
                .isEqualTo(IntStream.range(0, 30).mapToObj(Long::valueOf).toList());
        assertThat(RowFile.read(joined.path(), HADOOP)).contains(joined);
        assertThat(joined.madeOf()).isEqualTo("all");
        assertThat(joined.bytes()).isEqualTo(Files.size(folder.resolve("joined.parquet")));
    }

    @Test
    void refusesToJoinAChangedFile() {
        RowFile piece = RowFile.write(path("0.parquet"), TYPE, rows(0, 10), "first", HADOOP);
        RowFile.write(path("0.parquet"), TYPE, rows(5, 15), "second", HADOOP);

        assertThatThrownBy(() -> RowFile.join(path("joined.parquet"), TYPE, List.of(piece), "all", HADOOP))
                .hasMessageContaining("0.parquet has changed since it was written");
        assertThat(folder.resolve("joined.parquet")).doesNotExist();
    }

    /** A store that cannot abort a write may publish such a file. */
    @Test
    void ignoresAFileWhoseRowsEndedInAFailure() throws Exception {
        Iterator<Numbered> rows = rows(0, 100);
        Iterator<Numbered> failing = new Iterator<>() {
            @Override
            public boolean hasNext() {
                return true;
            }

            @Override
            public Numbered next() {
                if (!rows.hasNext()) {
                    throw new IllegalStateException("bad row");
                }
                return rows.next();
            }
        };
        java.nio.file.Path half = folder.resolve("half.parquet");
        try (OutputStream out = Files.newOutputStream(half)) {
            assertThatThrownBy(
                            () -> RowWriter.write(out, TYPE, failing, Map.of("spark-finetune.made-of", "all"), HADOOP))
                    .hasMessage("bad row");
        }

        assertThat(read(path("half.parquet"))).hasSize(100);
        assertThat(RowFile.read(path("half.parquet"), HADOOP)).isEmpty();
        Files.write(folder.resolve("none.parquet"), new byte[100]);
        assertThat(RowFile.read(path("none.parquet"), HADOOP)).isEmpty();
        assertThat(RowFile.read(path("missing.parquet"), HADOOP)).isEmpty();
    }
}
