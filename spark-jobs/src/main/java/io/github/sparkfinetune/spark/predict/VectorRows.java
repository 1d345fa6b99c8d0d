package io.github.sparkfinetune.spark.predict;

import io.github.sparkfinetune.core.rank.UnitVectors;
import io.github.sparkfinetune.spark.row.Rows;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.storage.StorageLevel;

/** Rows with the columns {@value #ID} and {@value #VECTOR} of a text. */
public final class VectorRows {
    /** Column of the id, a long. */
    public static final String ID = "id";
    /** Column of the vector, an array of floats. */
    public static final String VECTOR = "vector";

    private VectorRows() {}

    /** Returns the id of a row. */
    public static long id(Row row) {
        return row.getAs(ID);
    }

    /** Returns the unit vector of a row. */
    public static float[] unit(Row row) {
        return UnitVectors.unit(vector(row));
    }

    private static float[] vector(Row row) {
        return Rows.floats(row.getList(row.fieldIndex(VECTOR)));
    }

    /** Returns the unit vectors of rows. */
    static UnitVectors of(List<Row> rows) {
        long[] ids = new long[rows.size()];
        float[][] vectors = new float[ids.length][];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = id(rows.get(i));
            vectors[i] = vector(rows.get(i));
        }
        return UnitVectors.of(ids, vectors);
    }

    /** Returns the unit vectors of each partition that has rows. They are persisted: the caller unpersists them. */
    public static JavaRDD<UnitVectors> blocks(Dataset<Row> rows) {
        return rows.toJavaRDD().mapPartitions(VectorRows::block).persist(StorageLevel.MEMORY_AND_DISK());
    }

    private static Iterator<UnitVectors> block(Iterator<Row> rows) {
        List<Row> all = new ArrayList<>();
        rows.forEachRemaining(all::add);
        return all.isEmpty() ? Collections.emptyIterator() : List.of(of(all)).iterator();
    }
}
