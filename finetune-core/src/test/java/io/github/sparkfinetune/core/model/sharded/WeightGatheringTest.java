package io.github.sparkfinetune.core.model.sharded;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.collective.ForwardingCollective;
import io.github.sparkfinetune.core.collective.exchange.Ranks;
import io.github.sparkfinetune.core.collective.nccl.FakeDevices;
import io.github.sparkfinetune.core.shard.SmallUnits;
import io.github.sparkfinetune.core.tensor.CopiesOnCpu;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.Torch;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Weights of layers that ranks gather, over the exchange of the hosts and in the memory of devices. */
class WeightGatheringTest {
    private static final int LAYERS = 3;

    /** Sizes of a layer's weights whose shares are equal. */
    private static final List<long[]> EVEN = List.of(new long[] {8, 16}, new long[] {16, 24});

    private static final List<long[]> UNEVEN = List.of(new long[] {8, 16}, new long[] {7}, new long[] {5, 40});

    /** Notes when gatherings begin and are awaited. */
    private static final class Noting extends ForwardingCollective {
        private final boolean onDevice;
        private final List<String> notes = new ArrayList<>();
        private int begun;

        Noting(Collective ranks, boolean onDevice) {
            super(ranks);
            this.onDevice = onDevice;
        }

        @Override
        public boolean isOnDevice() {
            return onDevice;
        }

        @Override
        public Future<?> allGatherIntoAsync(List<List<ByteBuffer>> shares) {
            long buffers = shares.stream().mapToLong(List::size).sum();
            return noted(buffers + " shares", super.allGatherIntoAsync(shares));
        }

        @Override
        public Future<?> allGatherEvenAsync(List<ByteBuffer> memory) {
            return noted("even", super.allGatherEvenAsync(memory));
        }

        private Future<?> noted(String how, Future<?> gathering) {
            int number = begun++;
            notes.add("begin " + number + ", " + how);
            return new CompletableFuture<Void>() {
                @Override
                public Void get() throws InterruptedException, ExecutionException {
                    notes.add("await " + number);
                    gathering.get();
                    return null;
                }
            };
        }
    }

    /**
     * What a rank gathered.
     *
     * @param values bytes of all layers, one weight after the other
     */
    private record Gathered(List<String> notes, List<byte[]> values) {}

    /** Prepares all layers upwards and downwards; the rank changes its shares in between. */
    private static Gathered gather(Collective collective, boolean onDevice, List<long[]> shapes, Set<Integer> bf16) {
        Torch.start(1);
        Noting ranks = new Noting(collective, onDevice);
        List<byte[]> read = new ArrayList<>();
        Device device = Device.of(-1, ranks.isOnDevice());
        try (NDManager manager = device.manager()) {
            ScriptModule script = ScriptModule.load(manager, List.of("core.tensor.tensors"), Map.of());
            WeightGathering gathering = new WeightGathering(device, script);
            List<ShardedWeights> layers = new ArrayList<>();
            List<List<NDArray>> weights = new ArrayList<>();
            for (int layer = 0; layer < LAYERS; layer++) {
                List<NDArray> whole = new ArrayList<>();
                for (long[] shape : shapes) {
                    NDArray steps = manager.arange((int) new Shape(shape).size())
                            .toType(DataType.FLOAT32, false)
                            .reshape(shape);
                    whole.add(steps.mul(1 / 3f).add(layer * 1000 + whole.size() * 100));
                }
                ShardedWeights shares = new ShardedWeights(device, script, ranks, whole, bf16);
                layers.add(shares);
                weights.add(gathering.add(shares, whole));
            }
            for (int layer = 0; layer < LAYERS; layer++) {
                gathering.prepare(layers.get(layer), true);
                ranks.notes.add("compute layer " + layer);
                read.addAll(bytes(device, script, weights.get(layer)));
            }
            for (ShardedWeights shares : layers) {
                shares.cut()
                        .of(ranks.rank())
                        .forEach(range -> shares.part(manager, range).muli(-1.7));
            }
            gathering.updated();
            for (int layer = LAYERS - 1; layer >= 0; layer--) {
                gathering.prepare(layers.get(layer), false);
                ranks.notes.add("compute layer " + layer);
                read.addAll(bytes(device, script, weights.get(layer)));
            }
        }
        return new Gathered(List.copyOf(ranks.notes), read);
    }

