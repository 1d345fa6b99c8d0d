package io.github.sparkfinetune.core.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.collective.LostRankException;
import io.github.sparkfinetune.core.model.Batch;
import io.github.sparkfinetune.core.model.Block;
import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.core.model.Parameter;
import io.github.sparkfinetune.core.optim.AdamW;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.stream.Stream;

/**
 * Gradients of one step: added up over micro-batches, and over the ranks. The gradients of a block start to travel as
 * soon as they are complete, while the block below is still computed.
 */
public final class Gradients {
    private final ScriptModule script;
    private final Collective collective;
    private final Map<Block, GradientBuffer> buffers = new LinkedHashMap<>();
    private final Optional<TableGradient> table;
    private final Optional<Block> projection;
    private final boolean tied;
    private final List<Future<?>> underWay = new ArrayList<>();

    Gradients(NDManager manager, ScriptModule script, Model model, Collective collective) {
        this.script = script;
        this.collective = collective;
        Stream.concat(model.blocks().stream(), model.projection().stream())
                .filter(block -> !block.trainable().isEmpty())
                .forEach(block -> buffers.put(block, new GradientBuffer(manager, script, block.trainable())));
        projection = model.projection().filter(buffers::containsKey);
        tied = model.tied();
        table = model.table().trainable() ? Optional.of(tableGradient(manager, script, model)) : Optional.empty();
    }

    private static TableGradient tableGradient(NDManager manager, ScriptModule script, Model model) {
        return model.tied()
                ? new TiedGradient(manager, script, model.table(), model.paddingId())
                : new RowGradient(manager, script, model.table(), model.paddingId());
    }

    /** Registers every trained parameter and its gradient. */
    void addTo(AdamW optimizer, Model model) {
        table.ifPresent(rows -> optimizer.add(model.table(), rows.dense()));
        buffers.forEach((block, buffer) -> {
            List<Parameter> parameters = block.trainable();
            for (int i = 0; i < parameters.size(); i++) {
                optimizer.add(parameters.get(i), buffer.gradients().get(i));
            }
        });
    }

    /**
     * Starts a step.
     *
     * @param ids token ids of the global batch
     */
    void begin(SortedSet<Integer> ids) {
        table.ifPresent(
                rows -> rows.begin(ids.stream().mapToInt(Integer::intValue).toArray()));
    }

    /** One gradient for each of the block's trained parameters. */
    List<NDArray> of(Block block) {
        GradientBuffer buffer = buffers.get(block);
        return buffer == null ? List.of() : buffer.gradients();
    }

    /** Where the objective puts the gradient of the weights that it reads itself; empty where they are frozen. */
    Optional<NDArray> projection() {
        return tied
                ? table.map(TableGradient::dense)
                : projection.map(block -> of(block).get(0));
    }

    /** The projection's gradient is complete on this rank, if it does not go on to the embedding table. */
    void completeProjection() {
        projection.ifPresent(this::complete);
    }

    /** Adds a batch's gradient with respect to its rows of the embedding table. */
    void addRows(NDManager owner, Batch batch, NDArray gradient) {
        table.orElseThrow().add(owner, batch, gradient);
    }

    /** The embedding table's gradient, after {@link #await}. */
    NDArray tableGradient() {
        return table.orElseThrow().dense();
    }

    /** Whether a step needs the token ids of the global batch. */
    boolean needsIds() {
        return table.filter(TableGradient::needsIds).isPresent();
    }

    /** Whether the embedding table is trained. */
    boolean hasTable() {
        return table.isPresent();
    }

    /** Takes part in a step with no sample on this rank: all gradients are zero, and travel. */
    void completeEmpty(NDManager owner) {
        // In the order in which a rank with samples completes them.
        List<Block> blocks = new ArrayList<>(buffers.keySet());
        for (int i = blocks.size() - 1; i >= 0; i--) {
            buffers.get(blocks.get(i)).clear(owner);
            complete(blocks.get(i));
        }
        table.ifPresent(gradient -> {
            gradient.clear(owner);
            completeTable();
        });
    }

    /** A block's gradients, where it has any, are complete on this rank. */
    void complete(Block block) {
        GradientBuffer buffer = buffers.get(block);
        if (buffer != null) {
            underWay.add(buffer.send(collective));
        }
    }

    /** The embedding table's gradient is complete on this rank. */
    void completeTable() {
        underWay.add(table.orElseThrow().send(collective));
    }

    /** Waits for the sums over the ranks. */
    void await(NDManager owner) {
        for (Future<?> sum : underWay) {
            join(sum);
        }
        underWay.clear();
        buffers.values().forEach(buffer -> buffer.arrived(collective));
        table.ifPresent(rows -> rows.arrived(owner, collective));
    }

    private static void join(Future<?> sum) {
        try {
            sum.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof LostRankException lost) {
                throw lost;
            }
            throw new IllegalStateException("summing gradients", e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while summing gradients", e);
        }
    }

    /** L2 norm over all gradients. */
    double norm(NDManager owner) {
        double squares = 0;
        for (GradientBuffer buffer : buffers.values()) {
            squares += square(script.callOne(owner, "norm", buffer.flat()).getFloat());
        }
        if (table.isPresent()) {
            squares += square(
                    script.callOne(owner, "norm", table.orElseThrow().nonZero()).getFloat());
        }
        return Math.sqrt(squares);
    }

    private static double square(double x) {
        return x * x;
    }
}
