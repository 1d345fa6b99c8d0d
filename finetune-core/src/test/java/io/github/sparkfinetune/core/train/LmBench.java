package io.github.sparkfinetune.core.train;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.bench.RankProcesses;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.model.Batch;
import io.github.sparkfinetune.core.model.DropoutMasks;
import io.github.sparkfinetune.core.predict.LoadedModel;
import io.github.sparkfinetune.core.tensor.Torch;
import io.github.sparkfinetune.data.dataset.Sample;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;

/**
 * Speed and memory of fine-tuning a language model on random tokens, every one of them a label: {@code LmBench
 * MODEL_DIR RANKS THREADS {lora|qlora|full} BATCH LENGTH {keep|ckpt}}. Adapters have rank 8 on q_proj and v_proj.
 */
final class LmBench {
    private LmBench() {}

    public static void main(String[] arguments) throws Exception {
        if (arguments.length == 7) {
            List<String> rest = new ArrayList<>(List.of(arguments));
            rest.remove(1);
            RankProcesses.run(LmBench.class, Integer.parseInt(arguments[1]), TimedSteps.jvm(), rest);
            return;
        }
        int rank = Integer.parseInt(arguments[0]);
        try (Collective collective = RankProcesses.join(rank)) {
            rank(List.of(arguments).subList(2, arguments.length), collective);
        }
    }

    private static void rank(List<String> arguments, Collective collective) {
        String folder = arguments.get(0);
        int threads = Integer.parseInt(arguments.get(1));
        RunConfig config = RunConfigLoader.parse(
                "{task: causal-lm, data: {train: none}, output: {dir: none}}",
                "bench",
                List.of(
                        "model=" + folder,
                        "method.type=" + arguments.get(2),
                        "method.lora_alpha=16",
                        "method.target_modules=[q_proj, v_proj]",
                        "training.weight_decay=" + (arguments.get(2).equals("full") ? 0.01 : 0),
                        "training.gradient_checkpointing=" + arguments.get(5).equals("ckpt")));
        int batch = Integer.parseInt(arguments.get(3));
        int length = Integer.parseInt(arguments.get(4));
        Torch.start(threads);
        try (NDManager manager = Torch.manager(-1)) {
            LoadedModel<?> loaded =
                    LoadedModel.toTrain(config, manager, Path.of(folder), Optional.empty(), 0, 0, threads);
            TrainStep<?> step = step(config, manager, loaded, collective, threads);
            int mine = batch / collective.size();
            List<Sample> samples =
                    samples(batch, length).subList(collective.rank() * mine, (collective.rank() + 1) * mine);
            new TimedSteps(step, List.of(samples), collective, threads).run("tok/s", (long) batch * length);
        }
    }

    private static <B extends Batch> TrainStep<B> step(
            RunConfig config, NDManager manager, LoadedModel<B> loaded, Collective collective, int threads) {
        return new TrainStep<>(
                manager,
                loaded.model(),
                loaded.objective(),
                DropoutMasks.of(1, threads),
                collective,
                config.training());
    }

    private static List<Sample> samples(int batch, int length) {
        SplittableRandom random = new SplittableRandom(1);
        List<Sample> samples = new ArrayList<>();
        for (int i = 0; i < batch; i++) {
            int[] ids = random.ints(length, 100, 40000).toArray();
            samples.add(Sample.ofDocuments(i, ids, ids, length));
        }
        return samples;
    }
}
