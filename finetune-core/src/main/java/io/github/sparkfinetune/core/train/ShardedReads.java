package io.github.sparkfinetune.core.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.model.sharded.ShardedWeights;
import io.github.sparkfinetune.core.model.weight.Parameter;
import io.github.sparkfinetune.core.safetensors.TensorData;
import io.github.sparkfinetune.core.safetensors.TensorType;
import io.github.sparkfinetune.core.shard.Cut;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.TensorParts;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Reading of parameters that the ranks share. Rank 0 reads, a part of a parameter at a time; the other ranks serve
 * until it ends. So no rank holds a whole model.
 */
final class ShardedReads {
    private record Place(ShardedWeights weights, int tensor, Parameter parameter) {}

    /** A request: index of a parameter, index of its first value, number of values; all 0 values for the end. */
    private static final int REQUEST = 3 * Long.BYTES;

    private final Device device;
    private final ScriptModule script;
    private final RankContext rank;
    private final List<Place> places = new ArrayList<>();

    /** @param sharded the parameters of each group of shares */
    ShardedReads(Device device, ScriptModule script, RankContext rank, Map<ShardedWeights, List<Parameter>> sharded) {
        this.device = device;
        this.script = script;
        this.rank = rank;
        sharded.forEach((weights, parameters) -> {
            for (int i = 0; i < parameters.size(); i++) {
                places.add(new Place(weights, i, parameters.get(i)));
            }
        });
    }

    /** Returns whether the ranks share no parameter. */
    boolean isEmpty() {
        return places.isEmpty();
    }

    /** Returns a parameter to write on rank 0, or empty if the ranks do not share it. */
    Optional<TensorData> tensor(Parameter parameter) {
        for (int i = 0; i < places.size(); i++) {
            int index = i;
            if (places.get(i).parameter().name().equals(parameter.name())) {
                return Optional.of(new TensorData(
                        parameter.name(),
                        TensorType.F32,
                        parameter.shape(),
                        () -> (from, length) -> read(index, from / Float.BYTES, length / Float.BYTES)));
            }
        }
        return Optional.empty();
    }

    private ByteBuffer read(int index, long from, int count) {
        rank.progressed();
        ByteBuffer request =
                ByteBuffer.allocate(REQUEST).putLong(index).putLong(from).putLong(count);
        rank.collective().allGather(request.array());
        ByteBuffer values = ByteBuffer.allocateDirect(count * Float.BYTES).order(ByteOrder.nativeOrder());
        for (byte[] share : rank.collective().allGather(own(index, from, count))) {
            values.put(share);
        }
        return values.flip();
    }

    /** Answers rank 0's reads until it ends them. */
    void serve() {
        Collective collective = rank.collective();
        while (true) {
            rank.progressed();
            ByteBuffer request = ByteBuffer.wrap(collective.allGather(new byte[0])[0]);
            int index = (int) request.getLong();
            long from = request.getLong();
            int count = (int) request.getLong();
            if (count == 0) {
                return;
            }
            collective.allGather(own(index, from, count));
        }
    }

    /** Ends the reads of rank 0. */
    void end() {
        if (!isEmpty()) {
            rank.collective().allGather(new byte[REQUEST]);
        }
    }

    /** Returns this rank's values among some values of a parameter. */
    private byte[] own(int index, long from, int count) {
        Place place = places.get(index);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (Cut.Range range : place.weights().cut().of(rank.collective().rank())) {
            long begin = Math.max(range.from(), from);
            long end = Math.min(range.to(), from + count);
            if (range.tensor() == place.tensor() && begin < end) {
                try (NDManager owner = device.manager().newSubManager()) {
                    NDArray part = place.weights().part(owner, range);
                    ByteBuffer values = TensorParts.read(
                            device,
                            script,
                            part,
                            (begin - range.from()) * Float.BYTES,
                            (int) (end - begin) * Float.BYTES);
                    byte[] copy = new byte[values.remaining()];
                    values.get(copy);
                    bytes.writeBytes(copy);
                }
            }
        }
        return bytes.toByteArray();
    }
}
