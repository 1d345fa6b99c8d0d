package io.github.sparkfinetune.core.model;

import io.github.sparkfinetune.core.adapter.LoraModule;
import io.github.sparkfinetune.core.arch.BlockKind;
import io.github.sparkfinetune.core.arch.HeadSpec;
import io.github.sparkfinetune.core.arch.ModelShape;
import io.github.sparkfinetune.core.model.batch.Batch;
import io.github.sparkfinetune.core.model.weight.Block;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/** Dropout masks of one rank for the blocks of the current step; no masks in evaluation. */
public final class DropoutMasks {
    private static final DropoutMasks NONE = new DropoutMasks(null);

    private final Dropout dropout;
    /** Rows of the batches of this step. */
    private final IdentityHashMap<Batch, Rows> rowsOfBatches = new IdentityHashMap<>();

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
        rowsOfBatches.clear();
    }

    /** Returns the masks of a block. A site with rate 0 has no mask. */
    BlockMasks of(Model model, Block block, Batch batch) {
        if (dropout == null) {
            return BlockMasks.NONE;
        }
        Sites sites = new Sites(block, batch);
        ModelShape shape = model.shape();
        boolean isFirst = block.kind() == BlockKind.HEAD && model.readsFirstTokens();
        switch (block.kind()) {
            case EMBEDDINGS ->
                sites.tokens(DropoutSite.EMBEDDINGS, shape.dropout().embedding(), shape.embedding());
            case LAYER -> {
                sites.probs(shape.dropout().probs(), shape.heads());
                sites.tokens(DropoutSite.ATTENTION_OUTPUT, shape.dropout().attentionOutput(), shape.hidden());
                sites.tokens(DropoutSite.OUTPUT, shape.dropout().hidden(), shape.hidden());
                sites.relative(model);
            }
            case HEAD -> {
                HeadSpec head = model.head();
                sites.head(DropoutSite.HEAD_INPUT, head.inputDropout(), shape.hidden(), isFirst);
                sites.head(DropoutSite.HEAD, head.dropout(), shape.hidden(), isFirst);
            }
        }
        return sites.withAdapters(model, isFirst);
    }

    /** Rows of a batch's masks, which all blocks share. */
    private static final class Rows {
        private final MaskRows tokens;
        private final MaskRows firstTokens;
        private final Map<Integer, MaskRows> queries = new HashMap<>();
        private final Map<Integer, MaskRows> tables = new HashMap<>();

        Rows(Batch batch) {
            tokens = MaskRows.tokens(batch);
            firstTokens = MaskRows.firstTokens(batch);
        }
    }

    /** Builder of one block's masks. */
    private final class Sites {
        private final Block block;
        private final Batch batch;
        private final Rows rows;
        private final List<Dropout.Mask> masks = new ArrayList<>();

        Sites(Block block, Batch batch) {
            this.block = block;
            this.batch = batch;
            this.rows = rowsOfBatches.computeIfAbsent(batch, Rows::new);
        }

        private long siteId(DropoutSite site) {
            return Dropout.siteId(block.layer(), site);
        }

        private void put(String name, long siteId, double rate, MaskRows of, int width) {
            if (rate > 0) {
                masks.add(new Dropout.Mask(name, siteId, rate, of, width));
            }
        }

        void tokens(DropoutSite site, double rate, int width) {
            head(site, rate, width, false);
        }

        /** @param isFirst whether the site covers only the first token of each sample */
        void head(DropoutSite site, double rate, int width, boolean isFirst) {
            put(site.script(), siteId(site), rate, isFirst ? rows.firstTokens : rows.tokens, width);
        }

        void probs(double rate, int heads) {
            if (rate > 0) {
                MaskRows of = rows.queries.computeIfAbsent(heads, some -> MaskRows.queries(batch, some));
                put(DropoutSite.PROBS.script(), siteId(DropoutSite.PROBS), rate, of, 0);
            }
        }

        /** Adds masks over the table of relative positions, which are the same for all samples of a step. */
        void relative(Model model) {
            ModelShape shape = model.shape();
            if (shape.tables().relative() == 0) {
                return;
            }
            MaskRows table = rows.tables.computeIfAbsent(shape.tables().relative(), MaskRows::table);
            double rate = shape.dropout().hidden();
            put(DropoutSite.RELATIVE.script(), siteId(DropoutSite.RELATIVE), rate, table, shape.hidden());
            for (String linear : model.relativeLinears()) {
                LoraModule module = block.adapters().get(linear);
                if (module != null) {
                    String name = linear + DropoutSite.OF_RELATIVE;
                    put(name, Dropout.siteId(block.layer(), name), module.dropout(), table, shape.hidden());
                }
            }
        }

        BlockMasks withAdapters(Model model, boolean isFirst) {
            block.adapters()
                    .forEach((linear, module) -> put(
                            linear,
                            Dropout.siteId(block.layer(), linear),
                            module.dropout(),
                            isFirst ? rows.firstTokens : rows.tokens,
                            module.module().in()));
            return dropout.of(model.script(), step, masks, batch.ids().getManager());
        }
    }
}
