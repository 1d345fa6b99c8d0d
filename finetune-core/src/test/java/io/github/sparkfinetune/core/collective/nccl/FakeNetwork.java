package io.github.sparkfinetune.core.collective.nccl;

import com.sun.jna.Pointer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Connections between the ranks of {@link FakeNccl}, whose lock the network is. */
final class FakeNetwork {
    private final int size;
    private final List<Step> steps = new ArrayList<>();
    private final Set<Integer> connected = new HashSet<>();
    private final Set<Integer> finished = new HashSet<>();
    private boolean stuck;

    FakeNetwork(int size) {
        this.size = size;
    }

    /** An operation, and the memory of each rank that has begun it. */
    private record Step(String call, long bytes, int root, Map<Integer, Long> addresses) {}

    int size() {
        return size;
    }

    void connect(int rank) {
        connected.add(rank);
    }

    void finish(int rank) {
        finished.add(rank);
    }

    boolean isReady(int rank) {
        return connected.size() == size && (!finished.contains(rank) || finished.size() == size);
    }

    /** Makes operations never end, although all ranks have begun them. */
    void getStuck() {
        stuck = true;
    }

    /** Returns whether the first operations are done on all ranks. */
    boolean isDone(int first) {
        return !stuck
                && steps.subList(0, first).stream()
                        .allMatch(step -> step.addresses().size() == size);
    }

    /** Begins a rank's operation, and computes it if all ranks have begun it. */
    void begin(int rank, int index, String call, Nccl.Block block, int root) {
        if (index == steps.size()) {
            steps.add(new Step(call, block.bytes(), root, new HashMap<>()));
        }
        Step step = steps.get(index);
        if (!step.call().equals(call) || step.bytes() != block.bytes() || step.root() != root) {
            throw new AssertionError("rank " + rank + " begins " + call + " of " + block + ", not " + step);
        }
        step.addresses().put(rank, block.address());
        if (step.addresses().size() == size) {
            compute(step);
            notifyAll();
        }
    }

    private void compute(Step step) {
        if (step.call().equals("broadcast")) {
            byte[] bytes = new Pointer(step.addresses().get(step.root())).getByteArray(0, (int) step.bytes());
            step.addresses().values().forEach(address -> new Pointer(address).write(0, bytes, 0, bytes.length));
            return;
        }
        long share = step.bytes() / size;
        if (step.call().equals("allGather")) {
            for (int from = 0; from < size; from++) {
                long offset = from * share;
                byte[] bytes = new Pointer(step.addresses().get(from)).getByteArray(offset, (int) share);
                step.addresses().values().forEach(to -> new Pointer(to).write(offset, bytes, 0, bytes.length));
            }
            return;
        }
        float[] sum = new float[(int) step.bytes() / Float.BYTES];
        for (int from = 0; from < size; from++) {
            float[] own = new Pointer(step.addresses().get(from)).getFloatArray(0, sum.length);
            for (int i = 0; i < sum.length; i++) {
                sum[i] = from == 0 ? own[i] : sum[i] + own[i];
            }
        }
        step.addresses().forEach((to, address) -> {
            if (step.call().equals("reduceScatter")) {
                int count = sum.length / size;
                new Pointer(address).write(to * share, sum, to * count, count);
                return;
            }
            if (step.root() < 0 || step.root() == to) {
                new Pointer(address).write(0, sum, 0, sum.length);
            }
        });
    }
}
