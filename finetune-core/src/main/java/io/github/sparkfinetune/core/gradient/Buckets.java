package io.github.sparkfinetune.core.gradient;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.arch.BlockKind;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.model.weight.Parameter;
import io.github.sparkfinetune.core.model.weight.ParameterGroup;
import io.github.sparkfinetune.core.optim.Optimizer.ParameterGradient;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The buckets of all groups of a model. */
final class Buckets {
    /** A group and its place in a bucket. */
    private record Place(GradientGroup group, Bucket bucket) {}

    private final Device device;
    private final ScriptModule script;
    private final Collective collective;
    private final List<Bucket> all = new ArrayList<>();
    private final Map<Object, Place> places = new HashMap<>();
    /** Number of complete groups of each bucket that has some, but not all. */
    private final Map<Bucket, Integer> complete = new HashMap<>();

    /**
     * @param isSharded whether a rank keeps only its share of the gradients
     * @param order groups in the order in which they complete
     * @param least bytes from which a bucket takes no further group
     */
    Buckets(
            Device device,
            ScriptModule script,
            Collective collective,
            boolean isSharded,
            List<GradientGroup> order,
            long least) {
        this.device = device;
        this.script = script;
        this.collective = collective;
        List<List<GradientGroup>> contents = contents(order, least);
        if (isSharded) {
            addSharded(contents);
        } else {
            contents.forEach(groups -> all.add(new WholeBucket(device, script, collective, groups)));
        }
        all.forEach(bucket -> bucket.groups().forEach(group -> places.put(group.owner(), new Place(group, bucket))));
    }

    private static List<List<GradientGroup>> contents(List<GradientGroup> order, long least) {
        List<List<GradientGroup>> contents = new ArrayList<>();
        List<GradientGroup> groups = new ArrayList<>();
        long bytes = 0;
        for (GradientGroup group : order) {
            groups.add(group);
            bytes += group.size() * Float.BYTES;
            // A table has a bucket of its own, to which its looked-up rows are added.
            if (bytes >= least || group.owner() instanceof Parameter) {
                contents.add(List.copyOf(groups));
                groups.clear();
                bytes = 0;
            }
        }
        if (!groups.isEmpty()) {
            contents.add(groups);
        }
        return contents;
    }

    /** Adds buckets of which the layers' use two memories in turn: one is summed while the other is written. */
    private void addSharded(List<List<GradientGroup>> contents) {
        long largest = contents.stream()
                .filter(Buckets::areLayers)
                .mapToLong(GradientGroup::memory)
                .max()
                .orElse(0);
        List<BucketMemory> kept = List.of(
                new BucketMemory(device, script, largest, true), new BucketMemory(device, script, largest, true));
        int next = 0;
        for (List<GradientGroup> groups : contents) {
            BucketMemory memory = areLayers(groups)
                    ? kept.get(next++ % 2)
                    : new BucketMemory(device, script, GradientGroup.memory(groups), false);
            all.add(new ShardedBucket(device.manager(), script, collective, memory, groups));
        }
    }

    private static boolean areLayers(List<GradientGroup> groups) {
        return groups.stream()
                .allMatch(group -> group.owner() instanceof ParameterGroup block && block.kind() == BlockKind.LAYER);
    }

    /** Returns the bucket of a group's owner. */
    Bucket of(Object owner) {
        return places.get(owner).bucket();
    }

    /** Returns the tensors that receive the gradients of a group's owner; none if it is frozen. */
    List<NDArray> opened(Object owner) {
        Place place = places.get(owner);
        if (place == null) {
            return List.of();
        }
        place.bucket().open();
        return place.bucket().gradients(place.group());
    }

    /** Marks the gradients of a group's owner, if any, as complete; a bucket's sum starts with its last group. */
    void complete(Object owner) {
        Place place = places.get(owner);
        if (place == null) {
            return;
        }
        Bucket bucket = place.bucket();
        if (complete.merge(bucket, 1, Integer::sum) == bucket.groups().size()) {
            complete.remove(bucket);
            bucket.complete();
        }
    }

    /** Returns all buckets, whose gradients this rank holds whole. */
    List<WholeBucket> whole() {
        return all.stream().map(WholeBucket.class::cast).toList();
    }

    /** Starts to sum the gradients of all buckets over the ranks. */
    void completeAll() {
        all.forEach(Bucket::complete);
    }

    /** Waits for the sums of all buckets. */
    void finish() {
        all.forEach(Bucket::finish);
    }

    /** Returns what this rank updates of a group. */
    List<ParameterGradient> parameters(Object owner) {
        Place place = places.get(owner);
        return place.bucket().parameters(place.group());
    }

    /** Returns the norms of the units of all groups. */
    List<float[]> norms(NDManager owner) {
        List<float[]> norms = new ArrayList<>();
        all.forEach(bucket -> norms.addAll(bucket.norms(owner)));
        return norms;
    }
}
