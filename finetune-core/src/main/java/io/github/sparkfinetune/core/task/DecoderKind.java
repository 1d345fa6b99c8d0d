package io.github.sparkfinetune.core.task;

import io.github.sparkfinetune.conf.MethodConfig;
import io.github.sparkfinetune.core.arch.BatchShape;
import io.github.sparkfinetune.core.arch.DecoderArchitecture;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.core.memory.Activations;
import io.github.sparkfinetune.core.model.Decoder;
import io.github.sparkfinetune.core.model.weight.Adaptation;
import io.github.sparkfinetune.data.hf.HfConfig;
import io.github.sparkfinetune.data.hf.TokenizerFiles;

/**
 * A decoder with a head.
 *
 * @param head kind of the head
 */
public record DecoderKind(HeadKind head) implements ModelKind<Decoder> {
    @Override
    public Decoder load(Pretrained base, int classes, Adaptation adaptation, long seed) {
        return Decoder.load(
                base.manager(), base.matmul(), base.config(), base.source(), head, classes, adaptation, seed);
    }

    @Override
    public DecoderArchitecture architecture(HfConfig config) {
        return Architectures.decoder(config);
    }

    /**
     * Returns the configuration with the tokenizer's padding: a head that classifies reads the last token that is no
     * padding, and batches are padded by the tokenizer.
     */
    @Override
    public HfConfig completed(HfConfig config, TokenizerFiles tokenizer) {
        HfConfig grown = ModelKind.super.completed(config, tokenizer);
        return head == HeadKind.CAUSAL_LM
                ? grown
                : grown.with("pad_token_id", tokenizer.special().padId());
    }

    @Override
    public Activations activations(
            HfConfig config, Adaptation adaptation, long samples, int longest, boolean recompute) {
        return Activations.ofDecoder(config, adaptation, new BatchShape(samples, longest), recompute);
    }

    @Override
    public double highestUsualLearningRate() {
        return 5e-5;
    }

    @Override
    public MethodConfig.Type usualMethod(HfConfig config) {
        return MethodConfig.Type.LORA;
    }
}
