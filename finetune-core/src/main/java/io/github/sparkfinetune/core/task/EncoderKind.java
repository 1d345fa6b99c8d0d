package io.github.sparkfinetune.core.task;

import io.github.sparkfinetune.conf.MethodConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.arch.BatchShape;
import io.github.sparkfinetune.core.arch.EncoderArchitecture;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.core.memory.Activations;
import io.github.sparkfinetune.core.model.Encoder;
import io.github.sparkfinetune.core.model.weight.Adaptation;
import io.github.sparkfinetune.core.quant.Nf4Checkpoint;
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
    public EncoderArchitecture architecture(HfConfig config) {
        return Architectures.encoder(config);
    }

    @Override
    public Activations activations(
            HfConfig config, Adaptation adaptation, long samples, int longest, boolean recompute) {
        int padded = (longest + PADDED - 1) / PADDED * PADDED;
        int length = Math.min(architecture(config).shape().maxLength(), padded);
        return Activations.ofEncoder(config, adaptation, new BatchShape(samples, length), recompute);
    }

    @Override
    public double highestUsualLearningRate() {
        return 1e-4;
    }

    @Override
    public MethodConfig.Type usualMethod(HfConfig config) {
        return MethodConfig.Type.FULL;
    }
}
