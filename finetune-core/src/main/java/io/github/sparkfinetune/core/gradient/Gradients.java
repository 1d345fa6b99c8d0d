package io.github.sparkfinetune.core.gradient;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.arch.BlockKind;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.collective.LostRankException;
import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.core.model.batch.Batch;
import io.github.sparkfinetune.core.model.weight.Block;
import io.github.sparkfinetune.core.model.weight.LmHead;
import io.github.sparkfinetune.core.model.weight.Parameter;
import io.github.sparkfinetune.core.model.weight.ParameterGroup;
import io.github.sparkfinetune.core.model.weight.TokenRows;
import io.github.sparkfinetune.core.optim.Optimizer.ParameterGradient;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * Gradients of one step, added up over micro-batches and over the ranks. The all-reduce of a block's gradients starts
 * as soon as they are complete, while the block below is still computed. The gradients of small blocks wait for the
 * next block, so that a bucket has a useful size.
 */
public final class Gradients {
    /** Bytes from which gradients are all-reduced without those of the next block. */
    private static final long BUCKET = 8_000_000;

    /** Blocks whose gradients are all-reduced together, in the order in which the gradients complete. */
    private static final class Group {
        private final List<ParameterGroup> blocks;
        private final GradientBucket bucket;
        private int complete;

        Group(List<ParameterGroup> blocks, GradientBucket bucket) {
            this.blocks = blocks;
            this.bucket = bucket;
        }
    }

    private final ScriptModule script;
    private final Collective collective;
    private final Map<ParameterGroup, List<NDArray>> gradients = new LinkedHashMap<>();
    private final List<Group> groups;
    private final Optional<EmbeddingGradient> table;
    private final String tableName;
    private final Optional<ParameterGroup> lmHead;
    private final Optional<ParameterGroup> shared;
    private final boolean tied;
    private final List<ParameterGradient> parameters = new ArrayList<>();
    private final List<Future<?>> pending = new ArrayList<>();

    /** @param manager owner of the gradients, on the model's device */
    public Gradients(NDManager manager, Model model, Collective collective) {
        this.script = model.script();
        this.collective = collective;
        Device device = Device.of(manager);
        // Layers add to shared gradients until the lowest layer is done.
        List<ParameterGroup> trained = Stream.<Stream<? extends ParameterGroup>>of(
                        model.shared().stream(), model.blocks().stream(), model.lmHead().stream())
                .<ParameterGroup>flatMap(Function.identity())
                .filter(block -> !block.trainable().isEmpty())
                .toList();
        groups = groups(trained, device);
        for (ParameterGroup block : trained) {
            gradients.put(block, gradientsOf(block));
        }
        lmHead = model.lmHead().filter(trained::contains);
        shared = model.shared().filter(trained::contains);
        tied = model.tied();
        table = ofTable(device, script, model);
        tableName = model.tokenRows().isPresent() ? TokenRows.GRADIENT : LmHead.WEIGHT;
        Parameter trainedTable = model.tokenRows().map(TokenRows::parameter).orElse(model.table());
        table.ifPresent(gradient ->
                parameters.add(new ParameterGradient(trainedTable, gradient.gradient(), 1 + layers(model))));
        gradients.forEach((block, own) -> {
            List<Parameter> trainable = block.trainable();
            for (int i = 0; i < trainable.size(); i++) {
                parameters.add(new ParameterGradient(trainable.get(i), own.get(i), depth(block, layers(model))));
            }
        });
    }

    private List<Group> groups(List<ParameterGroup> trained, Device device) {
        List<Group> result = new ArrayList<>();
        List<ParameterGroup> blocks = new ArrayList<>();
        long bytes = 0;
        // The last block completes first.
        for (int i = trained.size() - 1; i >= 0; i--) {
            blocks.add(trained.get(i));
            bytes += Float.BYTES
                    * trained.get(i).trainable().stream()
                            .mapToLong(Parameter::size)
                            .sum();
            if (bytes >= BUCKET || i == 0) {
                List<Parameter> all = blocks.stream()
                        .flatMap(block -> block.trainable().stream())
                        .toList();
                result.add(new Group(List.copyOf(blocks), GradientBucket.of(device, script, all)));
                blocks.clear();
                bytes = 0;
            }
        }
        return List.copyOf(result);
    }

    private List<NDArray> gradientsOf(ParameterGroup block) {
        Group group = group(block);
        int from = group.blocks.stream()
                .takeWhile(before -> before != block)
                .mapToInt(before -> before.trainable().size())
                .sum();
        return group.bucket.gradients().subList(from, from + block.trainable().size());
    }

    private Group group(ParameterGroup block) {
        return groups.stream()
                .filter(group -> group.blocks.contains(block))
                .findFirst()
                .orElseThrow();
    }

    private static int layers(Model model) {
        return (int) model.blocks().stream()
                .filter(block -> block.kind() == BlockKind.LAYER)
                .count();
    }

