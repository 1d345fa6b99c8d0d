package io.github.sparkfinetune.core.gradient;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.model.batch.Batch;
import io.github.sparkfinetune.core.model.weight.Block;
import io.github.sparkfinetune.core.model.weight.LmHead;
import io.github.sparkfinetune.core.model.weight.ParameterGroup;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.Tensors;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Gradients of each of some samples. For DP-SGD they are clipped and {@link #addClipped added} to the gradients of the
 * step. Of some blocks only the norms of the samples' gradients are {@link #squares measured}; the caller adds their
 * clipped sum. Some can be {@link #keep kept}, and others {@link #products multiplied} with them.
 */
public final class SampleGradients {
    /** Bytes of the samples' gradients up to which further samples are computed at once. */
    private static final long BYTES = 1L << 27;
    /** Number of units that receive noise at once. */
    private static final int UNITS = 1 << 8;

    private final ScriptModule script;
    private final Optional<ParameterGroup> shared;
    private final Optional<ParameterGroup> lmHead;
    private final Optional<SampleTable> table;
    private final List<WholeBucket> buckets;
    private final List<SampleRows> held;
    private final int most;
    /** Gradients of the present samples by the owner of their group: [samples, ...]. */
    private final Map<Object, List<NDArray>> present = new HashMap<>();

    private NDManager views;
    private int samples;
    /** Squared norms of the present samples' gradients that are not held: [samples], F64. */
    private NDArray squares;

    /**
     * @param owner owner of the gradients
     * @param buckets all gradients of a step
     * @param shared trained weights that layers share
     * @param lmHead trained weights that the objective reads
     * @param table the trained embedding table
     * @param measured blocks of which only norms are measured
     * @param batchSize number of samples of a micro-batch
     */
    SampleGradients(
            NDManager owner,
            ScriptModule script,
            List<WholeBucket> buckets,
            Optional<ParameterGroup> shared,
            Optional<ParameterGroup> lmHead,
            Optional<SampleTable> table,
            Set<Block> measured,
            int batchSize) {
        this.script = script;
        this.shared = shared;
        this.lmHead = lmHead;
        this.table = table;
        this.buckets = buckets;
        List<SampleRows.Span> spans = SampleRows.spans(
                owner, script, buckets, group -> !measured.contains(group.owner()) && !isLookedUp(group));
        this.most = most(spans.stream().mapToLong(SampleRows.Span::size).sum(), batchSize);
        this.held = spans.stream()
                .map(span -> new SampleRows(owner, script, span, most))
                .toList();
    }

    private boolean isLookedUp(GradientGroup group) {
        return table.filter(rows -> rows.owns(group) && !rows.isTied()).isPresent();
    }

    /**
     * Returns how many samples are computed at once.
     *
     * @param values number of values of a sample's gradient that are held
     * @param batchSize number of samples of a micro-batch
     */
    public static int most(long values, int batchSize) {
        return (int) Math.max(1, Math.min(batchSize, BYTES / (Float.BYTES * Math.max(1, values))));
    }

    /** Returns how many samples are computed at once. */
    public int most() {
        return most;
    }

    /** Returns whether the embedding table is trained. */
    public boolean hasTable() {
        return table.isPresent();
    }

    /** Sets the gradients of the step to zero. */
    public void clear(NDManager owner) {
        buckets.forEach(bucket -> script.call(owner, "zero", bucket.flat()));
    }

    /**
     * Begins the gradients of other samples.
     *
     * @param owner owner of the views of the gradients
     * @param count number of the samples
     * @param hasNorms whether norms are measured
     */
    public void begin(NDManager owner, int count, boolean hasNorms) {
        views = owner;
        samples = count;
        squares = owner.zeros(new Shape(hasNorms ? count : 0), DataType.FLOAT64);
        present.clear();
        held.forEach(rows ->
                rows.present(owner, count).forEach((group, gradients) -> present.put(group.owner(), gradients)));
        // Layers only add to these.
        shared.ifPresent(group -> present.get(group).forEach(gradient -> script.call(owner, "zero", gradient)));
    }

    /** Returns a tensor [samples, ...] for each parameter of {@link Block#differentiated}. */
    public List<NDArray> of(Block block) {
        List<NDArray> own = present.getOrDefault(block, List.of());
        return block.sharedTrainable().isEmpty()
                ? own
                : Stream.concat(own.stream(), present.get(shared.orElseThrow()).stream())
                        .toList();
    }

    /** Returns a sample's gradient for each parameter of {@link Block#differentiated}. */
    public List<NDArray> of(Block block, int sample) {
        return ofSample(of(block), sample);
    }

    /**
     * Returns the squared norms [samples], in F64, of the samples' gradients that are not held. Blocks add to them.
     * Empty if norms are not measured.
     */
    public NDArray squares() {
        return squares;
    }

    /** Returns a sample's gradients of the weights that the objective reads, as {@link Gradients#lmHead} does. */
    public Map<String, NDArray> lmHead(int sample) {
        Map<String, NDArray> named = new LinkedHashMap<>();
        lmHead.ifPresent(group -> named.putAll(group.byName(ofSample(present.get(group), sample))));
        table.filter(SampleTable::isTied).ifPresent(rows -> named.put(LmHead.WEIGHT, ofTable(rows, sample)));
        return named;
    }

    private NDArray ofTable(SampleTable rows, int sample) {
        return ofSample(present.get(rows.owner()), sample).get(0);
    }

    /**
     * Adds the samples' gradients of the rows of the embedding table that they look up, after the objective has written
     * {@link #lmHead}.
     *
     * @param batch the present samples
     * @param gradient gradient with respect to the rows [rows, width]
     */
    public void addRows(NDManager owner, Batch batch, NDArray gradient) {
        SampleTable rows = table.orElseThrow();
        rows.measure(
                views, rows.isTied() ? owner.zeros(squares.getShape(), DataType.FLOAT64) : squares, batch, gradient);
        if (rows.isTied()) {
            rows.addTo(owner, present.get(rows.owner()).get(0));
        }
    }

    private List<NDArray> ofSample(List<NDArray> gradients, int sample) {
        return gradients.isEmpty() ? List.of() : script.call(views, "each_select", gradients, sample);
    }

    /** Returns the L2 norm of the gradient of each of the present samples. */
    public double[] norms(NDManager owner) {
        double[] norms = squares.toDoubleArray();
        if (!held.isEmpty()) {
            double[] ofHeld = script.callOne(
                            owner,
                            "row_norms",
                            held.stream().map(SampleRows::present).toList())
                    .toDoubleArray();
            for (int i = 0; i < ofHeld.length; i++) {
                norms[i / held.size()] += ofHeld[i] * ofHeld[i];
            }
        }
        for (int sample = 0; sample < samples; sample++) {
            norms[sample] = Math.sqrt(norms[sample]);
        }
        return norms;
    }

    /**
     * Returns copies of the gradients of the present samples, without those that are only measured.
     *
     * @param owner owner of the copies
     */
    public KeptGradients keep(NDManager owner) {
        return present().copy(owner);
    }

    /**
     * Returns the product of the gradient of each present sample with each kept gradient, without those that are only
     * measured: [present, kept], F64.
     */
    public NDArray products(NDManager owner, KeptGradients kept) {
        return present().products(owner, script, kept);
    }

    private KeptGradients present() {
        return new KeptGradients(
                samples,
                held.stream().map(SampleRows::present).toList(),
                table.filter(rows -> !rows.isTied()).map(SampleTable::present));
    }

    /**
     * Adds the gradients of the present samples to those of the step, each scaled by min(1, C / (norm + 1e-6)) as in
     * Opacus, except those that are only measured.
     *
     * @param most C, the highest L2 norm of what a sample adds
     * @return the factors of the samples
     */
    public float[] addClipped(NDManager owner, double most) {
        double[] norms = norms(owner);
        float[] factors = new float[samples];
        for (int sample = 0; sample < samples; sample++) {
            factors[sample] = (float) Math.min(1, most / (norms[sample] + 1e-6));
        }
        NDArray scales = Tensors.of(owner, factors, new Shape(samples));
        held.forEach(rows -> rows.addTo(owner, scales));
        table.filter(rows -> !rows.isTied()).ifPresent(rows -> rows.addScaled(owner, scales));
        return factors;
    }

    /**
     * Adds this rank's part of the noise to the gradients of the step. Each value gets its noise from one rank.
     *
     * @param rank this rank
     * @param ranks number of ranks that add a part
     */
    public void addNoise(Noise noise, int rank, int ranks) {
        long unit = 0;
        for (WholeBucket bucket : buckets) {
            NDArray sum = bucket.flat();
            long size = sum.getShape().size();
            long units = (size + Noise.UNIT - 1) / Noise.UNIT;
            long last = Collective.firstOfShare(units, rank + 1, ranks);
            for (long first = Collective.firstOfShare(units, rank, ranks); first < last; first += UNITS) {
                long end = Math.min(size, Math.min(last, first + UNITS) * Noise.UNIT);
                addNoise(noise, Math.toIntExact(unit + first), sum, first * Noise.UNIT, end);
            }
            unit += units;
        }
    }

    private void addNoise(Noise noise, int unit, NDArray sum, long begin, long end) {
        Device device = Device.of(sum.getManager());
        try (NDManager owner = device.manager().newSubManager()) {
            device.stage(script.callOne(owner, "stretch", sum, begin, end), host -> {
                host.download();
                noise.addTo(host.bytes().asFloatBuffer(), unit);
                host.upload();
            });
        }
    }
}
