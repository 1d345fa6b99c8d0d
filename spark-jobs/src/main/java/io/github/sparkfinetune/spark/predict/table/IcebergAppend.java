package io.github.sparkfinetune.spark.predict.table;

import java.util.stream.StreamSupport;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.SnapshotRef;
import org.apache.iceberg.Table;
import org.apache.iceberg.exceptions.ValidationException;
import org.apache.iceberg.spark.Spark3Util;
import org.apache.iceberg.util.SnapshotUtil;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.analysis.NoSuchTableException;
import org.apache.spark.sql.catalyst.parser.ParseException;

/**
 * Append of rows to a table of Iceberg, which happens once for each id. The rows are first written to a branch of their
 * own. A second, short commit then publishes them and removes the branch. Iceberg's own check of {@code wap.id} (write,
 * audit, publish) is part of the second commit: it fails if a snapshot with the same id has been published, by
 * whichever command. The branch keeps the staged rows when snapshots expire, so staged rows without a branch have been
 * published, even if the snapshot of their publication has expired.
 */
final class IcebergAppend {
    private static final String WAP_ID = "wap.id";
    private static final String PUBLISHED_WAP_ID = "published-wap-id";
    /** Property of a snapshot that an earlier version of this program has written. */
    private static final String EARLIER_ID = "spark-finetune.prediction";

    /** Name with catalog and namespace, which the name of a branch needs. */
    private final String name;

    private final String id;
    private final String branch;
    private final Table table;

    IcebergAppend(SparkSession spark, String name, String id) throws NoSuchTableException {
        this.id = id;
        this.branch = "finetune_" + id.replace("-", "");
        try {
            this.table = Spark3Util.loadIcebergTable(spark, name);
            Spark3Util.CatalogAndIdentifier found = Spark3Util.catalogAndIdentifier(spark, name);
            this.name = Spark3Util.quotedFullIdentifier(found.catalog().name(), found.identifier());
        } catch (ParseException e) {
            throw new IllegalStateException(name + " was read before", e);
        }
    }

    /** Returns whether the table has a snapshot with the id. */
    boolean isPublished() {
        table.refresh();
        Snapshot current = table.currentSnapshot();
        return current != null
                && StreamSupport.stream(
                                SnapshotUtil.ancestorsOf(current.snapshotId(), table::snapshot)
                                        .spliterator(),
                                false)
                        .anyMatch(this::hasId);
    }

    private boolean hasId(Snapshot snapshot) {
        return id.equals(snapshot.summary().get(WAP_ID))
                || id.equals(snapshot.summary().get(PUBLISHED_WAP_ID))
                || id.equals(snapshot.summary().get(EARLIER_ID));
    }

    /** Writes the rows to the branch, unless an interrupted command has done so. */
    void stage(Dataset<Row> rows) throws NoSuchTableException {
        if (table.currentSnapshot() == null) {
            // A branch needs a snapshot to begin at.
            table.newFastAppend().commit();
        }
        SnapshotRef ref = table.refs().get(branch);
        if (ref != null && hasId(table.snapshot(ref.snapshotId()))) {
            return;
        }
        if (ref == null) {
            createBranch();
        }
        rows.writeTo(name + ".branch_" + branch)
                .option("snapshot-property." + WAP_ID, id)
                .append();
    }

    private void createBranch() {
        try {
            table.manageSnapshots()
                    .createBranch(branch, table.currentSnapshot().snapshotId())
                    .commit();
        } catch (IllegalArgumentException e) {
            // Another command with this id has created the branch meanwhile.
            table.refresh();
            if (!table.refs().containsKey(branch)) {
                throw e;
            }
        }
    }

    /** Publishes the rows of the branch, unless they have been published. */
    void publish() {
        table.refresh();
        SnapshotRef ref = table.refs().get(branch);
        if (ref == null) {
            return;
        }
        try {
            table.manageSnapshots()
                    .cherrypick(ref.snapshotId())
                    .removeBranch(branch)
                    .commit();
        } catch (ValidationException | IllegalArgumentException e) {
            // Another command with this id has published its rows meanwhile, and has removed its branch.
            if (!isPublished()) {
                throw e;
            }
            discard();
        }
    }

    /** Removes the branch of rows that are published. */
    void discard() {
        table.refresh();
        if (table.refs().containsKey(branch)) {
            table.manageSnapshots().removeBranch(branch).commit();
        }
    }
}
