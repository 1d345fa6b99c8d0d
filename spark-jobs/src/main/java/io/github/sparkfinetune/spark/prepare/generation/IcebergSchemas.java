package io.github.sparkfinetune.spark.prepare.generation;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import org.apache.iceberg.Schema;
import org.apache.iceberg.spark.Spark3Util;
import org.apache.iceberg.types.Type;
import org.apache.spark.sql.SparkSession;

/** Schemas that a table of Iceberg has had. Its metadata keeps them longer than the log of its metadata files. */
final class IcebergSchemas {
    private IcebergSchemas() {}

    /** Returns the number of schemas; 1 if each column has had the same id, name and type in all of them. */
    static int count(SparkSession spark, String table) throws Exception {
        Collection<Schema> schemas =
                Spark3Util.loadIcebergTable(spark, table).schemas().values();
        Map<String, Integer> ids = new HashMap<>();
        Map<Integer, String> columns = new HashMap<>();
        for (Schema schema : schemas) {
            for (Map.Entry<Integer, String> field : schema.idToName().entrySet()) {
                Type type = schema.findType(field.getKey());
                String column = field.getValue() + " " + (type.isPrimitiveType() ? type : type.typeId());
                if (!ids.getOrDefault(field.getValue(), field.getKey()).equals(field.getKey())
                        || !columns.getOrDefault(field.getKey(), column).equals(column)) {
                    return schemas.size();
                }
                ids.put(field.getValue(), field.getKey());
                columns.put(field.getKey(), column);
            }
        }
        return 1;
    }
}
