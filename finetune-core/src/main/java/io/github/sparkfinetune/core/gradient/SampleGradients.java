package io.github.sparkfinetune.core.gradient;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.model.weight.Block;
import io.github.sparkfinetune.core.model.weight.ParameterGroup;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.TensorParts;
import io.github.sparkfinetune.core.tensor.Tensors;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.DoubleSupplier;
import java.util.stream.Stream;

/**
 * Gradients of each of some samples, as DP-SGD needs them. The samples' gradients are clipped and {@link #addClipped
 * added} to the gradients of the step.
 */
public final class SampleGradients {
    /** Bytes of the samples' gradients up to which further samples are computed at once. */
    private static final long BYTES = 1L << 27;

    private final ScriptModule script;
    private final Optional<ParameterGroup> shared;
    private final Optional<ParameterGroup> lmHead;
    /** Gradients of the step, by bucket. */
    private final List<NDArray> sums = new ArrayList<>();
    /** Gradients of the samples, by bucket: [most, values]. */
    private final List<NDArray> rows = new ArrayList<>();

    private final List<List<GradientGroup>> groups = new ArrayList<>();
    /** Gradients of the present samples by the owner of their group: [samples, ...]. */
    private final Map<Object, List<NDArray>> present = new HashMap<>();

    private NDManager views;
    private int samples;

    /**
     * @param owner owner of the gradients
     * @param buckets all gradients of a step
     * @param shared trained weights that layers share
     * @param lmHead trained weights that the objective reads
     * @param most highest number of samples at once
     */
    SampleGradients(
            NDManager owner,
            ScriptModule script,
            List<WholeBucket> buckets,
            Optional<ParameterGroup> shared,
            Optional<ParameterGroup> lmHead,
            int most) {
        this.script = script;
        this.shared = shared;
        this.lmHead = lmHead;
        for (WholeBucket bucket : buckets) {
            sums.add(bucket.flat());
            rows.add(owner.zeros(new Shape(most, bucket.flat().size()), DataType.FLOAT32));
            groups.add(bucket.groups());
        }
    }

    /**
     * Returns how many samples are computed at once.
     *
     * @param values number of values of a sample's gradient
     * @param batchSize number of samples of a micro-batch
     */
    public static int most(long values, int batchSize) {
        return (int) Math.max(1, Math.min(batchSize, BYTES / (Float.BYTES * Math.max(1, values))));
    }

    /** Sets the gradients of the step to zero. */
    public void clear(NDManager owner) {
        sums.forEach(sum -> script.call(owner, "zero", sum));
    }

    /**
     * Begins the gradients of other samples.
     *
     * @param owner owner of the views of the gradients
     * @param count number of the samples
     */
    public void begin(NDManager owner, int count) {
        views = owner;
        samples = count;
        present.clear();
        for (int bucket = 0; bucket < rows.size(); bucket++) {
            GradientGroup.views(owner, script, presentRows(owner, bucket), groups.get(bucket))
                    .forEach((group, gradients) -> present.put(group.owner(), gradients));
        }
        // Layers only add to these.
        shared.ifPresent(group -> present.get(group).forEach(gradient -> script.call(owner, "zero", gradient)));
    }

    private NDArray presentRows(NDManager owner, int bucket) {
        return script.callOne(owner, "row_range", rows.get(bucket), 0, samples);
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

    /** Returns a sample's gradients of the weights that the objective reads, as {@link Gradients#lmHead} does. */
    public Map<String, NDArray> lmHead(int sample) {
        return lmHead.map(group -> group.byName(ofSample(present.get(group), sample)))
                .orElse(Map.of());
    }

    private List<NDArray> ofSample(List<NDArray> gradients, int sample) {
        return gradients.isEmpty() ? List.of() : script.call(views, "each_select", gradients, sample);
    }

    /**
     * Adds the gradients of the present samples to those of the step, each scaled by min(1, C / (norm + 1e-6)) as in
     * Opacus.
     *
     * @param most C, the highest L2 norm of what a sample adds
     */
    public void addClipped(NDManager owner, double most) {
        List<NDArray> ofSamples = new ArrayList<>();
        for (int bucket = 0; bucket < rows.size(); bucket++) {
            ofSamples.add(presentRows(owner, bucket));
        }
        double[] norms = script.callOne(owner, "row_norms", ofSamples).toDoubleArray();
        float[] factors = new float[samples];
        for (int sample = 0; sample < samples; sample++) {
            double squares = 0;
            for (int bucket = 0; bucket < sums.size(); bucket++) {
                double norm = norms[sample * sums.size() + bucket];
                squares += norm * norm;
            }
            factors[sample] = (float) Math.min(1, most / (Math.sqrt(squares) + 1e-6));
        }
        NDArray scales = Tensors.of(owner, factors, new Shape(samples));
        for (int bucket = 0; bucket < sums.size(); bucket++) {
            script.call(owner, "add_scaled_rows", sums.get(bucket), ofSamples.get(bucket), scales);
        }
    }

    /**
     * Adds noise to the gradients of the step.
     *
     * @param noise source of the values
     */
    public void addNoise(DoubleSupplier noise) {
        for (NDArray sum : sums) {
            TensorParts.each(Device.of(sum.getManager()), script, sum, (from, host) -> {
                FloatBuffer values = host.bytes().asFloatBuffer();
                for (int i = 0; i < values.limit(); i++) {
                    values.put(i, (float) (values.get(i) + noise.getAsDouble()));
                }
                host.upload();
            });
        }
    }
}
