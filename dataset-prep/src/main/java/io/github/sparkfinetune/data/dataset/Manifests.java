package io.github.sparkfinetune.data.dataset;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.files.HadoopFiles;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Manifests in a dataset's folder. Each {@code prepare} that changes the dataset, and each erasure, commits one more:
 * {@code manifest-1.json}, {@code manifest-2.json}, and so on. A manifest is complete and never changes, so a reader
 * that stays with one number sees one dataset, whatever is committed meanwhile. The highest number is the newest
 * dataset. A folder of version 0.1 has {@value Manifest#FILE_NAME} instead, which counts as number 0.
 *
 * <p>A manifest that is not the newest is retired: deleted with the files that no other manifest names. A training
 * holds its number by a {@link Pins pin}, so that the manifest and its files stay. The file {@code retired-N} stands
 * before the first deletion. Retirement writes the mark and then looks for pins; a run writes its pin and then looks
 * for the mark. So at least one of them sees the other.
 */
public final class Manifests {
    private static final Logger LOG = LoggerFactory.getLogger(Manifests.class);
    private static final Pattern NAME = Pattern.compile("manifest-([1-9]\\d{0,8})\\.json");
    private static final Pattern RETIRED = Pattern.compile("retired-(\\d{1,9})");
    /** More than the commits during one reading of a folder. */
    private static final int READS = 10;

    private final Path dataset;
    private final Configuration hadoop;
    private final FileSystem files;

    /** @param dataset folder of the dataset */
    public Manifests(Path dataset, Configuration hadoop) {
        this.dataset = dataset;
        this.hadoop = hadoop;
        this.files = HadoopFiles.fileSystem(dataset, hadoop);
    }

    /** Returns the file of a manifest. */
    public static Path file(Path dataset, int number) {
        return new Path(dataset, number == 0 ? Manifest.FILE_NAME : "manifest-" + number + ".json");
    }

    /** Returns the file of a run's manifest: that of {@code data.generation}, or the newest; empty if there is none. */
    public static Optional<Path> file(RunConfig config, Configuration hadoop) throws IOException {
        Path dataset = new Path(config.dataset());
        OptionalInt pinned = config.data().pinned();
        OptionalInt number = pinned.isPresent() ? pinned : new Manifests(dataset, hadoop).newest();
        return number.isPresent() ? Optional.of(file(dataset, number.getAsInt())) : Optional.empty();
    }

    /** Returns whether a file of a dataset's folder is a manifest, or the mark of one that is being retired. */
    public static boolean isManifest(String name) {
        return name.equals(Manifest.FILE_NAME)
                || NAME.matcher(name).matches()
                || RETIRED.matcher(name).matches();
    }

    /**
     * Numbers of the manifests in a folder.
     *
     * @param kept numbers of the manifests, lowest first
     * @param retired numbers of those that are being deleted
     */
    private record Numbers(TreeSet<Integer> kept, Set<Integer> retired) {}

    private Numbers list() throws IOException {
        Set<Integer> retired = new HashSet<>();
        TreeSet<Integer> kept = new TreeSet<>();
        FileStatus[] entries;
        try {
            entries = files.listStatus(dataset);
        } catch (FileNotFoundException e) {
            return new Numbers(kept, retired);
        }
        for (FileStatus entry : entries) {
            String name = entry.getPath().getName();
            Matcher numbered = NAME.matcher(name);
            Matcher mark = RETIRED.matcher(name);
            if (numbered.matches()) {
                kept.add(Integer.parseInt(numbered.group(1)));
            } else if (name.equals(Manifest.FILE_NAME)) {
                kept.add(0);
            } else if (mark.matches()) {
                retired.add(Integer.parseInt(mark.group(1)));
            }
        }
        kept.removeAll(retired);
        return new Numbers(kept, retired);
    }

    /** Returns the numbers of the manifests that can be read, lowest first. */
    public List<Integer> numbers() throws IOException {
        return List.copyOf(list().kept());
    }

    /** Returns the number of the newest manifest; empty if no dataset is finished. */
    public OptionalInt newest() throws IOException {
        TreeSet<Integer> kept = list().kept();
        return kept.isEmpty() ? OptionalInt.empty() : OptionalInt.of(kept.last());
    }

    /** Returns the time at which the newest manifest was written, in milliseconds since 1970. */
    public long newestTime() throws IOException {
        return files.getFileStatus(file(dataset, newest().orElse(0))).getModificationTime();
    }

    /** Manifest with its number. */
    public record Numbered(int number, Manifest manifest) {}

    /**
     * Reads the newest manifest.
     *
     * @throws RunException if there is none, or this program cannot read it
     */
    public Numbered readNewest() throws IOException {
        for (int read = 0; ; read++) {
            OptionalInt newest = newest();
            try {
                int number = newest.orElse(0);
                return new Numbered(number, ManifestFile.read(file(dataset, number), hadoop));
            } catch (RunException e) {
                // Another manifest may have been committed, and this one deleted, since the folder was listed.
                if (read == READS || newest.equals(newest())) {
                    throw e;
                }
            }
        }
    }

    /**
     * Reads a manifest.
     *
     * @throws RunException if there is no such manifest; the message names those that exist
     */
    public Manifest read(int number) throws IOException {
        if (!files.exists(file(dataset, number))) {
            requireExists(number);
        }
        return ManifestFile.read(file(dataset, number), hadoop);
    }

    /** Refuses a number that no manifest has, or that of a manifest that is being retired. */
    void requireExists(int number) throws IOException {
        List<Integer> numbers = numbers();
        if (!numbers.contains(number)) {
            throw RunException.data("data.generation: " + dataset + " has no generation " + number + " (it has "
                    + (numbers.isEmpty() ? "none" : numbers.toString().replaceAll("[\\[\\]]", ""))
                    + "), it was replaced or erased: leave data.generation out for the newest; a run that was trained on"
                    + " it starts anew in another output.dir, or by finetune erase");
        }
    }

    /**
     * Reads the manifest of a run.
     *
     * @param generation {@code data.generation}; empty for the newest
     * @throws RunException if there is no such manifest, or this program cannot read it
     */
    public Numbered read(OptionalInt generation) throws IOException {
        return generation.isPresent() ? new Numbered(generation.getAsInt(), read(generation.getAsInt())) : readNewest();
    }

    /**
     * Commits a manifest, whose files are written, as the newest.
     *
     * @return number of the manifest; empty if another run has committed this number at the same moment
     */
    public OptionalInt commit(Manifest manifest) throws IOException {
        Numbers numbers = list();
        int last = numbers.kept().isEmpty() ? 0 : numbers.kept().last();
        int next = 1
                + Math.max(
                        last, numbers.retired().stream().mapToInt(n -> n).max().orElse(0));
        return HadoopFiles.createWhole(files, file(dataset, next), ManifestFile.toBytes(manifest))
                ? OptionalInt.of(next)
                : OptionalInt.empty();
    }

    /** Returns the paths in the dataset's folder of all files that a manifest names. */
    public Set<String> named() throws IOException {
        Set<String> named = new HashSet<>();
        for (int number : numbers()) {
            named.addAll(
                    ManifestFile.read(file(dataset, number), hadoop).files().keySet());
        }
        return named;
    }

    /**
     * Retires all manifests but the newest and those that runs hold. Only the holder of the folder's lease may call
     * this. Afterwards the caller deletes the files that no manifest names.
     *
     * @param isHeld whether the run of a pin still needs its manifest
     */
    public void retire(Predicate<Pins.Pin> isHeld) throws IOException {
        Numbers numbers = list();
        TreeSet<Integer> old = new TreeSet<>(numbers.kept());
        old.pollLast();
        old.addAll(numbers.retired());
        Pins pins = new Pins(dataset, hadoop);
        Map<Integer, String> before = holders(pins, isHeld);
        for (int number : old) {
            // A run that resumes must not find a mark on the manifest that it holds, nor that of a killed retirement.
            if (before.containsKey(number)) {
                if (numbers.retired().contains(number)) {
                    HadoopFiles.delete(files, mark(number));
                }
                LOG.info(
                        "{} keeps generation {} for {}, which has not ended: the next prepare after its end, or after its"
                                + " folder is deleted, deletes the generation",
                        dataset,
                        number,
                        before.get(number));
                continue;
            }
            HadoopFiles.createNew(files, mark(number), new byte[0]);
            if (!holders(pins, isHeld).containsKey(number)) {
                HadoopFiles.delete(files, file(dataset, number));
            }
            HadoopFiles.delete(files, mark(number));
        }
    }

    /** Returns a run that holds a manifest, by the manifest's number. */
    private static Map<Integer, String> holders(Pins pins, Predicate<Pins.Pin> isHeld) throws IOException {
        return pins.all().stream()
                .filter(isHeld)
                .collect(Collectors.toMap(Pins.Pin::generation, Pins.Pin::run, (one, other) -> one));
    }

    /** Returns whether a manifest is being retired. */
    boolean isRetired(int number) throws IOException {
        return files.exists(mark(number)) || !files.exists(file(dataset, number));
    }

    private Path mark(int number) {
        return new Path(dataset, "retired-" + number);
    }
}
