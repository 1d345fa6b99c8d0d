package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.adapter.LoraModule;
import io.github.sparkfinetune.core.arch.BlockKind;
import io.github.sparkfinetune.core.arch.DecoderShape;
import io.github.sparkfinetune.core.arch.EncoderShape;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.arch.HeadSpec;
import io.github.sparkfinetune.core.model.batch.Batch;
import io.github.sparkfinetune.core.model.weight.Block;
import java.util.LinkedHashMap;
import java.util.Map;

/** Dropout masks of one rank for the blocks of the current step; no masks in evaluation. */
public final class DropoutMasks {
    private static final DropoutMasks NONE = new DropoutMasks(null);

    private final Dropout dropout;
    private long step;

    private DropoutMasks(Dropout dropout) {
        this.dropout = dropout;
    }

    /** Returns masks that drop nothing, for evaluation and prediction. */
    public static DropoutMasks none() {
        return NONE;
    }

    /**
     * Returns masks with the model's own rates.
     *
     * @param seed seed of the run
     * @param threads number of threads that fill masks
     */
    public static DropoutMasks of(long seed, int threads) {
        return new DropoutMasks(new Dropout(seed, threads));
    }

    /**
     * Sets the step whose masks are drawn.
     *
     * @param newStep number of completed optimizer steps
     */
    public void step(long newStep) {
        step = newStep;
    }

    /** Returns the masks of an encoder's block by the script's name of the site. A site with rate 0 has no mask. */
    Map<String, NDArray> of(NDManager owner, Encoder encoder, Block block, Batch batch) {
        Sites sites = new Sites(owner, block, batch);
        EncoderShape shape = encoder.shape();
        boolean isFirst = block.kind() == BlockKind.HEAD && encoder.headKind() == HeadKind.SEQUENCE_CLASSIFICATION;
        switch (block.kind()) {
            case EMBEDDINGS ->
                sites.tokens(DropoutSite.EMBEDDINGS, shape.dropout().embedding(), shape.embedding());
            case LAYER -> {
                sites.probs(shape.dropout().probs(), shape.heads());
                sites.tokens(DropoutSite.ATTENTION_OUTPUT, shape.dropout().attentionOutput(), shape.hidden());
                sites.tokens(DropoutSite.OUTPUT, shape.dropout().hidden(), shape.hidden());
                sites.relative(encoder);
            }
            case HEAD -> {
                HeadSpec head = encoder.head();
                sites.head(DropoutSite.HEAD_INPUT, head.inputDropout(), shape.hidden(), isFirst);
                sites.head(DropoutSite.HEAD, head.dropout(), shape.hidden(), isFirst);
            }
        }
        return sites.withAdapters(isFirst);
    }

    /** Returns the masks of a decoder's block by the script's name of the site. A site with rate 0 has no mask. */
    Map<String, NDArray> of(NDManager owner, DecoderShape shape, Block block, Batch batch) {
        Sites sites = new Sites(owner, block, batch);
        switch (block.kind()) {
            case EMBEDDINGS ->
                sites.tokens(DropoutSite.EMBEDDINGS, shape.dropout().embedding(), shape.hidden());
            case LAYER -> {
                sites.probs(shape.dropout().probs(), shape.heads());
                sites.tokens(DropoutSite.ATTENTION_OUTPUT, shape.dropout().residual(), shape.hidden());
                sites.tokens(DropoutSite.OUTPUT, shape.dropout().residual(), shape.hidden());
            }
            case HEAD -> {
                // Nothing is dropped between the last layer and the logits.
            }
        }
        return sites.withAdapters(false);
    }

    /** Builder of one block's masks. */
    private final class Sites {
        private final NDManager owner;
        private final Block block;
        private final Batch batch;
        private final Map<String, NDArray> masks = new LinkedHashMap<>();

        Sites(NDManager owner, Block block, Batch batch) {
            this.owner = owner;
            this.block = block;
            this.batch = batch;
        }

        private boolean drops(double rate) {
            return dropout != null && rate > 0;
        }

        private long siteId(DropoutSite site) {
            return Dropout.siteId(block.layer(), site);
        }

        void tokens(DropoutSite site, double rate, int width) {
            head(site, rate, width, false);
        }

        /** @param isFirst whether the site covers only the first token of each sample */
        void head(DropoutSite site, double rate, int width, boolean isFirst) {
            put(site.script(), siteId(site), rate, width, isFirst);
        }

        private void put(String name, long siteId, double rate, int width, boolean isFirst) {
            if (drops(rate)) {
                masks.put(
                        name,
                        isFirst
                                ? dropout.firstTokens(owner, step, batch, siteId, rate, width)
                                : dropout.tokens(owner, step, batch, siteId, rate, width));
            }
        }

        void probs(double rate, int heads) {
            if (drops(rate)) {
                NDArray mask = dropout.probs(owner, step, batch, siteId(DropoutSite.PROBS), rate, heads);
                masks.put(DropoutSite.PROBS.script(), mask);
            }
        }

        /** Adds masks over the table of relative positions, which are the same for all samples of a step. */
        void relative(Encoder encoder) {
            int rows = encoder.shape().tables().relative();
            if (rows > 0) {
                double rate = encoder.shape().dropout().hidden();
                rows(DropoutSite.RELATIVE.script(), siteId(DropoutSite.RELATIVE), rate, encoder.shape());
            }
            for (String linear : encoder.relativeLinears()) {
                LoraModule module = block.adapters().get(linear);
                if (module != null) {
                    String name = linear + DropoutSite.OF_RELATIVE;
                    rows(name, Dropout.siteId(block.layer(), name), module.dropout(), encoder.shape());
                }
            }
        }

        private void rows(String name, long siteId, double rate, EncoderShape shape) {
            if (drops(rate)) {
                masks.put(
                        name,
                        dropout.rows(owner, step, siteId, rate, shape.tables().relative(), shape.hidden()));
            }
        }

        Map<String, NDArray> withAdapters(boolean isFirst) {
            block.adapters()
                    .forEach((linear, module) -> put(
                            linear,
                            Dropout.siteId(block.layer(), linear),
                            module.dropout(),
                            module.module().in(),
                            isFirst));
            return masks;
        }
    }
}
