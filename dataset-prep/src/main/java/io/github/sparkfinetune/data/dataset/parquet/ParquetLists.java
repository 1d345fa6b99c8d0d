package io.github.sparkfinetune.data.dataset.parquet;

import java.util.function.IntConsumer;
import org.apache.parquet.io.api.RecordConsumer;

/** Lists in the three levels of Parquet's specification: a {@code list} of {@code element} fields. */
public final class ParquetLists {
    private ParquetLists() {}

    /**
     * Writes a list as the value of the field that has been started.
     *
     * @param element writes the value of the element at a place
     */
    public static void write(RecordConsumer out, int size, IntConsumer element) {
        out.startGroup();
        if (size > 0) {
            out.startField("list", 0);
            for (int i = 0; i < size; i++) {
                out.startGroup();
                out.startField("element", 0);
                element.accept(i);
                out.endField("element", 0);
                out.endGroup();
            }
            out.endField("list", 0);
        }
        out.endGroup();
    }
}
