package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.adapter.LoraModule;
import io.github.sparkfinetune.core.arch.BlockKind;
import io.github.sparkfinetune.core.arch.DecoderShape;
import io.github.sparkfinetune.core.arch.EncoderShape;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.arch.HeadSpec;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The dropout of one rank: which places of a block drop what in the current step, or nothing in evaluation. */
public final class DropoutMasks {
    private static final DropoutMasks NONE = new DropoutMasks(null);

    private final Dropout dropout;
    private long step;

    private DropoutMasks(Dropout dropout) {
        this.dropout = dropout;
    }

    /** Drops nothing: evaluation, prediction. */
    public static DropoutMasks none() {
        return NONE;
    }

    /**
     * Drops at the model's own rates.
     *
     * @param seed of the run
     * @param threads that may fill masks
     */
    public static DropoutMasks of(long seed, int threads) {
        return new DropoutMasks(new Dropout(seed, threads));
    }

    /**
     * Chooses the masks of a step.
     *
     * @param newStep optimizer steps done before it
     */
    public void step(long newStep) {
        step = newStep;
    }

    /** Masks of a block by the script's names of its sites; sites whose rate is 0 are missing. */
    Map<String, NDArray> of(NDManager owner, Encoder encoder, Block block, PaddedBatch batch) {
        Map<String, NDArray> masks = new LinkedHashMap<>();
        if (dropout == null) {
            return masks;
        }
        EncoderShape shape = encoder.shape();
        int length = batch.length();
        int width = shape.hidden();
        switch (block.kind()) {
            case EMBEDDINGS ->
                hidden(
                        masks,
                        owner,
                        block,
                        batch,
                        DropoutSite.EMBEDDINGS,
                        shape.embeddingDropout(),
                        length,
                        shape.embedding());
            case LAYER -> {
                probs(masks, owner, shape, block, batch);
                hidden(
                        masks,
                        owner,
                        block,
                        batch,
                        DropoutSite.ATTENTION_OUTPUT,
                        shape.attentionOutputDropout(),
                        length,
                        width);
                hidden(masks, owner, block, batch, DropoutSite.OUTPUT, shape.hiddenDropout(), length, width);
                relative(masks, owner, encoder, block);
            }
            case HEAD -> {
                int tokens = encoder.headKind() == HeadKind.SEQUENCE_CLASSIFICATION ? 1 : length;
                HeadSpec head = encoder.head();
                hidden(masks, owner, block, batch, DropoutSite.HEAD_INPUT, head.inputDropout(), tokens, width);
                hidden(masks, owner, block, batch, DropoutSite.HEAD, head.dropout(), tokens, width);
            }
            case PROJECTION, SHARED -> throw new IllegalArgumentException("a block that is computed by others");
        }
        block.adapters().forEach((linear, module) -> {
            if (module.dropout() > 0) {
                boolean first =
                        block.kind() == BlockKind.HEAD && encoder.headKind() == HeadKind.SEQUENCE_CLASSIFICATION;
                masks.put(
                        linear,
                        dropout.adapter(
                                owner,
                                step,
                                batch,
                                Dropout.place(block.layer(), linear),
                                module.dropout(),
                                first ? 1 : length,
                                module.module().in()));
            }
        });
        return masks;
    }

    private void probs(
            Map<String, NDArray> masks, NDManager owner, EncoderShape shape, Block block, PaddedBatch batch) {
        double rate = shape.probsDropout();
        if (rate > 0 && batch.isUnpadded()) {
            putProbs(masks, dropout.unpaddedProbs(owner, step, batch, block.layer(), rate, shape.heads()));
        } else if (rate > 0) {
            masks.put(
                    DropoutSite.PROBS.script(), dropout.probs(owner, step, batch, block.layer(), rate, shape.heads()));
        }
    }

    /** Those of each document. */
    private static void putProbs(Map<String, NDArray> masks, List<NDArray> probs) {
        for (int i = 0; i < probs.size(); i++) {
            masks.put(DropoutSite.PROBS.script() + "." + i, probs.get(i));
        }
    }

    /** Masks over the table of relative positions, which are the same for all samples of a step. */
    private void relative(Map<String, NDArray> masks, NDManager owner, Encoder encoder, Block block) {
        EncoderShape shape = encoder.shape();
        int rows = shape.relativeRows();
        if (rows > 0 && shape.hiddenDropout() > 0) {
            long place = Dropout.place(block.layer(), DropoutSite.RELATIVE);
            double rate = shape.hiddenDropout();
            masks.put(DropoutSite.RELATIVE.script(), dropout.rows(owner, step, place, rate, rows, shape.hidden()));
        }
        for (String linear : encoder.relativeLinears()) {
            LoraModule module = block.adapters().get(linear);
            if (module != null && module.dropout() > 0) {
                String name = linear + DropoutSite.OF_RELATIVE;
                long place = Dropout.place(block.layer(), name);
                masks.put(name, dropout.rows(owner, step, place, module.dropout(), rows, shape.hidden()));
            }
        }
    }

    /** Masks of a decoder's block by the script's names of its sites; sites whose rate is 0 are missing. */
    Map<String, NDArray> of(NDManager owner, DecoderShape shape, Block block, PackedBatch batch) {
        Map<String, NDArray> masks = new LinkedHashMap<>();
        if (dropout == null) {
            return masks;
        }
        switch (block.kind()) {
            case EMBEDDINGS ->
                packed(masks, owner, block, batch, DropoutSite.EMBEDDINGS, shape.embeddingDropout(), shape);
            case LAYER -> {
                if (shape.probsDropout() > 0) {
                    putProbs(
                            masks,
                            dropout.packedProbs(
                                    owner, step, batch, block.layer(), shape.probsDropout(), shape.heads()));
                }
                packed(masks, owner, block, batch, DropoutSite.ATTENTION_OUTPUT, shape.residualDropout(), shape);
                packed(masks, owner, block, batch, DropoutSite.OUTPUT, shape.residualDropout(), shape);
            }
            case HEAD, PROJECTION, SHARED -> {
                // Nothing is dropped between the last layer and the logits.
            }
        }
        block.adapters().forEach((linear, module) -> {
            if (module.dropout() > 0) {
                long place = Dropout.place(block.layer(), linear);
                masks.put(
                        linear,
                        dropout.packed(
                                owner,
                                step,
                                batch,
                                place,
                                module.dropout(),
                                module.module().in()));
            }
        });
        return masks;
    }

    private void packed(
            Map<String, NDArray> masks,
            NDManager owner,
            Block block,
            PackedBatch batch,
            DropoutSite site,
            double rate,
            DecoderShape shape) {
        if (rate > 0) {
            long place = Dropout.place(block.layer(), site);
            masks.put(site.script(), dropout.packed(owner, step, batch, place, rate, shape.hidden()));
        }
    }

    private void hidden(
            Map<String, NDArray> masks,
            NDManager owner,
            Block block,
            PaddedBatch batch,
            DropoutSite site,
            double rate,
            int tokens,
            int width) {
        if (rate > 0) {
            masks.put(site.script(), dropout.hidden(owner, step, batch, block.layer(), site, rate, tokens, width));
        }
    }
}
