package io.github.sparkfinetune.core.collective.nccl;

import com.sun.jna.Memory;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Platform;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.IntByReference;
import com.sun.jna.ptr.PointerByReference;
import java.util.List;

/**
 * NCCL and CUDA's runtime as PyTorch's libraries bring them, called by JNA. Communicators are non-blocking, so that a
 * lost rank cannot hang a call.
 */
final class NativeNccl implements Nccl {
    /** First version with {@code ncclCommInitRankScalable}, which takes the id by its address. */
    static final int LEAST_VERSION = 22300;

    private static final int ID_BYTES = 128;
    private static final int OK = 0;
    private static final int IN_PROGRESS = 7;
    private static final int NOT_READY = 600;
    private static final int UINT8 = 1;
    private static final int FLOAT32 = 7;
    private static final int SUM = 0;
    private static final int NON_BLOCKING_STREAM = 1;
    private static final int WITHOUT_TIMING = 2;
    private static final int ON_DEVICE = 2;

    private final NativeLibrary library;

    /**
     * Finds the functions.
     *
     * @param library handle that finds the functions of NCCL and CUDA's runtime
     * @throws UnsatisfiedLinkError if the libraries have no NCCL, or one that is too old
     */
    NativeNccl(NativeLibrary library) {
        this.library = library;
        List.of("ncclCommInitRankScalable", "ncclGetLastError", "cudaStreamCreateWithFlags")
                .forEach(library::getFunction);
        if (Platform.isLinux()) {
            repeatable();
        }
    }

    /** Makes NCCL add in the same order in every run, unless the environment chooses otherwise. */
    private static void repeatable() {
        NativeLibrary libc = NativeLibrary.getInstance(Platform.C_LIBRARY_NAME);
        libc.getFunction("setenv").invokeInt(new Object[] {"NCCL_ALGO", "Ring", 0});
        libc.getFunction("setenv").invokeInt(new Object[] {"NCCL_PROTO", "Simple", 0});
    }

    private int invoke(String function, Object... arguments) {
        return library.getFunction(function).invokeInt(arguments);
    }

    private void cuda(String function, Object... arguments) {
        int error = invoke(function, arguments);
        if (error != OK) {
            throw new NcclException(function, text("cudaGetErrorString", error));
        }
    }

    private void nccl(String function, Object... arguments) {
        int error = invoke(function, arguments);
        if (error != OK && error != IN_PROGRESS) {
            throw failure(function, error, Pointer.NULL);
        }
    }

    private NcclException failure(String function, int error, Pointer communicator) {
        String last = text("ncclGetLastError", communicator);
        String text = text("ncclGetErrorString", error);
        return new NcclException(function, last == null || last.isBlank() ? text : text + " (" + last.strip() + ")");
    }

    private String text(String function, Object argument) {
        return library.getFunction(function).invokeString(new Object[] {argument}, false);
    }

    private long handle(PointerByReference created) {
        return Pointer.nativeValue(created.getValue());
    }

    @Override
    public int version() {
        IntByReference version = new IntByReference();
        nccl("ncclGetVersion", version);
        return version.getValue();
    }

    @Override
    public byte[] uniqueId() {
        try (Memory id = new Memory(ID_BYTES)) {
            nccl("ncclGetUniqueId", id);
            return id.getByteArray(0, ID_BYTES);
        }
    }

    @Override
    public void useGpu(int gpu) {
        cuda("cudaSetDevice", gpu);
    }

    @Override
    public long connect(int size, int rank, byte[] id) {
        PointerByReference communicator = new PointerByReference();
        try (Memory ids = new Memory(ID_BYTES);
                Memory configuration = configuration()) {
            ids.write(0, id, 0, ID_BYTES);
            nccl("ncclCommInitRankScalable", communicator, size, rank, 1, ids, configuration);
        }
        return handle(communicator);
    }

    /** Returns ncclConfig_t of NCCL 2.17, which later versions read too, for a non-blocking communicator. */
    private static Memory configuration() {
        int bytes = 48;
        Memory configuration = new Memory(bytes);
        configuration.clear();
        configuration.setLong(0, bytes);
        configuration.setInt(8, 0xcafebeef);
        configuration.setInt(12, 21700);
        configuration.setInt(16, 0);
        // Undefined: the sizes and numbers of NCCL's choice.
        for (int offset : new int[] {20, 24, 28, 40, 44}) {
            configuration.setInt(offset, Integer.MIN_VALUE);
        }
        return configuration;
    }

