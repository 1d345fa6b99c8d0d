package io.github.sparkfinetune.spark.source;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.spark.files.ListedFile;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;

/**
 * Source with each of its files, of which some can be read alone.
 *
 * @param source source with all its files
 * @param files files, sorted by path
 * @param columns columns and types of a table, as in SQL; empty for files
 */
public record SourceListing(SourceFiles source, List<ListedFile> files, String columns) {
    /** Lists the files of a source. */
    static SourceListing of(String key, String split, String path, DataConfig data, Configuration hadoop) {
        SourceFiles source = SourceFiles.list(key, split, path, data, hadoop);
        List<ListedFile> files = new ArrayList<>();
        source.listing().files().forEach(files::add);
        return new SourceListing(source, List.copyOf(files), "");
    }

    /**
     * Returns this source with only some of its files.
     *
     * @param some files, at least one
     * @param multiline whether a text of CSV may contain line ends, so that one task reads each file
     */
    public SourceFiles only(List<ListedFile> some, boolean multiline) {
        FileTotals totals = new FileTotals(true);
        FileStatus folder =
                new FileStatus(0, true, 0, 0, 0, new Path(some.get(0).path()).getParent());
        some.forEach(file ->
                totals.add(folder, new FileStatus(file.bytes(), false, 0, 0, file.time(), new Path(file.path()))));
        SourceFiles.Listing listed = totals.listing(source.format(), false, true);
        return new SourceFiles(
                source.key(),
                source.split(),
                source.path(),
                source.format(),
                new SourceFiles.Listing(
                        listed.count(),
                        listed.first(),
                        listed.emptyTexts(),
                        source.listing().partitions(),
                        listed.files(),
                        true),
                totals.size(source.format().hasQuotedFields() && multiline),
                listed.files().fingerprint(),
                source.table());
    }
}
