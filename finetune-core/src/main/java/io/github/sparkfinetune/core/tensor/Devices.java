package io.github.sparkfinetune.core.tensor;

import ai.djl.ndarray.NDManager;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/** Devices of managers. */
final class Devices {
    /**
     * Whether a CPU's tensors are treated as a GPU's tensors. Not final, so that tests run the code for GPUs on
     * machines without a GPU.
     */
    static volatile boolean copiesOnCpu;

    /** Copies by base manager, until it is closed. */
    private static final Map<NDManager, HostCopies> COPIES = new ConcurrentHashMap<>();

    private Devices() {}

    /** Returns the device of a manager's tensors. */
    static Device of(NDManager manager) {
        return manager.getDevice().isGpu() || copiesOnCpu ? new Cuda(manager, copies(manager)) : new Cpu(manager);
    }

    private static HostCopies copies(NDManager manager) {
        NDManager base = manager;
        while (!(base.getParentManager() instanceof NDManager.SystemNDManager)) {
            base = base.getParentManager();
        }
        return COPIES.computeIfAbsent(base, owner -> {
            owner.attachInternal(UUID.randomUUID().toString(), () -> COPIES.remove(owner));
            return new HostCopies(owner);
        });
    }
}
