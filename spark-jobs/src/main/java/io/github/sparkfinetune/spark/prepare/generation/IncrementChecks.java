package io.github.sparkfinetune.spark.prepare.generation;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.Packing;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.spark.files.ListedFile;
import io.github.sparkfinetune.spark.source.SourceFiles;
import io.github.sparkfinetune.spark.source.SourceListing;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.hadoop.fs.Path;

/**
 * Checks of the differences between a dataset and its sources, before long work.
 *
 * @param dataset folder of the dataset
 * @param earlier manifest of the dataset; null before the first generation
 * @param sources all sources of the run
 * @param changes files that are new or removed
 */
record IncrementChecks(Path dataset, Manifest earlier, List<SourceListing> sources, KnownFiles.Changes changes) {
    /** Refuses differences that the dataset cannot follow. */
    void require(DataConfig data) {
        if (earlier == null) {
            return;
        }
        requireSameColumns();
        requireMostFiles();
        if (data.corpus().decontaminate().enabled()) {
            requireSameHeldOut();
        }
        if (data.packing() == Packing.WRAPPED) {
            requireNothingRemoved();
        }
    }

    private void requireSameColumns() {
        int last = earlier.generations().size() - 1;
        Map<String, String> before = earlier.generations().get(last).columns();
        Map<String, String> now = columns(sources);
        for (SourceListing listing : sources) {
            String key = listing.source().key();
            if (!Objects.equals(before.get(key), now.get(key))) {
                throw RunException.config(key + ": " + listing.source().path() + " has the columns " + now.get(key)
                        + " by now, the dataset was prepared with " + before.get(key)
                        + ": set data.dir to a new folder");
            }
        }
    }

    /** Returns the columns of the tables among sources, by the source's key. */
    static Map<String, String> columns(List<SourceListing> sources) {
        Map<String, String> columns = new TreeMap<>();
        sources.stream()
                .filter(listing -> !listing.columns().isEmpty())
                .forEach(listing -> columns.put(listing.source().key(), listing.columns()));
        return columns;
    }

    /**
     * Refuses a folder that lacks more than half of its files, because a store that is mounted in part must not erase
     * most of a dataset. The list of a table's files is always whole.
     */
    private void requireMostFiles() {
        for (int source = 0; source < sources.size(); source++) {
            SourceListing listing = sources.get(source);
            int number = source;
            List<ListedFile> added = changes.added().get(source);
            Set<String> again = added.stream().map(ListedFile::path).collect(Collectors.toSet());
            List<KnownFiles.Known> removed = changes.removed().stream()
                    .filter(file -> file.source() == number)
                    .toList();
            long gone = removed.stream()
                    .filter(file -> !again.contains(file.file().path()))
                    .count();
            int before = listing.files().size() - added.size() + removed.size();
            if (listing.columns().isEmpty() && 2 * gone > before) {
                throw RunException.data(
                        listing.source().key() + ": " + listing.source().path() + " lacks " + gone
                                + " of the " + before
                                + " files of the last generation, so their rows would be erased: check that"
                                + " the folder is whole; if it is, set data.dir to a new folder");
            }
        }
    }

    /** Refuses other held-out files: the training text of earlier generations is not read again. */
    private void requireSameHeldOut() {
        for (int source = 0; source < sources.size(); source++) {
            int number = source;
            boolean differs = !changes.added().get(source).isEmpty()
                    || changes.removed().stream().anyMatch(file -> file.source() == number);
            SourceFiles held = sources.get(source).source();
            if (differs && !held.split().equals(Manifest.TRAIN)) {
                throw RunException.config(held.key() + ": " + held.path() + " has other files than before, and"
                        + " data.corpus.decontaminate does not compare them with the documents of earlier generations:"
                        + " put the files back, or set data.dir to a new folder");
            }
        }
    }

    private void requireNothingRemoved() {
        if (!changes.removed().isEmpty()) {
            throw RunException.config(changes.removed().get(0).file().path() + " was removed or changed, and"
                    + " data.packing: wrapped cuts documents, so its rows cannot be erased from " + dataset
                    + ": put the file back, or set data.dir to a new folder");
        }
    }
}
