package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.model.ModelParts.Output;
import io.github.sparkfinetune.core.model.ModelParts.Stack;
import io.github.sparkfinetune.core.model.ModelParts.Table;
import io.github.sparkfinetune.core.model.batch.Batch;
import io.github.sparkfinetune.core.model.sharded.WeightGathering;
import io.github.sparkfinetune.core.model.weight.Block;
import io.github.sparkfinetune.core.model.weight.LmHead;
import io.github.sparkfinetune.core.model.weight.Parameter;
import io.github.sparkfinetune.core.model.weight.ParameterGroup;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.Tensors;
import java.nio.ByteBuffer;
import java.nio.IntBuffer;
import java.util.Arrays;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Passes over a model whose weights the ranks share. All ranks make a pass together, also those that have no samples
 * for it, because it gathers the weights of one block after the other. Of the embedding table it gathers the rows of
 * the ranks' tokens.
 */
final class ShardedPasses {
    private final ScriptModule script;
    private final Device device;
    private final Collective ranks;
    private final int paddingId;
    private final Table table;
    private final Stack stack;
    private final Output output;
    private final WeightGathering layers;

    private int[] ids = {};
    /** Owner of the rows of {@link #ids} in this pass. */
    private NDManager looked;

    private NDArray rows;
    /** Owner of the gathered weights of the lm_head. */
    private NDManager head;

    private Map<String, NDArray> lmHead = Map.of();

    /**
     * @param script script of the model
     * @param device device of the weights
     * @param paddingId id of the padding token, or -1
     * @param layers memory of the layers' gathered weights
     */
    ShardedPasses(
            ScriptModule script,
            Device device,
            Collective ranks,
            int paddingId,
            Table table,
            Stack stack,
            Output output,
            WeightGathering layers) {
        this.script = script;
        this.device = device;
        this.ranks = ranks;
        this.paddingId = paddingId;
        this.table = table;
        this.stack = stack;
        this.output = output;
        this.layers = layers;
    }

    /**
     * Begins a pass.
     *
     * @param sortedIds distinct token ids of all ranks' samples in ascending order, equal on all ranks; not read if the
     *     table is whole
     */
    void begin(int[] sortedIds) {
        releaseLmHead();
        if (looked != null) {
            looked.close();
            looked = null;
        }
        if (table.sharded().isPresent()) {
            ids = withPadding(sortedIds);
            looked = device.manager().newSubManager();
            long width = table.parameter().shape()[1];
            rows = looked.create(new Shape(ids.length, width), DataType.FLOAT32);
            table.sharded().orElseThrow().gatherRows(ids, rows);
        }
    }

    /** Returns the ids with that of the padding token, which batches have beside the samples' tokens. */
    private int[] withPadding(int[] sortedIds) {
        if (paddingId < 0 || Arrays.binarySearch(sortedIds, paddingId) >= 0) {
            return sortedIds;
        }
        return IntStream.concat(Arrays.stream(sortedIds), IntStream.of(paddingId))
                .sorted()
                .toArray();
    }

    /** Returns the embedding rows of a batch's ids, or empty if the table is whole. */
    Optional<NDArray> lookup(NDManager owner, Batch batch) {
        if (table.sharded().isEmpty()) {
            return Optional.empty();
        }
        long[] indices = batch.ids().toLongArray();
        Arrays.setAll(indices, i -> Arrays.binarySearch(ids, (int) indices[i]));
        return Optional.of(script.callOne(owner, "lookup", rows, Tensors.of(owner, indices)));
    }

    /**
     * Waits for the weights of the next block of a pass.
     *
     * @param isForward whether the block after it is the one above
     */
    void prepare(Block block, boolean isForward) {
        block.share().ifPresent(share -> layers.prepare(share, isForward));
    }

    /** Gathers the weights of the lm_head, after the last block. */
    void prepareLmHead() {
        Optional<ParameterGroup> own =
                output.lmHead().filter(group -> group.sharded().isPresent());
        if (own.isPresent()) {
            ParameterGroup group = own.orElseThrow();
            List<NDArray> like =
                    group.trainable().stream().map(Parameter::value).toList();
            head = device.manager().newSubManager();
            lmHead = group.byName(group.sharded().orElseThrow().whole(head, like));
        } else if (table.sharded().isPresent() && isTableRead()) {
            head = device.manager().newSubManager();
            List<NDArray> like = List.of(table.parameter().value());
            lmHead = Map.of(
                    LmHead.WEIGHT,
                    table.sharded().orElseThrow().whole(head, like).get(0));
        }
    }

    private boolean isTableRead() {
        return !output.weights().isEmpty() && LmHead.isTable(output.lmHead());
    }

    /** Frees the gathered weights of the lm_head. */
    void releaseLmHead() {
        lmHead = Map.of();
        if (head != null) {
            head.close();
            head = null;
        }
    }

    /** Returns the weights of the lm_head; those that the ranks share are valid after {@link #prepareLmHead}. */
    Map<String, NDArray> lmHeadWeights() {
        Map<String, NDArray> weights = new LinkedHashMap<>(output.weights());
        weights.putAll(lmHead);
        return weights;
    }

    /** Begins a pass that computes a batch on this rank, and on other ranks other batches or none. */
    void join(Batch batch) {
        exchange(Optional.of(batch));
    }

    /** Takes part in the passes of ranks that have more batches than this rank, until no rank has one. */
    void finish() {
        while (exchange(Optional.empty())) {
            stack.blocks().forEach(block -> prepare(block, true));
            prepareLmHead();
        }
    }

    /** Begins a pass, if any rank has a batch; returns whether one has. */
    private boolean exchange(Optional<Batch> batch) {
        BitSet own = new BitSet();
        batch.filter(some -> table.sharded().isPresent())
                .ifPresent(some -> Arrays.stream(some.ids().toLongArray()).forEach(id -> own.set((int) id)));
        ByteBuffer message = ByteBuffer.allocate(1 + own.cardinality() * Integer.BYTES);
        message.put((byte) (batch.isPresent() ? 1 : 0));
        own.stream().forEach(message::putInt);
        boolean any = false;
        BitSet union = new BitSet();
        for (byte[] bytes : ranks.allGather(message.array())) {
            ByteBuffer received = ByteBuffer.wrap(bytes);
            any |= received.get() != 0;
            IntBuffer ofRank = received.asIntBuffer();
            while (ofRank.hasRemaining()) {
                union.set(ofRank.get());
            }
        }
        if (any) {
            begin(union.stream().toArray());
        }
        return any;
    }

    /** Forgets gathered weights, after the optimizer has changed the shares. */
    void updated() {
        layers.updated();
        releaseLmHead();
    }
}
