package io.github.sparkfinetune.core.predict;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.conf.MethodConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunConfig.Task;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.core.adapter.AdapterFile;
import io.github.sparkfinetune.core.adapter.LoraSettings;
import io.github.sparkfinetune.core.adapter.PeftAdapter;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.model.Adaptation;
import io.github.sparkfinetune.core.model.Decoder;
import io.github.sparkfinetune.core.model.Encoder;
import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.core.model.Trainable;
import io.github.sparkfinetune.core.objective.CausalLmLoss;
import io.github.sparkfinetune.core.objective.ClassificationLoss;
import io.github.sparkfinetune.core.objective.Objective;
import io.github.sparkfinetune.core.quant.Nf4Checkpoint;
import io.github.sparkfinetune.core.safetensors.SafetensorsModel;
import io.github.sparkfinetune.core.safetensors.TensorSource;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A run's model with what its task makes of it.
 *
 * @param model its weights and computation
 * @param objective what is minimised
 * @param config the model's configuration, with the vocabulary that it is loaded with
 * @param lora its adapters' settings, where it has any
 * @param isResized whether its embeddings got rows for tokens that the checkpoint does not know
 */
public record LoadedModel(
        Model model, Objective objective, HfConfig config, Optional<LoraSettings> lora, boolean isResized) {

    /**
     * The base model, ready to be trained.
     *
     * @param manager owner of the weights
     * @param base local folder of the base model
     * @param adapter local folder of {@code method.adapter}, or empty
     * @param classes number of labels; unused by tasks without
     * @param vocabulary token ids that must have an embedding
     * @param threads of this rank
     */
    public static LoadedModel toTrain(
            RunConfig config,
            NDManager manager,
            ScriptModule script,
            Path base,
            Optional<Path> adapter,
            int classes,
            int vocabulary,
            int threads) {
        HfConfig model = HfConfig.read(base);
        int rows = model.vocabSize();
        HfConfig grown = vocabulary > rows ? model.with("vocab_size", vocabulary) : model;
        try (SafetensorsModel source = SafetensorsModel.open(base)) {
            Adaptation adaptation =
                    adaptation(config, config.method(), grown, source, adapter.map(AdapterFile::read), threads);
            return load(config, manager, script, grown, source, classes, adaptation, vocabulary > rows);
        }
    }

    /**
     * What a run has trained, ready to predict.
     *
     * @param trained local folder that the run wrote: a model, or an adapter
     * @param base local folder of the base model of an adapter; empty for a model
     */
    public static LoadedModel trained(
            RunConfig config, NDManager manager, ScriptModule script, Path trained, Optional<Path> base, int threads) {
        HfConfig model = HfConfig.read(trained);
        try (SafetensorsModel source = SafetensorsModel.open(base.orElse(trained))) {
            Adaptation adaptation = base.isPresent()
                    ? adaptation(
                            config, config.method(), model, source, Optional.of(AdapterFile.read(trained)), threads)
                    : Adaptation.of(Trainable.none());
            int classes = config.task() == Task.CLASSIFICATION ? model.numLabels() : 0;
            return load(config, manager, script, model, source, classes, adaptation, false);
        }
    }

    /**
     * The base model of a run that trains a language model, ready to predict, in the form that adapters are trained
     * over.
     *
     * @param base local folder of the base model
     * @param vocabulary token ids that must have an embedding
     */
    static LoadedModel base(
            RunConfig config, NDManager manager, ScriptModule script, Path base, int vocabulary, int threads) {
        HfConfig model = HfConfig.read(base);
        HfConfig grown = vocabulary > model.vocabSize() ? model.with("vocab_size", vocabulary) : model;
        try (SafetensorsModel source = SafetensorsModel.open(base)) {
            return load(config, manager, script, grown, source, 0, Adaptation.none(config.method(), threads), false);
        }
    }

    /**
     * Refuses a method that does not fit the model, as far as it is known without {@code method.adapter}'s folder.
     *
     * @param source the model's weights
     * @throws RunException that says what to change
     */
    public static void check(RunConfig config, HfConfig model, TensorSource source) {
        if (config.method().adapter() == null) {
            adaptation(config, config.method(), model, source, Optional.empty(), 1);
        }
    }

    /**
     * What a method does to a run's model.
     *
     * @param method the run's own, or another
     */
    public static Adaptation adaptation(
            RunConfig config,
            MethodConfig method,
            HfConfig model,
            TensorSource source,
            Optional<PeftAdapter> adapter,
            int threads) {
        return Adaptation.of(
                method, model, source, taskType(config.task()), localName(config.model()), adapter, threads);
    }

    /** PEFT's name of a task. */
    private static String taskType(Task task) {
        return task == Task.CLASSIFICATION ? "SEQ_CLS" : "CAUSAL_LM";
    }

    /** How an adapter names its base: a path of this machine without its scheme, as PEFT can load it. */
    private static String localName(String model) {
        return model.startsWith("file:")
                ? org.apache.hadoop.fs.Path.getPathWithoutSchemeAndAuthority(new org.apache.hadoop.fs.Path(model))
                        .toString()
                : model;
    }

    private static LoadedModel load(
            RunConfig config,
            NDManager manager,
            ScriptModule script,
            HfConfig model,
            TensorSource source,
            int classes,
            Adaptation adaptation,
            boolean resized) {
        long seed = config.training().seed();
        if (config.task() == Task.CLASSIFICATION) {
            if (Nf4Checkpoint.isQuantized(model)) {
                throw RunException.data(model.source() + ": a 4-bit model can be trained to generate text only; give"
                        + " the encoder in full precision, method.type: qlora quantises it");
            }
            Encoder encoder = Encoder.load(
                    manager, script, model, source, HeadKind.SEQUENCE_CLASSIFICATION, classes, adaptation, seed);
            return new LoadedModel(encoder, new ClassificationLoss(script), model, adaptation.lora(), resized);
        }
        Decoder decoder = Decoder.load(manager, script, model, source, adaptation, seed);
        return new LoadedModel(decoder, new CausalLmLoss(script, decoder), model, adaptation.lora(), resized);
    }
}
