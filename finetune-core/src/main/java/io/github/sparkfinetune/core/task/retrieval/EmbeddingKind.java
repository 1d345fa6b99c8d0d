package io.github.sparkfinetune.core.task.retrieval;

import io.github.sparkfinetune.conf.MethodConfig;
import io.github.sparkfinetune.conf.retrieval.EmbeddingConfig;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.arch.TextPooling;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.core.memory.Activations;
import io.github.sparkfinetune.core.memory.Footprint;
import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.core.model.weight.Adaptation;
import io.github.sparkfinetune.core.safetensors.TensorSource;
import io.github.sparkfinetune.core.task.AnyModelKind;
import io.github.sparkfinetune.core.task.ModelKind;
import io.github.sparkfinetune.core.task.Pretrained;
import io.github.sparkfinetune.data.hf.HfConfig;
import io.github.sparkfinetune.data.hf.TokenizerFiles;

/**
 * An encoder or a decoder that embeds the texts of a sample, each by itself.
 *
 * @param embedding settings of the run
 */
record EmbeddingKind(EmbeddingConfig embedding) implements ModelKind<Model> {
    private static final AnyModelKind KIND = new AnyModelKind(HeadKind.EMBEDDING);

    /** Returns the number of elements of a model's vectors. */
    static int width(HfConfig config) {
        return Architectures.of(config).shape().hidden();
    }

    @Override
    public HeadKind head() {
        return KIND.head();
    }

    @Override
    public Model load(Pretrained base, int classes, Adaptation adaptation, long seed) {
        HfConfig config = TextPooling.with(base.config(), embedding.vectors().pooling());
        Pretrained pooled = new Pretrained(base.manager(), base.matmul(), config, base.source());
        return KIND.load(pooled, classes, adaptation, seed);
    }

    @Override
    public void check(HfConfig config) {
        KIND.check(config);
    }

    @Override
    public HfConfig completed(HfConfig config, TokenizerFiles tokenizer) {
        return KIND.completed(config, tokenizer);
    }

    @Override
    public Footprint footprint(HfConfig config, TensorSource source, int classes, Adaptation adaptation) {
        return KIND.footprint(config, source, classes, adaptation);
    }

    @Override
    public Activations activations(
            HfConfig config, Adaptation adaptation, long samples, int longest, boolean recompute) {
        return new AnyModelKind(KIND.head(), embedding.texts().most())
                .activations(config, adaptation, samples, longest, recompute);
    }

    @Override
    public double highestUsualLearningRate() {
        return KIND.highestUsualLearningRate();
    }

    @Override
    public double usualLearningRate() {
        return KIND.usualLearningRate();
    }

    @Override
    public MethodConfig.Type usualMethod(HfConfig config) {
        return KIND.usualMethod(config);
    }

    @Override
    public int sparseTableWidth(HfConfig config) {
        return KIND.sparseTableWidth(config);
    }
}
