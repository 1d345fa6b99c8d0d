package io.github.sparkfinetune.data.dataset;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.files.HadoopFiles;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Pins in a dataset's folder: which run holds which of its {@link Manifests}. A pin is the file {@code pins/HASH.json},
 * where HASH are the first 16 hexadecimal digits of the SHA-256 of the run's output folder:
 *
 * <pre>{ "generation" : 5, "run" : "hdfs://cluster/runs/icd10" }</pre>
 *
 * <p>A run writes its pin before it trains and deletes it when it has ended. A killed run keeps its pin, so that it can
 * resume with the same samples. A pin whose output folder is gone holds nothing.
 */
public final class Pins {
    private static final Logger LOG = LoggerFactory.getLogger(Pins.class);
    /** Folder of the pins in the dataset's folder. */
    public static final String FOLDER = "pins";

    private static final int NAME_BYTES = 8;
    private static final ObjectMapper JSON = JsonMapper.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .build();

    private final Path dataset;
    private final Configuration hadoop;
    private final FileSystem files;

    /** @param dataset folder of the dataset */
    public Pins(Path dataset, Configuration hadoop) {
        this.dataset = dataset;
        this.hadoop = hadoop;
        this.files = HadoopFiles.fileSystem(dataset, hadoop);
    }

    /**
     * Hold of a run on a manifest.
     *
     * @param generation number of the manifest
     * @param run absolute URI of the run's output folder
     */
    public record Pin(int generation, String run) {
        /** Returns whether the run's output folder exists. */
        public boolean hasFolder(Configuration hadoop) {
            Path folder = new Path(run);
            try {
                return HadoopFiles.fileSystem(folder, hadoop).exists(folder);
            } catch (IOException | UncheckedIOException e) {
                // What cannot be asked may still be there.
                LOG.warn("{} cannot be reached ({}): its generation is kept", run, e.getMessage());
                return true;
            }
        }
    }

    /**
     * Holds a manifest for a run.
     *
     * @param run absolute URI of the run's output folder
     * @param generation number of the manifest; empty for the newest
     * @return number of the held manifest
     * @throws RunException if there is no such manifest
     */
    public int hold(String run, OptionalInt generation) throws IOException {
        Manifests manifests = new Manifests(dataset, hadoop);
        while (true) {
            int number = manifests.read(generation).number();
            manifests.requireExists(number);
            if (!write(new Pin(number, run)) || !manifests.isRetired(number)) {
                return number;
            }
            // The newest manifest is never retired: meanwhile there is a newer one.
            release(run);
        }
    }

    /** Returns whether the pin is written: a dataset may be a folder that the run may only read. */
    private boolean write(Pin pin) throws IOException {
        byte[] bytes = JSON.writeValueAsBytes(pin);
        try {
            files.mkdirs(new Path(dataset, FOLDER));
            HadoopFiles.writeWhole(files, file(pin.run()), bytes);
            return true;
        } catch (IOException | UncheckedIOException e) {
            LOG.warn(
                    "{} cannot be written ({}): a prepare of this dataset that removes or erases rows ends this run",
                    file(pin.run()),
                    e.getMessage());
            return false;
        }
    }

    /** Releases the manifest that a run holds, if it holds one. */
    public void release(String run) {
        HadoopFiles.discard(files, file(run));
    }

    /** Returns the pin of a run, if it holds a manifest. */
    public Optional<Pin> of(String run) throws IOException {
        return all().stream().filter(pin -> pin.run().equals(run)).findFirst();
    }

    /** Returns all pins. */
    public List<Pin> all() throws IOException {
        List<Pin> pins = new ArrayList<>();
        FileStatus[] entries;
        try {
            entries = files.listStatus(new Path(dataset, FOLDER));
        } catch (FileNotFoundException e) {
            return pins;
        }
        for (FileStatus entry : entries) {
            if (!entry.getPath().getName().endsWith(".json")
                    || entry.getPath().getName().startsWith(".")) {
                continue;
            }
            try {
                pins.add(JSON.readValue(HadoopFiles.readText(files, entry.getPath()), Pin.class));
            } catch (FileNotFoundException e) {
                LOG.debug("{} was released meanwhile", entry.getPath());
            }
        }
        return pins;
    }

    private Path file(String run) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(run.getBytes(StandardCharsets.UTF_8));
            return new Path(new Path(dataset, FOLDER), HexFormat.of().formatHex(hash, 0, NAME_BYTES) + ".json");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
