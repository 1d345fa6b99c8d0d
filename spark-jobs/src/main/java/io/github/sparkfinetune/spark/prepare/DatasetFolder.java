package io.github.sparkfinetune.spark.prepare;

import io.github.sparkfinetune.conf.RunConfig.Task;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.DatasetOptions;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.Manifests;
import io.github.sparkfinetune.data.dataset.Pins;
import io.github.sparkfinetune.data.dataset.ShardNames;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.spark.run.Lease;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileAlreadyExistsException;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.ParentNotDirectoryException;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.security.AccessControlException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Folder of a dataset. A {@link Lease} marks the folder before the first file, and the manifest finishes the dataset.
 * Only content under this mark is ever replaced. The files of every run have unique names, so a late write of an
 * abandoned run never replaces a file of another run.
 */
public final class DatasetFolder {
    private static final String MARK = "_PREPARING";
    /** Prefix of a manifest that was not written to its end. Version 0.1 used one fixed name. */
    private static final String UNFINISHED = ".manifest";

    private static final String UNFINISHED_BEFORE = "_" + Manifest.FILE_NAME;
    /** Folder in which version 0.1 wrote unfinished files. */
    private static final String ATTEMPTS = "_attempts";

    private static final Logger LOG = LoggerFactory.getLogger(DatasetFolder.class);

    private final Path path;
    private final Configuration hadoop;
    private final FileSystem files;
    private final Manifests manifests;
    private Lease lease;

    public DatasetFolder(Path path, Configuration hadoop) throws IOException {
        this.path = path;
        this.hadoop = hadoop;
        this.files = path.getFileSystem(hadoop);
        this.manifests = new Manifests(path, hadoop);
    }

    /**
     * Returns the finished dataset in this folder, if any. A dataset that grows is not finished if its sources have
     * other files.
     *
     * @throws RunException if the dataset was made of another text or with other options
     */
    public Optional<Manifest> finished(Task task, DatasetOptions options, List<Manifest.Source> sources)
            throws IOException {
        if (!Manifest.exists(path, hadoop)) {
            return Optional.empty();
        }
        Manifest manifest = Manifest.read(path, hadoop);
        // A run without a number of shards uses the dataset's number, which an earlier version may have chosen.
        DatasetOptions sized =
                options.shards() == 0 ? options.withShards(manifest.options().shards()) : options;
        // A command that reads no subject needs no key.
        DatasetOptions expected = sized.subjectKeyFile() == null
                ? sized.withSubjectKey(manifest.options().subjectKeyFile())
                : sized;
        if (DatasetDifference.isOlder(manifest, task, expected, sources)) {
            return Optional.empty();
        }
        String difference = DatasetDifference.of(manifest, task, expected, sources);
        if (difference != null) {
            throw RunException.config(path + " holds a dataset that was prepared with " + difference
                    + ": set data.dir to a new folder, or delete this one");
        }
        return Optional.of(manifest);
    }

    /**
     * Prepares the folder for one run: creates the folder, or deletes what an interrupted run has left. The files of a
     * manifest stay.
     *
     * @param length length of the lease
     * @param onLost called on another thread when another run has taken over the folder
     * @return name of this run in the names of its files
     * @throws RunException if the folder cannot be written, holds foreign files, or another run is writing it
     */
    String begin(Duration length, Runnable onLost) throws IOException {
        try {
            if (files.exists(path) && !Manifest.exists(path, hadoop)) {
                List<FileStatus> foreign = foreign();
                if (!foreign.isEmpty()) {
                    throw RunException.config(path + " is not empty and not a dataset (it holds "
                            + foreign.get(0).getPath().getName() + "): set data.dir to a new folder");
                }
            }
            if (!files.mkdirs(path)) {
                throw unwritable("the folder cannot be created");
            }
            lease = Lease.take(HadoopFiles.fileSystem(path, hadoop), new Path(path, MARK), length, onLost);
            releasing(() -> clear(manifests.named()));
            return lease.runId();
        } catch (AccessControlException
                | ParentNotDirectoryException
                | FileAlreadyExistsException
                | FileNotFoundException e) {
            throw unwritable(e.getMessage());
        }
    }

    /**
     * Takes the lease of a finished dataset, to replace some of its files.
     *
     * @param length length of the lease
     * @param onLost called on another thread when another run has taken over the folder
     * @return name of this run in the names of its files
     * @throws RunException if another run is writing the folder
     */
    String reopen(Duration length, Runnable onLost) throws IOException {
        lease = Lease.take(HadoopFiles.fileSystem(path, hadoop), new Path(path, MARK), length, onLost);
        return lease.runId();
    }

    private RunException unwritable(String why) {
        return RunException.config(
                "data.dir: cannot write to " + path + " (" + why + "): set it to a folder that you may write to");
    }

    /** Returns whether another run has taken over the folder. */
    boolean isLost() {
        return lease.isLost();
    }