    private static List<byte[]> bytes(Device device, ScriptModule script, List<NDArray> weights) {
        List<byte[]> all = new ArrayList<>();
        for (NDArray weight : weights) {
            try (NDManager owner = device.manager().newSubManager()) {
                // DJL cannot read tensors in BF16.
                ByteBuffer values = device.read(script.callOne(owner, "f32", weight));
                byte[] bytes = new byte[values.remaining()];
                values.get(bytes);
                all.add(bytes);
            }
        }
        return all;
    }

    private static List<Gathered> play(int size, boolean onDevice, List<long[]> shapes, Set<Integer> bf16)
            throws Exception {
        return SmallUnits.call(
                16,
                () -> CopiesOnCpu.call(() -> {
                    try (Ranks ranks = Ranks.join(size);
                            FakeDevices devices = new FakeDevices(size)) {
                        return ranks.play(exchange ->
                                gather(onDevice ? devices.over(exchange) : exchange, onDevice, shapes, bf16));
                    }
                }));
    }

    private static void assertSameValues(List<Gathered> actual, List<Gathered> expected) {
        for (int rank = 0; rank < expected.size(); rank++) {
            assertThat(actual.get(rank).values())
                    .hasSameSizeAs(expected.get(0).values())
                    .usingElementComparator(Arrays::compare)
                    .containsExactlyElementsOf(expected.get(0).values());
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void gathersTheBitsOfTheExchange(boolean bf16) throws Exception {
        Set<Integer> narrow = bf16 ? Set.of(0, 2) : Set.of();
        for (int ranks : new int[] {2, 3}) {
            List<Gathered> expected = play(ranks, false, UNEVEN, narrow);
            List<Gathered> gathered = play(ranks, true, UNEVEN, narrow);
            assertSameValues(gathered, expected);
            // A rank sends a stretch of each section of its share; the weight of 7 values has one owner.
            assertThat(gathered.get(0).notes()).contains("begin 0, " + (bf16 ? 2 * ranks + 1 : ranks) + " shares");
        }
    }

    /** 32 units do not divide by three, but memory with padding does. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void gathersPaddedSharesByOneCall(boolean bf16) throws Exception {
        Set<Integer> narrow = bf16 ? Set.of(1) : Set.of();
        List<Gathered> expected = play(1, false, EVEN, narrow);
        for (boolean onDevice : new boolean[] {true, false}) {
            List<Gathered> gathered = play(3, onDevice, EVEN, narrow);
            assertThat(gathered)
                    .allSatisfy(rank -> assertThat(rank.notes()).contains("begin 0, even", "begin 5, even"));
            for (Gathered rank : gathered) {
                assertSameValues(List.of(rank), expected);
            }
        }
    }

    /** The next layer's weights arrive while a layer is computed, and nothing waits for them before. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void gathersALayerWhileTheOneBeforeIsComputed(boolean onDevice) throws Exception {
        for (Gathered gathered : play(2, onDevice, EVEN, Set.of())) {
            assertThat(gathered.notes())
                    .containsExactly(
                            "begin 0, even",
                            "await 0",
                            "begin 1, even",
                            "compute layer 0",
                            "await 1",
                            "begin 2, even",
                            "compute layer 1",
                            "await 2",
                            "compute layer 2",
                            "begin 3, even",
                            "await 3",
                            "begin 4, even",
                            "compute layer 2",
                            "await 4",
                            "begin 5, even",
                            "compute layer 1",
                            "await 5",
                            "compute layer 0");
        }
    }
}
