package io.github.sparkfinetune.core.predict;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.TeacherConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.adapter.AdapterFile;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.core.task.SharedOutputs;
import io.github.sparkfinetune.core.task.TaskSpec;
import io.github.sparkfinetune.core.task.registry.TaskSpecs;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.data.hf.HfConfig;
import io.github.sparkfinetune.data.hf.ModelFolder;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.task.registry.TaskDatas;
import java.io.IOException;
import java.util.Collection;
import java.util.List;
import java.util.TreeSet;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** Folder of a run's teacher: checks before anything is loaded, labels, hash. */
public final class TeacherFolder {
    private static final String KEY = "teacher.model: ";

    private TeacherFolder() {}

    /**
     * Checks that a run's model can learn from its teacher, if the run has a teacher.
     *
     * @param config configuration with absolute paths
     * @throws RunException if teacher and run do not fit; the message says what to change
     */
    public static void check(RunConfig config, Configuration hadoop) throws IOException {
        if (!config.teacher().teaches()) {
            return;
        }
        String name = config.teacher().model();
        Path folder = new Path(name);
        FileSystem files = HadoopFiles.fileSystem(folder, hadoop);
        if (!files.exists(new Path(folder, HfConfig.FILE))) {
            throw RunException.data(
                    KEY + "there is no model in " + name + ": give a model folder in Hugging Face layout");
        }
        if (files.exists(new Path(folder, AdapterFile.CONFIG))) {
            throw RunException.config(KEY + name + " holds an adapter: write the whole model with finetune merge, and"
                    + " name its folder");
        }
        HfConfig teacher = Architectures.config(folder, hadoop);
        TaskSpec spec = TaskSpecs.of(config);
        spec.modelKind().check(teacher);
        spec.labels(teacher);
        if (spec.learnsTokens()) {
            requireSameTokens(config, teacher, hadoop);
        } else if (Manifest.exists(new Path(config.dataset()), hadoop)) {
            Manifest manifest = Manifest.of(config, hadoop);
            requireSameLabels(config, spec.labels(teacher).names(), manifest.labels());
        }
    }

    /**
     * Returns the hash of a teacher and of everything else that its values depend on, besides the samples.
     *
     * @param folder local folder of the teacher
     * @param progressed called from time to time
     */
    public static String hash(RunConfig config, java.nio.file.Path folder, SharedOutputs shared, Runnable progressed)
            throws IOException {
        TeacherConfig settings = config.teacher();
        String values = TaskSpecs.of(config).learnsTokens()
                ? " drawn " + settings.temperature() + " " + settings.topK() + " " + shared.vocabulary()
                : "";
        return ModelFolder.sha256(folder, config.task().configName() + values, progressed);
    }

    /**
     * Returns the labels of a run's model: those of its teacher; without a teacher, or for a task without labels, those
     * of the training rows.
     *
     * @param found labels of the training rows
     * @throws RunException if the teacher does not predict a label of the rows
     */
    public static Collection<String> labels(RunConfig config, Collection<String> found, Configuration hadoop)
            throws IOException {
        String name = config.teacher().model();
        if (name == null || TaskSpecs.of(config).learnsTokens()) {
            return found;
        }
        List<String> taught = TaskSpecs.of(config)
                .labels(Architectures.config(new Path(name), hadoop))
                .names();
        if (!taught.containsAll(found)) {
            requireSameLabels(config, taught, found);
        }
        return taught;
    }

    private static void requireSameLabels(RunConfig config, List<String> taught, Collection<String> own) {
        if (!new TreeSet<>(taught).equals(new TreeSet<>(own))) {
            throw RunException.data(KEY + config.teacher().model() + " predicts the labels "
                    + String.join(", ", taught) + ", the training rows have " + String.join(", ", new TreeSet<>(own))
                    + ": take a teacher that was trained with the labels of these rows");
        }
    }

    /** Refuses a teacher that does not read a language model's tokens. */
    private static void requireSameTokens(RunConfig config, HfConfig teacher, Configuration hadoop) throws IOException {
        String name = config.teacher().model();
        TokenizerFiles own = TaskDatas.tokenizer(new Path(config.model()), config, Architectures::positions, hadoop);
        if (!TokenizerFiles.read(new Path(name), hadoop).tokenizesAs(own)) {
            throw RunException.data(KEY + name + " has another tokenizer than " + config.model()
                    + ": a language model learns from a teacher with the same tokens");
        }
        int longest = config.data().maxLength();
        int positions = Architectures.positions(teacher);
        if (positions > 0 && longest > positions) {
            throw RunException.config("data.max_length: " + longest + " is more than the " + positions
                    + " positions of the teacher " + name + ": set it to " + positions + " or less");
        }
    }
}