    private List<FileStatus> foreign() throws IOException {
        if (!files.getFileStatus(path).isDirectory()) {
            return List.of(files.getFileStatus(path));
        }
        boolean marked = files.exists(new Path(path, MARK));
        List<FileStatus> foreign = new ArrayList<>();
        for (FileStatus entry : files.listStatus(path)) {
            String name = entry.getPath().getName();
            boolean known = marked
                    && (Set.of(UNFINISHED_BEFORE, ATTEMPTS).contains(name)
                            || Lease.isOf(name, MARK)
                            || Manifests.isManifest(name)
                            || name.startsWith(UNFINISHED)
                            || entry.isDirectory());
            if (!known) {
                foreign.add(entry);
            } else if (entry.isDirectory() && !Set.of(ATTEMPTS, Pins.FOLDER).contains(name)) {
                foreign.addAll(nonShards(entry));
            }
        }
        return foreign;
    }

    /** Returns the files in a split's folder that are not shards. */
    private List<FileStatus> nonShards(FileStatus split) throws IOException {
        return Arrays.stream(files.listStatus(split.getPath()))
                .filter(file -> !ShardNames.isShard(file.getPath().getName()))
                .toList();
    }

    /**
     * Deletes shards except some, and folders without shards. Files that cannot be deleted are not part of the dataset
     * either way.
     */
    private void clear(Set<String> kept) throws IOException {
        clear(file -> !kept.contains(file));
        HadoopFiles.discard(files, new Path(path, ATTEMPTS));
    }

    /** Deletes the manifests that no run needs, and the files that no manifest names. */
    private void retire(Predicate<Pins.Pin> isHeld) throws IOException {
        manifests.retire(isHeld);
        clear(manifests.named());
    }

    private void clear(Predicate<String> deleted) throws IOException {
        for (FileStatus split : files.listStatus(path)) {
            String name = split.getPath().getName();
            if (!split.isDirectory() || Set.of(ATTEMPTS, Pins.FOLDER).contains(name)) {
                continue;
            }
            int left = 0;
            for (FileStatus file : files.listStatus(split.getPath())) {
                String shard = file.getPath().getName();
                if (ShardNames.isShard(shard) && deleted.test(name + "/" + shard)) {
                    HadoopFiles.discard(files, file.getPath());
                } else {
                    left++;
                }
            }
            if (left == 0) {
                HadoopFiles.discard(files, split.getPath());
            }
        }
    }

    /** Work on the folder. */
    private interface Work {
        void run() throws IOException;
    }

    /**
     * Works on the folder. After a failure this process no longer renews the lease; the mark stays for the next run.
     */
    private void releasing(Work work) throws IOException {
        try {
            work.run();
        } catch (IOException | RuntimeException | Error e) {
            try {
                lease.release(true);
            } catch (IOException | RuntimeException left) {
                e.addSuppressed(left);
            }
            throw e;
        }
    }

    /**
     * Deletes what a run has left if it ended between the manifest and the end of its work: the mark, older manifests,
     * and shards that no manifest names. A folder with the mark of a running run is not changed.
     */
    void settle() {
        Path mark = new Path(path, MARK);
        try {
            if (Lease.isOver(files, mark)) {
                lease = Lease.take(HadoopFiles.fileSystem(path, hadoop), mark, Lease.LENGTH, () -> {});
                releasing(() -> retire(pin -> pin.hasFolder(hadoop)));
                lease.release(false);
            }
        } catch (IOException e) {
            LOG.warn("{} keeps what an ended run has left: {}", path, e.getMessage());
        }
    }

    /**
     * Cleans up after a failure. Deletes the files that this run has written, and the folder if it is then empty. Files
     * in a manifest stay: its writer may have failed after the manifest existed. If another run has taken over the
     * folder, only this run's files are deleted.
     *
     * @param isQuiet whether no task of this run can write any more; otherwise the mark stays, so that the next run
     *     deletes late files
     */
    void abandon(boolean isQuiet) throws IOException {
        String run = lease.runId();
        releasing(() -> {
            Set<String> named = manifests.named();
            clear(file -> ShardNames.isOf(run, file) && !named.contains(file));
        });
        lease.release(!isQuiet);
        if (files.exists(path) && files.listStatus(path).length == 0) {
            HadoopFiles.discard(files, path);
        }
    }

    /**
     * Commits the manifest, which makes its files the newest dataset. Deletes older manifests that no run holds, the
     * files that no manifest names, and the mark.
     *
     * @throws RunException with exit code 4 if another run has taken over the folder, or a file was removed
     */
    void finish(Manifest manifest) throws IOException {
        finish(manifest, pin -> pin.hasFolder(hadoop));
    }

    /**
     * Commits as {@link #finish(Manifest)}.
     *
     * @param isHeld whether the run of a pin still needs its manifest
     */
    void finish(Manifest manifest, Predicate<Pins.Pin> isHeld) throws IOException {
        Map<String, Long> named = manifest.files();
        for (Map.Entry<String, Long> file : named.entrySet()) {
            requireExists(file.getKey(), file.getValue());
        }
        if (!lease.renew()) {
            throw lost(null);
        }
        if (manifests.commit(manifest).isEmpty()) {
            throw lost(null);
        }
        retire(isHeld);
        lease.release(false);
    }

    private void requireExists(String file, long written) throws IOException {
        try {
            long bytes = files.getFileStatus(new Path(path, file)).getLen();
            if (bytes != written) {
                throw new IOException(path + "/" + file + " has " + bytes + " bytes, " + written + " were written");
            }
        } catch (FileNotFoundException e) {
            throw lost(e);
        }
    }

    /** Returns the error of a run that has lost its folder. */
    RunException lost(Exception e) {
        return lease.lost(e);
    }
}
