package io.github.sparkfinetune.bench;

import com.sun.jna.NativeLibrary;
import com.sun.jna.ptr.LongByReference;
import io.github.sparkfinetune.core.tensor.CudaLibraries;
import io.github.sparkfinetune.core.tensor.Torch;

/** Memory of this thread's GPU. */
final class GpuMemory {
    private GpuMemory() {}

    /** Returns the bytes in use, those that PyTorch's allocator keeps included. */
    static long used() {
        NativeLibrary cuda = CudaLibraries.in(Torch.libraries()).orElseThrow();
        LongByReference free = new LongByReference();
        LongByReference total = new LongByReference();
        int error = cuda.getFunction("cudaMemGetInfo").invokeInt(new Object[] {free, total});
        if (error != 0) {
            throw new IllegalStateException("cudaMemGetInfo returned " + error);
        }
        return total.getValue() - free.getValue();
    }
}
