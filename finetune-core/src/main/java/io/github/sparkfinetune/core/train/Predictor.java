package io.github.sparkfinetune.core.train;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.conf.PrecisionChoice;
import io.github.sparkfinetune.core.checkpoint.HfConfig;
import io.github.sparkfinetune.core.checkpoint.SafetensorsModel;
import io.github.sparkfinetune.core.model.Adaptation;
import io.github.sparkfinetune.core.model.Encoder;
import io.github.sparkfinetune.core.model.HeadKind;
import io.github.sparkfinetune.core.model.Trainable;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.Torch;
import io.github.sparkfinetune.data.Sample;
import java.nio.file.Path;
import java.util.List;

/** A trained sequence classifier, ready to predict. Not for concurrent use. */
public final class Predictor implements AutoCloseable {
    private final NDManager manager;
    private final ScriptModule script;
    private final Encoder model;
    private final List<String> labels;
    private final int batchSize;

    /**
     * Loads a model.
     *
     * @param folder local folder in Hugging Face layout, with a classifier
     * @param gpu index of the GPU, or -1 for the CPU
     * @param threads of PyTorch's operators, in the whole process
     * @param batchSize samples computed at once
     * @throws io.github.sparkfinetune.conf.RunException when the folder has no such model
     */
    public Predictor(Path folder, int gpu, int threads, int batchSize) {
        Torch.start(threads);
        this.batchSize = batchSize;
        HfConfig config = HfConfig.read(folder);
        manager = Torch.manager(gpu);
        try (SafetensorsModel source = SafetensorsModel.open(folder)) {
            script = ScriptModule.load(manager, FineTuner.scripts(PrecisionChoice.AUTO, gpu));
            model = Encoder.load(
                    manager,
                    script,
                    config,
                    source,
                    HeadKind.SEQUENCE_CLASSIFICATION,
                    config.numLabels(),
                    Adaptation.of(Trainable.none()),
                    0);
            labels = config.labels();
        } catch (RuntimeException e) {
            manager.close();
            throw e;
        }
    }

    /** Names of the classes, by id. */
    public List<String> labels() {
        return labels;
    }

    /** Longest sample in tokens that the model takes. */
    public int maxLength() {
        return model.shape().maxLength();
    }

    /** Logits [samples][classes], in the order of the samples. */
    public float[][] logits(List<Sample> samples) {
        return Inference.logits(manager, model, samples, batchSize);
    }

    @Override
    public void close() {
        script.close();
        manager.close();
    }
}
