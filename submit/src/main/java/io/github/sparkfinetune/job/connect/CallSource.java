package io.github.sparkfinetune.job.connect;

import java.util.Map;
import java.util.Set;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.connector.catalog.SupportsRead;
import org.apache.spark.sql.connector.catalog.Table;
import org.apache.spark.sql.connector.catalog.TableCapability;
import org.apache.spark.sql.connector.catalog.TableProvider;
import org.apache.spark.sql.connector.expressions.Transform;
import org.apache.spark.sql.connector.read.LocalScan;
import org.apache.spark.sql.connector.read.ScanBuilder;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.util.CaseInsensitiveStringMap;
import org.apache.spark.unsafe.types.UTF8String;

/**
 * A data source whose single row is the answer to a call. A client of Spark Connect reads the source and so calls
 * {@link io.github.sparkfinetune.job.session.SessionRun} in the server:
 *
 * <pre>{@code
 * spark.read.format("io.github.sparkfinetune.job.connect.CallSource")
 *     .option("call", "train").option("arguments", "{\"run\": …, \"step\": …}").load().collect()
 * }</pre>
 *
 * <p>The option {@code call} names a call of {@link Calls}; {@code arguments} is a JSON object. The row has one column,
 * {@code answer}, with the JSON of an {@link Answer}. The driver makes the call when Spark plans the query, so
 * resolving the schema makes no call, and every query makes one.
 */
public final class CallSource implements TableProvider {
    private static final StructType SCHEMA = new StructType().add("answer", DataTypes.StringType, false);

    @Override
    public StructType inferSchema(CaseInsensitiveStringMap options) {
        return SCHEMA;
    }

    @Override
    public Table getTable(StructType schema, Transform[] partitioning, Map<String, String> properties) {
        return new CallTable();
    }

    private static final class CallTable implements SupportsRead {
        @Override
        public String name() {
            return "spark-finetune";
        }

        @Override
        @SuppressWarnings("deprecation") // Spark 3.5 derives the columns from it
        public StructType schema() {
            return SCHEMA;
        }

        @Override
        public Set<TableCapability> capabilities() {
            return Set.of(TableCapability.BATCH_READ);
        }

        @Override
        public ScanBuilder newScanBuilder(CaseInsensitiveStringMap options) {
            return () -> new Call(options.getOrDefault("call", ""), options.getOrDefault("arguments", "{}"));
        }
    }

    private static final class Call implements LocalScan {
        private final String name;
        private final String arguments;
        private InternalRow[] rows;

        private Call(String name, String arguments) {
            this.name = name;
            this.arguments = arguments;
        }

        @Override
        public StructType readSchema() {
            return SCHEMA;
        }

        /** Makes the call; a second plan of the same query gets the same answer. */
        @Override
        public synchronized InternalRow[] rows() {
            if (rows == null) {
                String answer = Calls.answer(SparkSession.active(), name, arguments);
                rows = new InternalRow[] {new GenericInternalRow(new Object[] {UTF8String.fromString(answer)})};
            }
            return rows;
        }
    }
}
