package io.github.sparkfinetune.core.tensor;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.tensor.cuda.PinnedMemory;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/** Devices of managers. */
final class Devices {
    /**
     * True if a CPU's tensors are treated as a GPU's tensors. Not final, so that tests run the code for GPUs on
     * machines without a GPU.
     */
    static volatile boolean copiesOnCpu;

    /** Pinned memory of tensors of the CPU that are treated as a GPU's. Not final, as {@link #copiesOnCpu}. */
    static volatile Supplier<PinnedMemory> pinnedOnCpu = PinnedMemory::none;

    /** Copies by base manager, until it is closed. */
    private static final Map<NDManager, HostCopies> COPIES = new ConcurrentHashMap<>();

    private Devices() {}

    /**
     * Returns the device of a new base manager.
     *
     * @param exchangesOnDevice whether the ranks exchange values in the memory of their GPUs
     */
    static Device of(NDManager base, boolean exchangesOnDevice) {
        if (isGpu(base)) {
            keep(base, exchangesOnDevice);
        }
        return of(base);
    }

    /** Returns the device of a manager's tensors. */
    static Device of(NDManager manager) {
        return isGpu(manager) ? new Cuda(manager, copies(manager)) : new Cpu(manager);
    }

    private static boolean isGpu(NDManager manager) {
        return manager.getDevice().isGpu() || copiesOnCpu;
    }

    private static HostCopies copies(NDManager manager) {
        NDManager base = manager;
        while (!(base.getParentManager() instanceof NDManager.SystemNDManager)) {
            base = base.getParentManager();
        }
        HostCopies kept = COPIES.get(base);
        return kept == null ? keep(base, false) : kept;
    }

    private static HostCopies keep(NDManager base, boolean exchangesOnDevice) {
        ai.djl.Device gpu = base.getDevice();
        PinnedMemory pinned = gpu.isGpu() ? PinnedMemory.of(Torch.libraries(), gpu.getDeviceId()) : pinnedOnCpu.get();
        HostCopies copies = new HostCopies(base, exchangesOnDevice, pinned);
        COPIES.put(base, copies);
        base.attachInternal(UUID.randomUUID().toString(), () -> {
            COPIES.remove(base);
            copies.close();
        });
        return copies;
    }
}
