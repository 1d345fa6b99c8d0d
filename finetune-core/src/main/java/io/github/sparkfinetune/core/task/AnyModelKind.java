package io.github.sparkfinetune.core.task;

import io.github.sparkfinetune.conf.MethodConfig;
import io.github.sparkfinetune.core.arch.Architecture;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.core.memory.Activations;
import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.core.model.weight.Adaptation;
import io.github.sparkfinetune.data.hf.HfConfig;
import io.github.sparkfinetune.data.hf.TokenizerFiles;

/**
 * An encoder or a decoder with a head.
 *
 * @param head kind of the head
 * @param texts largest number of documents of a sample, each of which the model reads by itself
 */
public record AnyModelKind(HeadKind head, int texts) implements ModelKind<Model> {

    /** Creates a kind of a model that reads each sample as one text. */
    public AnyModelKind(HeadKind head) {
        this(head, 1);
    }

    private ModelKind<? extends Model> of(HfConfig config) {
        return Architectures.isDecoder(config) ? new DecoderKind(head) : new EncoderKind(head);
    }

    @Override
    public Model load(Pretrained base, int classes, Adaptation adaptation, long seed) {
        return of(base.config()).load(base, classes, adaptation, seed);
    }

    @Override
    public Architecture architecture(HfConfig config) {
        return of(config).architecture(config);
    }

    @Override
    public HfConfig completed(HfConfig config, TokenizerFiles tokenizer) {
        return of(config).completed(config, tokenizer);
    }

    @Override
    public Activations activations(
            HfConfig config, Adaptation adaptation, long samples, int longest, boolean recompute) {
        return of(config).activations(config, adaptation, samples * texts, (longest + texts - 1) / texts, recompute);
    }

    @Override
    public double highestUsualLearningRate() {
        return new EncoderKind(head).highestUsualLearningRate();
    }

    @Override
    public MethodConfig.Type usualMethod(HfConfig config) {
        return of(config).usualMethod(config);
    }
}
