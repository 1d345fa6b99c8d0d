package io.github.sparkfinetune.bench;

import io.github.sparkfinetune.core.quant.MappedWeight;
import io.github.sparkfinetune.core.quant.Nf4;
import io.github.sparkfinetune.core.quant.StoredWeight;
import io.github.sparkfinetune.core.quant.Widening;
import io.github.sparkfinetune.core.safetensors.SafetensorsFile;
import io.github.sparkfinetune.core.safetensors.SafetensorsWriter;
import io.github.sparkfinetune.core.safetensors.TensorData;
import io.github.sparkfinetune.core.safetensors.TensorType;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;

/**
 * Measures quantization of a matrix to NF4, and the conversions from NF4 to F32 and BF16, and from BF16 and F16 to F32:
 * {@code QuantBench [THREADS]}. Prints the minimum and the median time for a million weights, and the mean processor
 * time of a run. The time for a million weights does not depend on the size of a matrix that exceeds the caches.
 */
final class QuantBench {
    private static final long[] SHAPE = {1536, 576};
    private static final int COUNT = 1536 * 576;
    private static final int WARM_UP = 300;
    private static final int REPEATS = 501;

    private QuantBench() {}

    public static void main(String[] arguments) throws IOException {
        int most = arguments.length == 0 ? 2 : Integer.parseInt(arguments[0]);
        Path path = Files.createTempFile("quant", ".safetensors");
        try {
            try (OutputStream out = Files.newOutputStream(path)) {
                SafetensorsWriter.write(out, tensors(), SafetensorsWriter.PT);
            }
            try (SafetensorsFile file = SafetensorsFile.open(path)) {
                for (int threads = 1; threads <= most; threads++) {
                    run(file, threads);
                }
            }
        } finally {
            Files.delete(path);
        }
    }

    private static List<TensorData> tensors() {
        ByteBuffer bf16 = ByteBuffer.allocate(COUNT * Short.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        ByteBuffer f16 = ByteBuffer.allocate(COUNT * Short.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        ByteBuffer f32 = ByteBuffer.allocate(COUNT * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        Random random = new Random(1);
        for (int i = 0; i < COUNT; i++) {
            float weight = (float) (0.03 * random.nextGaussian());
            bf16.putShort((short) (Float.floatToRawIntBits(weight) >>> Short.SIZE));
            // A sign, an exponent around 2^-5, and any fraction.
            f16.putShort((short) (random.nextInt(1 << 10) | (7 + random.nextInt(4)) << 10 | random.nextInt(2) << 15));
            f32.putFloat(weight);
        }
        return List.of(
                TensorData.of("bf16", TensorType.BF16, SHAPE, bf16.flip()),
                TensorData.of("f16", TensorType.F16, SHAPE, f16.flip()),
                TensorData.of("f32", TensorType.F32, SHAPE, f32.flip()));
    }

    private static void run(SafetensorsFile file, int threads) {
        ByteBuffer target = ByteBuffer.allocateDirect(COUNT * Float.BYTES).order(ByteOrder.nativeOrder());
        StoredWeight plain = Nf4.quantize(file, "f32", false, threads);
        StoredWeight twice = Nf4.quantize(file, "f32", true, threads);
        StoredWeight bf16 = MappedWeight.of(file, "bf16");
        StoredWeight f16 = MappedWeight.of(file, "f16");
        measure("quantise F32", threads, () -> Nf4.quantize(file, "f32", true, threads));
        measure("quantise BF16", threads, () -> Nf4.quantize(file, "bf16", true, threads));
        measure("widen NF4", threads, () -> widen(plain, target, TensorType.F32, threads));
        measure("widen NF4, double", threads, () -> widen(twice, target, TensorType.F32, threads));
        ByteBuffer halves = target.slice(0, COUNT * Short.BYTES).order(ByteOrder.nativeOrder());
        measure("the same to BF16", threads, () -> widen(twice, halves, TensorType.BF16, threads));
        measure("widen BF16", threads, () -> widen(bf16, target, TensorType.F32, threads));
        measure("widen F16", threads, () -> widen(f16, target, TensorType.F32, threads));
    }

    private static void widen(StoredWeight weight, ByteBuffer target, TensorType type, int threads) {
        Widening.run(List.of(new Widening(weight, target)), type, threads);
    }

    private static void measure(String what, int threads, Runnable work) {
        for (int i = 0; i < WARM_UP; i++) {
            work.run();
        }
        long[] nanos = new long[REPEATS];
        double processor = ProcessorTime.seconds();
        for (int i = 0; i < REPEATS; i++) {
            long start = System.nanoTime();
            work.run();
            nanos[i] = System.nanoTime() - start;
        }
        double used = ProcessorTime.seconds() - processor;
        Arrays.sort(nanos);
        PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
        out.printf(
                Locale.ROOT,
                "ours %-18s threads %d: ms for 1 M weights, least %.3f median %.3f processor %.3f%n",
                what,
                threads,
                (double) nanos[0] / COUNT,
                (double) nanos[REPEATS / 2] / COUNT,
                used / REPEATS / COUNT * 1e9);
    }
}
