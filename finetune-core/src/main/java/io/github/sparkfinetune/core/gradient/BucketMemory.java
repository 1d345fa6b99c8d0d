package io.github.sparkfinetune.core.gradient;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.core.tensor.HostBuffer;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.TensorParts;
import java.util.List;

/**
 * Memory for gradients that some buckets use in turn. A bucket that takes the memory waits until the bucket before is
 * finished.
 */
final class BucketMemory {
    private final Device device;
    private final ScriptModule script;
    private final long size;
    private final boolean isKept;
    private NDManager owner;
    private NDArray flat;
    private List<HostBuffer> parts = List.of();
    private Bucket user;

    /**
     * @param size number of values of the largest bucket
     * @param isKept whether the memory is kept from step to step; otherwise it exists only while it is used
     */
    BucketMemory(Device device, ScriptModule script, long size, boolean isKept) {
        this.device = device;
        this.script = script;
        this.size = size;
        this.isKept = isKept;
    }

    /** Takes the memory; returns an F32 tensor [size], whose content is undefined. */
    NDArray take(Bucket bucket) {
        if (user != null && user != bucket) {
            user.finish();
        }
        user = bucket;
        if (owner == null) {
            owner = device.manager().newSubManager();
            flat = owner.create(new Shape(size), DataType.FLOAT32);
            parts = TensorParts.all(owner, device, script, flat);
        }
        return flat;
    }

    /** Returns the owner of the memory, and of views of it. */
    NDManager owner() {
        return owner;
    }

    /** Returns whether a bucket's views stay valid until the next step. */
    boolean isKept() {
        return isKept;
    }

    List<HostBuffer> parts() {
        return parts;
    }

    /** Ends the use by a bucket. */
    void release() {
        user = null;
        if (!isKept) {
            owner.close();
            owner = null;
            parts = List.of();
        }
    }
}
