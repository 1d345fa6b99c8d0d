package io.github.sparkfinetune.core.train;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.bench.RankProcesses;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.model.Adaptation;
import io.github.sparkfinetune.core.model.DropoutMasks;
import io.github.sparkfinetune.core.model.Encoder;
import io.github.sparkfinetune.core.model.MatmulBackend;
import io.github.sparkfinetune.core.model.Trainable;
import io.github.sparkfinetune.core.objective.ClassificationLoss;
import io.github.sparkfinetune.core.safetensors.SafetensorsModel;
import io.github.sparkfinetune.core.tensor.Torch;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Speed and memory of full fine-tuning of a sequence classifier on random tokens, a global batch of 16 texts of 128
 * tokens: {@code ClassifyBench MODEL_DIR RANKS THREADS}. With {@code -Dprofile=FILE} rank 0 writes a trace of its last
 * step.
 */
final class ClassifyBench {
    private static final int BATCH = 16;
    private static final int LENGTH = 128;

    private ClassifyBench() {}

    public static void main(String[] arguments) throws Exception {
        if (arguments.length == 3) {
            RankProcesses.run(
                    ClassifyBench.class,
                    Integer.parseInt(arguments[1]),
                    TimedSteps.jvm(),
                    List.of(arguments[0], arguments[2]));
            return;
        }
        int rank = Integer.parseInt(arguments[0]);
        int threads = Integer.parseInt(arguments[3]);
        try (Collective collective = RankProcesses.join(rank)) {
            rank(Path.of(arguments[2]), threads, collective);
        }
    }

    private static void rank(Path folder, int threads, Collective collective) {
        Torch.start(threads);
        try (NDManager manager = Torch.manager(-1)) {
            Encoder model;
            try (SafetensorsModel source = SafetensorsModel.open(folder)) {
                model = Encoder.load(
                        manager,
                        MatmulBackend.f32(),
                        HfConfig.read(folder),
                        source,
                        HeadKind.SEQUENCE_CLASSIFICATION,
                        2,
                        Adaptation.of(Trainable.all()),
                        1);
            }
            TrainStep<?> step = new TrainStep<>(
                    manager,
                    model,
                    new ClassificationLoss(manager),
                    DropoutMasks.of(1, threads),
                    collective,
                    TinyDecoder.training(false));
            int mine = BATCH / collective.size();
            List<Sample> samples = samples().subList(collective.rank() * mine, (collective.rank() + 1) * mine);
            new TimedSteps(step, List.of(samples), collective, threads).run("seq/s", BATCH);
        }
    }

    private static List<Sample> samples() {
        SplittableRandom random = new SplittableRandom(1);
        List<Sample> samples = new ArrayList<>();
        for (int i = 0; i < BATCH; i++) {
            samples.add(new Sample(i, random.ints(LENGTH, 1000, 20000).toArray(), new int[LENGTH], i % 2));
        }
        return samples;
    }
}
