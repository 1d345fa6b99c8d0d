package io.github.sparkfinetune.core.gradient;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.conf.ClusterConfig.Shard;
import io.github.sparkfinetune.core.arch.BlockKind;
import io.github.sparkfinetune.core.checkpoint.TensorRange;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.core.model.batch.Batch;
import io.github.sparkfinetune.core.model.sharded.ShardedWeights;
import io.github.sparkfinetune.core.model.weight.Block;
import io.github.sparkfinetune.core.model.weight.LmHead;
import io.github.sparkfinetune.core.model.weight.Parameter;
import io.github.sparkfinetune.core.model.weight.ParameterGroup;
import io.github.sparkfinetune.core.model.weight.TokenRows;
import io.github.sparkfinetune.core.optim.Optimizer.ParameterGradient;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Gradients of one step, added up over micro-batches and over the ranks. The sum of a block's gradients over the ranks
 * starts as soon as they are complete, while the block below is still computed. The gradients of small blocks wait for
 * the next block, so that a {@link Bucket} has a useful size.
 */
public final class Gradients {
    /** Bytes from which gradients are summed without those of the next block. */
    private static final long BUCKET = 8_000_000;

    private final ScriptModule script;
    private final Collective collective;
    private final boolean isSharded;
    private final Buckets buckets;
    private final Optional<EmbeddingGradient> table;
    /** Gradient of trained rows of a frozen table that the objective reads. */
    private final Optional<TokenRowsGradient> tiedRows;
    /** The trained table that the objective reads. */
    private final Optional<Parameter> tied;
    /** The trained table of a private run, whose gradient has every row. */
    private final Optional<SampleTable> sampleTable;

    private final Optional<ParameterGroup> lmHead;
    private final Optional<ParameterGroup> shared;
    private final Optional<ParameterExchange> exchange;
    private final List<GradientGroup> groups = new ArrayList<>();
    private final List<ParameterGradient> parameters = new ArrayList<>();

    /**
     * @param manager owner of the gradients, on the model's device
     * @param shard what the ranks share
     * @param isPrivate whether the samples' gradients are clipped one by one, see {@link #ofSamples}
     */
    public Gradients(NDManager manager, Model model, Collective collective, Shard shard, boolean isPrivate) {
        this.script = model.script();
        this.collective = collective;
        this.isSharded = collective.size() > 1 && shard.shares(Shard.GRADIENTS);
        int ranks = shard == Shard.NONE ? 1 : collective.size();
        Device device = Device.of(manager);
        // Layers add to shared gradients until the lowest layer is done.
        List<ParameterGroup> trained = Stream.of(
                        model.shared().stream(), model.blocks().stream(), model.lmHead().stream())
                .<ParameterGroup>flatMap(stream -> stream)
                .filter(group -> !group.trainable().isEmpty())
                .toList();
        int layers = GradientGroup.layers(model);
        lmHead = model.lmHead().filter(trained::contains);
        shared = model.shared().filter(trained::contains);
        Optional<GradientGroup> tableGroup = Optional.of(
                        model.tokenRows().map(TokenRows::parameter).orElse(model.table()))
                .filter(Parameter::trainable)
                .map(parameter ->
                        GradientGroup.of(parameter, List.of(parameter), 1 + layers, ranks, model.shardedTable()));
        tied = tableGroup.isPresent() && model.tokenRows().isEmpty() && model.tied()
                ? Optional.of(model.table())
                : Optional.empty();
        List<GradientGroup> order = new ArrayList<>(trained.stream()
                .map(group -> GradientGroup.of(
                        group, group.trainable(), GradientGroup.depth(group, layers), ranks, group.sharded()))
                .toList());
        tableGroup.ifPresent(groups::add);
        groups.addAll(order);
        boolean isDense = tied.isPresent() || isPrivate;
        // The last block completes first, and before it the table that the objective reads.
        tableGroup.filter(group -> isDense).ifPresent(order::add);
        Collections.reverse(order);
        buckets = new Buckets(device, script, collective, isSharded, order, BUCKET);
        Optional<TokenRowsGradient> tokenRows = model.tokenRows()
                .map(rows -> new TokenRowsGradient(
                        device, script, collective, rows, tableGroup.orElseThrow(), model.paddingId()));
        tiedRows = tokenRows.filter(rows -> model.tied());
        sampleTable = tableGroup
                .filter(group -> isPrivate)
                .map(group -> new SampleTable(
                        script, group, buckets.opened(group.owner()).get(0), tied.isPresent(), model.paddingId()));
        table = tokenRows.isPresent()
                ? tokenRows.map(EmbeddingGradient.class::cast)
                : tableGroup.filter(group -> !isPrivate).map(group -> {
                    SparseEmbeddingGradient lookups =
                            new SparseEmbeddingGradient(device, script, collective, group, model.paddingId());
                    return tied.isEmpty() ? lookups : new TiedEmbeddingGradient(lookups, buckets.of(model.table()));
                });
        table.ifPresent(gradient -> parameters.addAll(gradient.parameters()));
        tableGroup.filter(group -> isDense).ifPresent(group -> parameters.addAll(buckets.parameters(group.owner())));
        trained.forEach(group -> parameters.addAll(buckets.parameters(group)));
        exchange = ranks == 1
                ? Optional.empty()
                : Optional.of(new ParameterExchange(device, script, collective, held(false)));
    }

    private List<GradientGroup> held(boolean inShares) {
        return groups.stream()
                .filter(group -> group.sharded().isPresent() == inShares)
                .toList();
    }