    @Override
    public boolean isReady(long communicator) {
        IntByReference state = new IntByReference();
        nccl("ncclCommGetAsyncError", new Pointer(communicator), state);
        if (state.getValue() != OK && state.getValue() != IN_PROGRESS) {
            throw failure("NCCL", state.getValue(), new Pointer(communicator));
        }
        return state.getValue() == OK;
    }

    @Override
    public void group(Runnable calls) {
        nccl("ncclGroupStart");
        try {
            calls.run();
        } finally {
            nccl("ncclGroupEnd");
        }
    }

    @Override
    public void allReduce(long communicator, long stream, Block block) {
        Pointer memory = new Pointer(block.address());
        long count = block.bytes() / Float.BYTES;
        nccl("ncclAllReduce", memory, memory, count, FLOAT32, SUM, new Pointer(communicator), new Pointer(stream));
    }

    @Override
    public void reduce(long communicator, long stream, Block block, int root) {
        Pointer memory = new Pointer(block.address());
        long count = block.bytes() / Float.BYTES;
        nccl("ncclReduce", memory, memory, count, FLOAT32, SUM, root, new Pointer(communicator), new Pointer(stream));
    }

    @Override
    public void reduceScatter(long communicator, long stream, Block all, Block own) {
        Pointer memory = new Pointer(all.address());
        Pointer sums = new Pointer(own.address());
        long count = own.bytes() / Float.BYTES;
        nccl("ncclReduceScatter", memory, sums, count, FLOAT32, SUM, new Pointer(communicator), new Pointer(stream));
    }

    @Override
    public void allGather(long communicator, long stream, Block all, Block own) {
        Pointer share = new Pointer(own.address());
        Pointer memory = new Pointer(all.address());
        nccl("ncclAllGather", share, memory, own.bytes(), UINT8, new Pointer(communicator), new Pointer(stream));
    }

    @Override
    public void broadcast(long communicator, long stream, Block block, int root) {
        Pointer memory = new Pointer(block.address());
        nccl(
                "ncclBroadcast",
                memory,
                memory,
                block.bytes(),
                UINT8,
                root,
                new Pointer(communicator),
                new Pointer(stream));
    }

    @Override
    public void finish(long communicator) {
        nccl("ncclCommFinalize", new Pointer(communicator));
    }

    @Override
    public void destroy(long communicator) {
        nccl("ncclCommDestroy", new Pointer(communicator));
    }

    @Override
    public void abort(long communicator) {
        nccl("ncclCommAbort", new Pointer(communicator));
    }

    @Override
    public long createStream() {
        PointerByReference stream = new PointerByReference();
        cuda("cudaStreamCreateWithFlags", stream, NON_BLOCKING_STREAM);
        return handle(stream);
    }

    @Override
    public void destroyStream(long stream) {
        cuda("cudaStreamDestroy", new Pointer(stream));
    }

    @Override
    public long createEvent() {
        PointerByReference event = new PointerByReference();
        cuda("cudaEventCreateWithFlags", event, WITHOUT_TIMING);
        return handle(event);
    }

    @Override
    public void destroyEvent(long event) {
        cuda("cudaEventDestroy", new Pointer(event));
    }

    @Override
    public void record(long event, long stream) {
        cuda("cudaEventRecord", new Pointer(event), new Pointer(stream));
    }

    @Override
    public void await(long stream, long event) {
        cuda("cudaStreamWaitEvent", new Pointer(stream), new Pointer(event), 0);
    }

    @Override
    public boolean hasHappened(long event) {
        int state = invoke("cudaEventQuery", new Pointer(event));
        if (state != OK && state != NOT_READY) {
            throw new NcclException("cudaEventQuery", text("cudaGetErrorString", state));
        }
        if (state == NOT_READY) {
            // Else PyTorch's next check on this thread would find this state and report it as an error.
            invoke("cudaGetLastError");
        }
        return state == OK;
    }

    @Override
    public boolean isOnGpu(long address) {
        // cudaPointerAttributes: type, device, address on the device, address on the host.
        try (Memory attributes = new Memory(24)) {
            cuda("cudaPointerGetAttributes", attributes, new Pointer(address));
            return attributes.getInt(0) == ON_DEVICE;
        }
    }
}
