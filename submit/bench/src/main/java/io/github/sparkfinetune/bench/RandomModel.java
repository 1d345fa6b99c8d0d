package io.github.sparkfinetune.bench;

import io.github.sparkfinetune.core.arch.Architecture;
import io.github.sparkfinetune.core.arch.EncoderArchitecture;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.arch.WeightSpec;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.core.checkpoint.HfFolderWriter;
import io.github.sparkfinetune.core.safetensors.HalfFloat;
import io.github.sparkfinetune.core.safetensors.TensorData;
import io.github.sparkfinetune.core.safetensors.TensorInfo;
import io.github.sparkfinetune.core.safetensors.TensorType;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;

/**
 * Writes a language model, or an encoder without a head, with random weights in BF16: {@code RandomModel CONFIG_DIR
 * TOKENIZER_DIR FOLDER}. The model has the sizes of a config.json and the tokenizer of another model. Linears and
 * embeddings are drawn from N(0, 0.02).
 */
final class RandomModel {
    private static final long SHARD_BYTES = 4_000_000_000L;
    /** Number of drawn values; each tensor repeats them from its own offset. */
    private static final int DRAWN = 1 << 22;

    private static final double DEVIATION = 0.02;

    private RandomModel() {}

    public static void main(String[] arguments) throws IOException {
        HfConfig config = HfConfig.read(Path.of(arguments[0]));
        Architecture architecture = Architectures.of(config);
        HeadKind head = architecture instanceof EncoderArchitecture ? HeadKind.EMBEDDING : HeadKind.CAUSAL_LM;
        ByteBuffer drawn = drawn();
        List<TensorData> tensors = new ArrayList<>();
        Stream.of(
                        Stream.of(architecture.table()),
                        architecture.blocks(head, 0).stream().flatMap(block -> block.weights().values().stream()),
                        architecture.shared().values().stream(),
                        architecture.lmHead(head).values().stream())
                .flatMap(weights -> weights)
                .forEach(weight -> tensors.add(tensor(weight, drawn)));
        org.apache.hadoop.fs.Path target =
                new org.apache.hadoop.fs.Path(Path.of(arguments[2]).toUri());
        HfFolderWriter.once("FOLDER", target, new Configuration(), "random")
                .write(
                        List.of(Path.of(arguments[1])),
                        config,
                        tensors,
                        "Random weights in the shape of "
                                + Path.of(arguments[0]).getFileName() + ".\n",
                        SHARD_BYTES,
                        Map.of());
    }

    private static ByteBuffer drawn() {
        SplittableRandom random = new SplittableRandom(1);
        ByteBuffer values = ByteBuffer.allocateDirect(DRAWN * Short.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        while (values.hasRemaining()) {
            values.putShort(HalfFloat.toBf16((float) (random.nextGaussian() * DEVIATION)));
        }
        return values.flip();
    }

    private static TensorData tensor(WeightSpec weight, ByteBuffer drawn) {
        long[] shape = weight.shape();
        return TensorData.of(weight.name(), TensorType.BF16, shape, () -> {
            int bytes = Math.toIntExact(TensorInfo.count(shape) * Short.BYTES);
            ByteBuffer values = ByteBuffer.allocateDirect(bytes).order(ByteOrder.LITTLE_ENDIAN);
            if (weight.kind() == WeightSpec.Kind.NORM) {
                while (values.hasRemaining()) {
                    values.putShort(HalfFloat.toBf16(1));
                }
                return values.flip();
            }
            int at = Math.floorMod(weight.name().hashCode(), DRAWN) * Short.BYTES;
            while (values.hasRemaining()) {
                int length = Math.min(drawn.limit() - at, values.remaining());
                values.put(drawn.slice(at, length));
                at = 0;
            }
            return values.flip();
        });
    }
}
