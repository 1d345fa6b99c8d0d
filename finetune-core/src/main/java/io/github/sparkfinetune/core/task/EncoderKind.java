package io.github.sparkfinetune.core.task;

import io.github.sparkfinetune.conf.MethodConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.arch.BatchShape;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.core.memory.Activations;
import io.github.sparkfinetune.core.memory.Footprint;
import io.github.sparkfinetune.core.model.Encoder;
import io.github.sparkfinetune.core.model.weight.Adaptation;
import io.github.sparkfinetune.core.quant.Nf4Checkpoint;
import io.github.sparkfinetune.core.safetensors.TensorSource;
import io.github.sparkfinetune.data.hf.HfConfig;

/**
 * An encoder with a head.
 *
 * @param head kind of the head
 */
public record EncoderKind(HeadKind head) implements ModelKind<Encoder> {
    /** Multiple to which samples are padded. */
    private static final int PADDED = 8;

    @Override
    public Encoder load(Pretrained base, int classes, Adaptation adaptation, long seed) {
        if (Nf4Checkpoint.isQuantized(base.config())) {
            throw RunException.data(
                    base.config().source() + ": 4-bit models can be trained only for text generation; give"
                            + " the encoder in full precision, method.type: qlora quantises it");
        }
        return Encoder.load(
                base.manager(), base.matmul(), base.config(), base.source(), head, classes, adaptation, seed);
    }

    @Override
    public void check(HfConfig config) {
        // The head's names do not depend on the number of classes.
        Architectures.encoder(config).head(head, 1);
    }

    @Override
    public Footprint footprint(HfConfig config, TensorSource source, int classes, Adaptation adaptation) {
        return Footprint.ofEncoder(config, source, head, classes, adaptation);
    }

    @Override
    public Activations activations(
            HfConfig config, Adaptation adaptation, long samples, int longest, boolean recompute) {
        int padded = (longest + PADDED - 1) / PADDED * PADDED;
        int length = Math.min(Architectures.encoder(config).shape().maxLength(), padded);
        return Activations.ofEncoder(config, adaptation, new BatchShape(samples, length), recompute);
    }

    @Override
    public double highestUsualLearningRate() {
        return 1e-4;
    }

    @Override
    public double usualLearningRate() {
        return 5e-5;
    }

    @Override
    public MethodConfig.Type usualMethod(HfConfig config) {
        return MethodConfig.Type.FULL;
    }

    @Override
    public int sparseTableWidth(HfConfig config) {
        boolean tied =
                head == HeadKind.MASKED_LM && Architectures.encoder(config).isTied();
        return tied ? 0 : Architectures.encoder(config).shape().embedding();
    }
}
