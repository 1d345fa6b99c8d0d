package io.github.sparkfinetune.extra.gguf;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.core.safetensors.SafetensorsFile;
import io.github.sparkfinetune.core.safetensors.SparseSafetensors;
import io.github.sparkfinetune.core.safetensors.SparseSafetensors.Tensor;
import io.github.sparkfinetune.core.safetensors.TensorData;
import io.github.sparkfinetune.core.safetensors.TensorType;
import io.github.sparkfinetune.core.tensor.SmallParts;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StoredRowsTest {
    private static final int ROWS = 8;
    private static final int COLUMNS = 3;

    @TempDir
    private Path folder;

    /** Returns a matrix whose value at row r and column c is 10 r + c. */
    private static TensorData matrix() {
        float[] values = new float[ROWS * COLUMNS];
        for (int i = 0; i < values.length; i++) {
            values[i] = 10 * (i / COLUMNS) + i % COLUMNS;
        }
        return TensorData.f32("w", new long[] {ROWS, COLUMNS}, values).as(TensorType.BF16);
    }

    @ParameterizedTest
    @ValueSource(ints = {8, 24, 32, 48, 1 << 20})
    void readsTheSameRowsForEveryPartSize(int partBytes) throws Exception {
        SmallParts.run(partBytes, () -> {
            float[] row = new float[COLUMNS];
            StoredRows plain = new StoredRows(matrix(), false, 0);
            StoredRows paired = new StoredRows(matrix(), false, 4);
            for (int r = 0; r < ROWS; r++) {
                plain.read(r, row);
                assertThat(row).containsExactly(10 * r, 10 * r + 1, 10 * r + 2);
                // In each head of 4 rows, the rows of the second half alternate with those of the first half.
                int from = r / 4 * 4 + new int[] {0, 2, 1, 3}[r % 4];
                paired.read(r, row);
                assertThat(row).containsExactly(10 * from, 10 * from + 1, 10 * from + 2);
            }
            float[] column = new float[ROWS];
            StoredRows transposed = new StoredRows(matrix(), true, 0);
            for (int c = 0; c < COLUMNS; c++) {
                transposed.read(c, column);
                assertThat(column).containsExactly(c, 10 + c, 20 + c, 30 + c, 40 + c, 50 + c, 60 + c, 70 + c);
            }
            float[] vector = new float[ROWS];
            TensorData bias = TensorData.f32("b", new long[] {ROWS}, 0, 1, 2, 3, 4, 5, 6, 7);
            new StoredRows(bias, false, 4).read(0, vector);
            assertThat(vector).containsExactly(0, 2, 1, 3, 4, 6, 5, 7);
        });
    }

    @Test
    void readsTheLastRowOfAMatrixAboveTwoGigabytes() throws IOException {
        int columns = 4096;
        int rows = (1 << 30) / columns + 100;
        Path file = folder.resolve("large.safetensors");
        try (SparseSafetensors made =
                SparseSafetensors.create(file, Map.of("w", new Tensor(TensorType.BF16, rows, columns)))) {
            made.putLast("w", TensorType.BF16, 0.375f, columns);
        }
        try (SafetensorsFile source = SafetensorsFile.open(file)) {
            StoredRows large = new StoredRows(TensorData.of("w", source, "w"), false, 0);
            float[] row = new float[columns];
            large.read(rows - 2, row);
            assertThat(row).containsOnly(0);
            large.read(rows - 1, row);
            assertThat(row).containsOnly(0.375f);
        }
    }
}
