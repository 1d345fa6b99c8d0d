package io.github.sparkfinetune.core.predict;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunConfig.PrecisionChoice;
import io.github.sparkfinetune.core.task.SharedOutputs;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.task.TaskData;
import io.github.sparkfinetune.data.task.registry.TaskDatas;
import io.github.sparkfinetune.data.tokenizer.TextTokenizer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import org.apache.hadoop.conf.Configuration;

/** The teacher of a run, loaded. It reads training samples by its own tokenizer. Not for concurrent use. */
public final class Teacher implements ReferenceModel {
    private final TaskData<?> data;
    private final SharedOutputs shared;
    private final NDManager manager;
    private final LoadedModel loaded;
    private final TextTokenizer tokenizer;
    private final int maxLength;

    /**
     * Loads a teacher.
     *
     * @param precision precision of the products, that of the run
     * @param device manager of the rank's device
     * @param folder local folder of the teacher
     * @param shared outputs of both models
     */
    public Teacher(RunConfig config, PrecisionChoice precision, NDManager device, Path folder, SharedOutputs shared) {
        this.data = TaskDatas.of(config);
        this.shared = shared;
        this.manager = device.newSubManager();
        try {
            this.loaded = LoadedModel.teacher(config, precision, manager, folder);
            this.maxLength = Math.min(config.data().maxLength(), loaded.model().maxLength());
            TokenizerFiles files =
                    TokenizerFiles.read(new org.apache.hadoop.fs.Path(folder.toUri()), new Configuration(false));
            this.tokenizer = TextTokenizer.open(data.tokenizer(files));
        } catch (IOException e) {
            manager.close();
            throw new UncheckedIOException(folder + " cannot be read", e);
        } catch (RuntimeException e) {
            manager.close();
            throw e;
        }
    }

    @Override
    public List<double[]> references(List<Sample> samples, int batchSize) {
        List<Sample> read = samples.stream()
                .map(sample -> data.forTeacher(sample, tokenizer, maxLength))
                .toList();
        return loaded.task().teach(read, batchSize, shared);
    }

    @Override
    public void finish() {
        loaded.model().finish();
    }

    @Override
    public void close() {
        tokenizer.close();
        manager.close();
    }
}