    private static int depth(ParameterGroup block, int layers) {
        return switch (block.kind()) {
            case EMBEDDINGS -> 1 + layers;
            case LAYER -> layers - block.layer();
            case HEAD -> 0;
        };
    }

    private static Optional<EmbeddingGradient> ofTable(Device device, ScriptModule script, Model model) {
        if (model.tokenRows().isPresent()) {
            return Optional.of(
                    new TokenRowsGradient(device, script, model.tokenRows().get(), model.paddingId()));
        }
        if (!model.table().trainable()) {
            return Optional.empty();
        }
        return Optional.of(
                model.tied()
                        ? new TiedEmbeddingGradient(device, script, model.table(), model.paddingId())
                        : new SparseEmbeddingGradient(device, script, model.table(), model.paddingId()));
    }

    /** Returns every trained parameter, the embedding table first, with its gradient after {@link #await}. */
    public List<ParameterGradient> parameters() {
        return List.copyOf(parameters);
    }

    /**
     * Starts a step.
     *
     * @param sortedIds distinct token ids of the global batch in ascending order, if {@link #needsIds}
     */
    public void begin(int[] sortedIds) {
        table.ifPresent(gradient -> gradient.begin(sortedIds));
    }

    /** Returns a gradient for each parameter of {@link Block#differentiated}. */
    public List<NDArray> of(Block block) {
        List<NDArray> own = gradients.getOrDefault(block, List.of());
        return block.kind() == BlockKind.LAYER && shared.isPresent()
                ? Stream.concat(own.stream(), gradients.get(shared.orElseThrow()).stream())
                        .toList()
                : own;
    }

    /** Sets the gradients to zero that layers only add to. */
    public void clearShared(NDManager owner) {
        shared.ifPresent(block -> gradients.get(block).forEach(gradient -> script.call(owner, "zero", gradient)));
    }

    /** Marks the gradients of shared weights as complete on this rank. */
    public void completeShared() {
        shared.ifPresent(this::complete);
    }

    /**
     * Returns the gradients of the weights that the objective itself reads, by their local names, without frozen
     * weights.
     */
    public Map<String, NDArray> lmHead() {
        Map<String, NDArray> named = new LinkedHashMap<>();
        lmHead.ifPresent(group -> named.putAll(group.byName(gradients.get(group))));
        if (tied) {
            table.ifPresent(gradient -> named.put(tableName, gradient.gradient().dense()));
        }
        return named;
    }

    /** Marks the lm_head's gradients as complete on this rank, except a tied table's gradient. */
    public void completeLmHead() {
        lmHead.ifPresent(this::complete);
    }

    /** Adds a batch's gradient with respect to its rows of the embedding table. */
    public void addRows(NDManager owner, Batch batch, NDArray gradient) {
        table.orElseThrow().add(owner, batch, gradient);
    }

    /** Returns whether a step needs the token ids of the global batch. */
    public boolean needsIds() {
        return table.filter(EmbeddingGradient::needsIds).isPresent();
    }

    /** Returns whether the embedding table, or rows of it, is trained. */
    public boolean hasTable() {
        return table.isPresent();
    }

    /** Takes part in a step without samples on this rank: all gradients are zero, and are all-reduced. */
    public void completeEmpty(NDManager owner) {
        // The order is that in which a rank with samples completes the gradients.
        for (Group group : groups) {
            group.bucket.clear(owner);
            pending.addAll(group.bucket.allReduce(collective));
        }
        table.ifPresent(gradient -> {
            gradient.bucket().clear(owner);
            completeTable();
        });
    }

    /** Marks a block's gradients, if any, as complete on this rank. */
    public void complete(ParameterGroup block) {
        if (!gradients.containsKey(block)) {
            return;
        }
        Group group = group(block);
        group.complete++;
        if (group.complete == group.blocks.size()) {
            group.complete = 0;
            pending.addAll(group.bucket.allReduce(collective));
        }
    }

    /** Marks the embedding table's gradient as complete on this rank. */
    public void completeTable() {
        pending.addAll(table.orElseThrow().bucket().allReduce(collective));
    }

    /** Waits for the sums over the ranks. */
    public void await() {
        for (Future<?> sum : pending) {
            join(sum);
        }
        pending.clear();
        allBuckets().forEach(bucket -> bucket.finish(collective));
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

    /** Returns the L2 norm over all gradients. */
    public double norm(NDManager owner) {
        double squares = 0;
        for (GradientBucket bucket : allBuckets()) {
            double norm = script.callOne(owner, "norm", bucket.flat()).getFloat();
            squares += norm * norm;
        }
        return Math.sqrt(squares);
    }

    private List<GradientBucket> allBuckets() {
        return Stream.concat(groups.stream().map(group -> group.bucket), table.map(EmbeddingGradient::bucket).stream())
                .toList();
    }
}
