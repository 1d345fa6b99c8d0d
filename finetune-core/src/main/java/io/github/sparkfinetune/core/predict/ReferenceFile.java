package io.github.sparkfinetune.core.predict;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.TeacherConfig;
import io.github.sparkfinetune.core.safetensors.SafetensorsWriter;
import io.github.sparkfinetune.core.safetensors.TensorData;
import io.github.sparkfinetune.core.task.registry.TaskSpecs;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.files.HadoopFiles;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * A file of references: where it is, and which values it has.
 *
 * @param path path of the file
 * @param splits splits whose samples it has
 * @param metadata identity of dataset and model, in the file's metadata: for each split the name of its first shard,
 *     which is unique to the dataset, and the number of its generations; for a teacher also its hash
 * @param layout layout of the tensors
 */
public record ReferenceFile(Path path, List<String> splits, Map<String, String> metadata, ReferenceLayout layout) {
    static final String OF_INITIAL_MODEL = "reference.safetensors";

    /** Length of the beginning of a teacher's hash in the file's name. */
    private static final int NAME = 16;

    private static final String TEACHER = ".teacher";
    private static final String GENERATIONS = ".generations";

    public ReferenceFile {
        splits = List.copyOf(splits);
        metadata = Map.copyOf(metadata);
    }

    /**
     * Returns the file of a run's initial model: all splits, in {@value #OF_INITIAL_MODEL} of the output folder,
     * because a resumed run has no initial weights.
     */
    public static ReferenceFile ofInitialModel(RunConfig config, Manifest manifest) {
        List<String> splits = List.copyOf(new TreeSet<>(manifest.splits().keySet()));
        return new ReferenceFile(
                new Path(config.output().dir(), OF_INITIAL_MODEL),
                splits,
                shards(manifest, splits),
                new ReferenceRows());
    }

    /**
     * Returns the file of a run's teacher: the training split, in {@code teacher-HASH.safetensors} beside the dataset's
     * manifest. All runs with this dataset, teacher and temperature use the same file.
     *
     * @param teacher hash of the teacher and of everything that its values depend on
     * @param vocabulary number of token ids that teacher and model share
     */
    public static ReferenceFile ofTeacher(RunConfig config, Manifest manifest, String teacher, int vocabulary) {
        TeacherConfig settings = config.teacher();
        List<String> splits = List.of(Manifest.TRAIN);
        Map<String, String> metadata = new HashMap<>(shards(manifest, splits));
        metadata.put(TEACHER, teacher);
        ReferenceLayout layout = TaskSpecs.of(config).learnsTokens()
                ? new ReferenceTokens(Math.min(settings.topK(), vocabulary))
                : new ReferenceRows();
        return new ReferenceFile(
                new Path(config.dataset(), "teacher-" + teacher.substring(0, NAME) + ".safetensors"),
                splits,
                metadata,
                layout);
    }

    private static Map<String, String> shards(Manifest manifest, List<String> splits) {
        Map<String, String> shards = new HashMap<>();
        splits.forEach(
                name -> shards.put(name, manifest.split(name).shards().get(0).file()));
        int generations = manifest.generations().size();
        if (generations > 1) {
            shards.put(GENERATIONS, String.valueOf(generations));
        }
        return shards;
    }

    /**
     * Writes the file.
     *
     * @param tensors tensors of all splits
     */
    public void write(List<TensorData> tensors, Configuration hadoop) {
        HadoopFiles.writeWhole(
                HadoopFiles.fileSystem(path, hadoop), path, out -> SafetensorsWriter.write(out, tensors, metadata));
    }

    /** Returns the file of the references that an evaluation of a run's task reads; empty if it reads none. */
    public static Optional<ReferenceFile> evaluated(RunConfig config, Manifest manifest) {
        return TaskSpecs.of(config).readsReference() ? Optional.of(ofInitialModel(config, manifest)) : Optional.empty();
    }
}
