package io.github.sparkfinetune.core.gradient;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.arch.BlockKind;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.collective.LostRankException;
import io.github.sparkfinetune.core.model.Batch;
import io.github.sparkfinetune.core.model.Block;
import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.core.model.Parameter;
import io.github.sparkfinetune.core.model.Projection;
import io.github.sparkfinetune.core.optim.Optimizer.ParameterGradient;
import io.github.sparkfinetune.core.tensor.Device;
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
    private final Map<Block, GradientBucket> buckets = new LinkedHashMap<>();
    private final Optional<EmbeddingGradient> table;
    private final Optional<Block> projection;
    private final boolean tied;
    private final List<ParameterGradient> parameters = new ArrayList<>();
    private final List<Future<?>> underWay = new ArrayList<>();

    /** @param manager owner of the gradients, on the model's device */
    public Gradients(NDManager manager, Model<?> model, Collective collective) {
        this.script = model.script();
        this.collective = collective;
        Device device = Device.of(manager);
        Stream.concat(model.blocks().stream(), model.projection().stream())
                .filter(block -> !block.trainable().isEmpty())
                .forEach(block -> buckets.put(block, GradientBucket.of(device, script, block.trainable())));
        projection = model.projection().filter(buckets::containsKey);
        tied = model.tied();
        table = model.table().trainable() ? Optional.of(ofTable(device, script, model)) : Optional.empty();
        table.ifPresent(
                gradient -> parameters.add(new ParameterGradient(model.table(), gradient.dense(), 1 + layers(model))));
        buckets.forEach((block, bucket) -> {
            List<Parameter> trainable = block.trainable();
            for (int i = 0; i < trainable.size(); i++) {
                parameters.add(new ParameterGradient(
                        trainable.get(i), bucket.gradients().get(i), depth(block, layers(model))));
            }
        });
    }

    private static int layers(Model<?> model) {
        return (int) model.blocks().stream()
                .filter(block -> block.kind() == BlockKind.LAYER)
                .count();
    }

    private static int depth(Block block, int layers) {
        return switch (block.kind()) {
            case EMBEDDINGS -> 1 + layers;
            case LAYER -> layers - block.layer();
            case HEAD, PROJECTION -> 0;
        };
    }

    private static EmbeddingGradient ofTable(Device device, ScriptModule script, Model<?> model) {
        return model.tied()
                ? new TiedEmbeddingGradient(device, script, model.table(), model.paddingId())
                : new SparseEmbeddingGradient(device, script, model.table(), model.paddingId());
    }

    /** Every trained parameter, the embedding table first, with the gradient that it has after {@link #await}. */
    public List<ParameterGradient> parameters() {
        return List.copyOf(parameters);
    }

    /**
     * Starts a step.
     *
     * @param ids token ids of the global batch, where {@link #needsIds} asks for them
     */
    public void begin(SortedSet<Integer> ids) {
        table.ifPresent(gradient ->
                gradient.begin(ids.stream().mapToInt(Integer::intValue).toArray()));
    }

    /** One gradient for each of the block's trained parameters. */
    public List<NDArray> of(Block block) {
        GradientBucket bucket = buckets.get(block);
        return bucket == null ? List.of() : bucket.gradients();
    }

    /**
     * Where the objective puts the gradients of the weights that it reads itself, by their local names; without those
     * that are frozen.
     */
    public Map<String, NDArray> projection() {
        Map<String, NDArray> gradients = new LinkedHashMap<>();
        projection.ifPresent(block -> gradients.putAll(block.byName(of(block))));
        if (tied) {
            table.ifPresent(gradient -> gradients.put(Projection.WEIGHT, gradient.dense()));
        }
        return gradients;
    }

    /** The projection's gradients are complete on this rank, but for one that goes on to the embedding table. */
    public void completeProjection() {
        projection.ifPresent(this::complete);
    }

    /** Adds a batch's gradient with respect to its rows of the embedding table. */
    public void addRows(NDManager owner, Batch batch, NDArray gradient) {
        table.orElseThrow().add(owner, batch, gradient);
    }

    /** Whether a step needs the token ids of the global batch. */
    public boolean needsIds() {
        return table.filter(EmbeddingGradient::needsIds).isPresent();
    }

    /** Whether the embedding table is trained. */
    public boolean hasTable() {
        return table.isPresent();
    }

    /** Takes part in a step with no sample on this rank: all gradients are zero, and travel. */
    public void completeEmpty(NDManager owner) {
        // In the order in which a rank with samples completes them.
        List<Block> blocks = new ArrayList<>(buckets.keySet());
        for (int i = blocks.size() - 1; i >= 0; i--) {
            buckets.get(blocks.get(i)).clear(owner);
            complete(blocks.get(i));
        }
        table.ifPresent(gradient -> {
            gradient.bucket().clear(owner);
            completeTable();
        });
    }

    /** A block's gradients, where it has any, are complete on this rank. */
    public void complete(Block block) {
        GradientBucket bucket = buckets.get(block);
        if (bucket != null) {
            underWay.add(bucket.allReduce(collective));
        }
    }

    /** The embedding table's gradient is complete on this rank. */
    public void completeTable() {
        underWay.add(table.orElseThrow().bucket().allReduce(collective));
    }

    /** Waits for the sums over the ranks. */
    public void await(NDManager owner) {
        for (Future<?> sum : underWay) {
            join(sum);
        }
        underWay.clear();
        allBuckets().forEach(bucket -> bucket.finish(collective));
        table.ifPresent(gradient -> gradient.finish(owner));
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
    public double norm(NDManager owner) {
        double squares = 0;
        for (GradientBucket bucket : allBuckets()) {
            double norm = script.callOne(owner, "norm", bucket.flat()).getFloat();
            squares += norm * norm;
        }
        return Math.sqrt(squares);
    }

    private List<GradientBucket> allBuckets() {
        return Stream.concat(buckets.values().stream(), table.map(EmbeddingGradient::bucket).stream())
                .toList();
    }
}
