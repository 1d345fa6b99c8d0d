package io.github.sparkfinetune.bench;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.data.files.HadoopFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Measures speed and memory of a training on random tokens: {@code TrainBench MODEL_DIR TASK {full|lora|qlora}
 * {keep|ckpt} BATCH LENGTH RANKS THREADS}. A step has BATCH samples of LENGTH tokens over all ranks, the same samples
 * in each step. {@code ckpt} recomputes activations. Adapters have rank 8 on the usual linears of the model's family.
 * Each rank is a process of THREADS threads.
 *
 * <p>{@code -Dsteps=N} sets the number of timed steps. With {@code -Dprofile=FILE} rank 0 writes PyTorch's trace of the
 * last step. {@code -Dshard=LEVEL} sets {@code cluster.shard}. {@code -Dprecision=bf16} sets the precision of the run,
 * {@code -Doptim=adamw_8bit} its optimizer, {@code -Daccumulation=N} the micro-batches of a step. {@code -Dgpu=INDEX}
 * trains on a GPU, or with -1 on the CPU, and adds the memory in use, its growth over the timed steps and all losses to
 * the result.
 */
final class TrainBench {
    private TrainBench() {}

    public static void main(String[] arguments) throws IOException, InterruptedException {
        int batch = Integer.parseInt(arguments[4]);
        int length = Integer.parseInt(arguments[5]);
        int ranks = Integer.parseInt(arguments[6]);
        if (batch % ranks != 0) {
            throw new IllegalArgumentException("a batch of " + batch + " is not divisible by " + ranks + " ranks");
        }
        int accumulation = Integer.getInteger("accumulation", 1);
        Path folder = Files.createTempDirectory("train-bench-");
        try {
            Path yaml = folder.resolve("run.yaml");
            Files.writeString(yaml, """
                    model: %s
                    task: %s
                    precision: %s
                    method: {type: %s, lora_alpha: 16}
                    data: {train: none, format: jsonl, max_length: %d}
                    training: {gradient_checkpointing: %s, per_device_train_batch_size: %d, max_steps: %d,
                      optim: %s, lr_scheduler_type: constant, weight_decay: 0.01, gradient_accumulation_steps: %d}
                    cluster: {ranks: %d, shard: %s}
                    output: {dir: %s}
                    """.formatted(
                            Path.of(arguments[0]).toUri(),
                            arguments[1],
                            System.getProperty("precision", "fp32"),
                            arguments[2],
                            length,
                            arguments[3].equals("ckpt"),
                            batch / ranks,
                            TimedSteps.total(),
                            System.getProperty("optim", "adamw_torch"),
                            accumulation,
                            ranks,
                            System.getProperty("shard", "none"),
                            folder.resolve("run").toUri()));
            RunConfig config = RunConfigLoader.load(yaml, List.of());
            RandomDataset.write(config, batch * accumulation, length);
            RankProcesses.run(TrainRank.class, ranks, jvm(), List.of(yaml.toString(), arguments[7]));
        } finally {
            HadoopFiles.deleteLocal(folder);
        }
    }

    private static List<String> jvm() {
        List<String> jvm = new ArrayList<>(
                // The codes of 4-bit weights are in direct memory.
                List.of("-Xmx256m", "-XX:+UseSerialGC", "-XX:MaxDirectMemorySize=16g"));
        for (String property : TimedSteps.PROPERTIES) {
            if (System.getProperty(property) != null) {
                jvm.add("-D" + property + "=" + System.getProperty(property));
            }
        }
        return jvm;
    }
}
