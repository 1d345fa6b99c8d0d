package io.github.sparkfinetune.core.gradient;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/** Gradients of each of some samples, of neighbouring groups of a bucket. */
final class SampleRows {
    /**
     * Neighbouring groups of a bucket.
     *
     * @param sum gradients of the step, of all groups: [values]
     */
    record Span(List<GradientGroup> groups, NDArray sum) {
        long size() {
            return GradientGroup.size(groups);
        }
    }

    private final ScriptModule script;
    private final Span span;
    /** [most, values] */
    private final NDArray rows;

    private NDArray present;

    /**
     * @param owner owner of the gradients
     * @param most highest number of samples at once
     */
    SampleRows(NDManager owner, ScriptModule script, Span span, int most) {
        this.script = script;
        this.span = span;
        this.rows = owner.zeros(new Shape(most, span.size()), DataType.FLOAT32);
    }

    /** Returns the longest spans of groups that fulfil a condition. */
    static List<Span> spans(
            NDManager owner, ScriptModule script, List<WholeBucket> buckets, Predicate<GradientGroup> holds) {
        List<Span> spans = new ArrayList<>();
        for (WholeBucket bucket : buckets) {
            List<GradientGroup> groups = new ArrayList<>();
            long at = 0;
            for (GradientGroup group : bucket.groups()) {
                if (holds.test(group)) {
                    groups.add(group);
                } else {
                    add(spans, owner, script, bucket, groups, at);
                    groups.clear();
                }
                at += group.size();
            }
            add(spans, owner, script, bucket, groups, at);
        }
        return spans;
    }

    private static void add(
            List<Span> spans,
            NDManager owner,
            ScriptModule script,
            WholeBucket bucket,
            List<GradientGroup> groups,
            long end) {
        if (!groups.isEmpty()) {
            long first = end - GradientGroup.size(groups);
            spans.add(new Span(List.copyOf(groups), script.callOne(owner, "stretch", bucket.flat(), first, end)));
        }
    }

    /**
     * Begins the gradients of other samples; returns them by group.
     *
     * @param owner owner of the views
     * @param samples number of the samples
     */
    Map<GradientGroup, List<NDArray>> present(NDManager owner, int samples) {
        present = script.callOne(owner, "row_range", rows, 0, samples);
        return GradientGroup.views(owner, script, present, span.groups());
    }

    /** Returns the gradients of the present samples: [samples, values]. */
    NDArray present() {
        return present;
    }

    /**
     * Adds the gradients of the present samples to those of the step.
     *
     * @param scales factor of each sample
     */
    void addTo(NDManager owner, NDArray scales) {
        script.call(owner, "add_scaled_rows", span.sum(), present, scales);
    }
}
