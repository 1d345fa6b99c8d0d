package io.github.sparkfinetune.core.tensor.cuda;

import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.PointerByReference;
import java.util.List;

/** Pinned memory by CUDA's runtime as PyTorch's libraries bring it, called by JNA. Not run on a GPU. */
final class CudaHostMemory implements HostMemory {
    private static final int OK = 0;
    private static final int NOT_READY = 600;
    private static final int WITHOUT_TIMING = 2;
    /** cudaHostAllocPortable: pinned for all GPUs. */
    private static final int PORTABLE = 1;

    private final NativeLibrary cuda;
    private final int gpu;

    /**
     * Finds the functions.
     *
     * @throws UnsatisfiedLinkError if a function is missing
     */
    CudaHostMemory(NativeLibrary cuda, int gpu) {
        this.cuda = cuda;
        this.gpu = gpu;
        List.of("cudaHostAlloc", "cudaFreeHost", "cudaEventRecord").forEach(cuda::getFunction);
    }

    private int invoke(String function, Object... arguments) {
        return cuda.getFunction(function).invokeInt(arguments);
    }

    private void call(String function, Object... arguments) {
        require(function, invoke(function, arguments));
    }

    private void require(String function, int error) {
        if (error != OK) {
            // Else PyTorch's next check on this thread would find this error and report it as its own.
            invoke("cudaGetLastError");
            String reason = cuda.getFunction("cudaGetErrorString").invokeString(new Object[] {error}, false);
            throw new CudaException(function, reason);
        }
    }

    private void useGpu() {
        call("cudaSetDevice", gpu);
    }

    @Override
    public long allocate(long bytes) {
        useGpu();
        PointerByReference memory = new PointerByReference();
        call("cudaHostAlloc", memory, bytes, PORTABLE);
        return Pointer.nativeValue(memory.getValue());
    }

    @Override
    public void free(long address) {
        call("cudaFreeHost", new Pointer(address));
    }

    @Override
    public long createEvent() {
        useGpu();
        PointerByReference event = new PointerByReference();
        call("cudaEventCreateWithFlags", event, WITHOUT_TIMING);
        return Pointer.nativeValue(event.getValue());
    }

    @Override
    public void destroyEvent(long event) {
        call("cudaEventDestroy", new Pointer(event));
    }

    @Override
    public void record(long event) {
        useGpu();
        call("cudaEventRecord", new Pointer(event), Pointer.NULL);
    }

    @Override
    public boolean hasHappened(long event) {
        int state = invoke("cudaEventQuery", new Pointer(event));
        if (state == NOT_READY) {
            invoke("cudaGetLastError");
            return false;
        }
        require("cudaEventQuery", state);
        return true;
    }
}