    /** Returns the trained parameters that this rank holds whole, the embedding table first. */
    public List<Parameter> whole() {
        return parameters(held(false));
    }

    /** Returns the trained parameters of which this rank holds a share, by their shares. */
    public Map<ShardedWeights, List<Parameter>> sharded() {
        Map<ShardedWeights, List<Parameter>> sharded = new LinkedHashMap<>();
        held(true).forEach(group -> sharded.put(group.sharded().orElseThrow(), group.parameters()));
        return sharded;
    }

    private static List<Parameter> parameters(List<GradientGroup> groups) {
        return groups.stream().flatMap(group -> group.parameters().stream()).toList();
    }

    /** Returns this rank's shares of the parameters of {@link #sharded}. */
    public List<Parameter> shares() {
        Set<String> names = parameters(held(true)).stream().map(Parameter::name).collect(Collectors.toSet());
        return parameters.stream()
                .map(ParameterGradient::parameter)
                .filter(share -> names.contains(TensorRange.ofName(share.name()).tensor()))
                .toList();
    }

    /**
     * Returns what this rank updates with its gradient after {@link #await}, the embedding table first: all trained
     * parameters, or its shares of them.
     */
    public List<ParameterGradient> parameters() {
        return List.copyOf(parameters);
    }

    /** Returns whether the micro-batches of a step must pass each block together, so that its gradients exist once. */
    public boolean areSharded() {
        return isSharded;
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
        List<NDArray> own = buckets.opened(block);
        return block.kind() == BlockKind.LAYER && shared.isPresent()
                ? Stream.concat(own.stream(), buckets.opened(shared.orElseThrow()).stream())
                        .toList()
                : own;
    }

    /** Sets the gradients of a block to zero, on a rank that has no samples in this step. */
    public void clear(NDManager owner, ParameterGroup block) {
        clear(owner, buckets.opened(block));
    }

    private void clear(NDManager owner, List<NDArray> gradients) {
        gradients.forEach(gradient -> script.call(owner, "zero", gradient));
    }

    /** Sets the gradients to zero that layers only add to. */
    public void clearShared(NDManager owner) {
        shared.ifPresent(block -> clear(owner, block));
    }

    /** Marks the gradients of shared weights as complete on this rank. */
    public void completeShared() {
        shared.ifPresent(buckets::complete);
    }

    /**
     * Returns the gradients of the weights that the objective itself reads, by their local names, without frozen
     * weights.
     */
    public Map<String, NDArray> lmHead() {
        Map<String, NDArray> named = new LinkedHashMap<>();
        lmHead.ifPresent(group -> named.putAll(group.byName(buckets.opened(group))));
        tied.ifPresent(
                parameter -> named.put(LmHead.WEIGHT, buckets.opened(parameter).get(0)));
        tiedRows.ifPresent(rows -> named.put(TokenRows.GRADIENT, rows.ofHead()));
        return named;
    }

    /** Sets the gradients of {@link #lmHead} to zero, on a rank that has no samples in this step. */
    public void clearLmHead(NDManager owner) {
        lmHead.ifPresent(group -> clear(owner, group));
        tied.ifPresent(parameter -> clear(owner, buckets.opened(parameter)));
    }

    /** Marks the gradients that the objective writes as complete on this rank. */
    public void completeLmHead() {
        tied.ifPresent(buckets::complete);
        lmHead.ifPresent(buckets::complete);
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

    /** Marks a block's gradients, if any, as complete on this rank. */
    public void complete(ParameterGroup block) {
        buckets.complete(block);
    }

    /** Marks the gradient of the embedding table's looked-up rows as complete on this rank. */
    public void completeTable() {
        table.ifPresent(EmbeddingGradient::complete);
    }

    /**
     * Returns gradients of single samples, whose clipped sum becomes these gradients.
     *
     * @param owner owner of the samples' gradients
     * @param measured blocks of which only the norms of the samples' gradients are measured
     * @param batchSize number of samples of a micro-batch
     * @throws IllegalStateException if ranks hold shares of gradients, or these are not the gradients of a private run
     */
    public SampleGradients ofSamples(NDManager owner, Set<Block> measured, int batchSize) {
        if (isSharded || hasTable()) {
            throw new IllegalStateException("gradients that are not whole cannot be clipped one by one");
        }
        return new SampleGradients(owner, script, buckets.whole(), shared, lmHead, sampleTable, measured, batchSize);
    }

    /** Marks all gradients as complete on this rank. */
    public void completeAll() {
        buckets.completeAll();
    }

    /** Waits for the sums over the ranks. */
    public void await() {
        buckets.finish();
        table.ifPresent(EmbeddingGradient::finish);
    }

    /** Sends the updated shares of the parameters to the ranks that hold them whole. */
    public void exchangeUpdates() {
        exchange.ifPresent(ParameterExchange::run);
    }

    /** Returns the L2 norm over all gradients; all ranks take part, and rank 0 has the result. */
    public double norm(NDManager owner) {
        if (!isSharded && collective.rank() > 0) {
            return 0;
        }
        List<float[]> units = new ArrayList<>();
        float[] ofRows = collective.rank() > 0
                ? new float[0]
                : table.map(gradient -> gradient.norms(owner)).orElse(new float[0]);
        units.add(ofRows);
        units.addAll(buckets.norms(owner));
        return isSharded ? GradientNorms.gathered(collective, units) : GradientNorms.whole(units);
    }
}
