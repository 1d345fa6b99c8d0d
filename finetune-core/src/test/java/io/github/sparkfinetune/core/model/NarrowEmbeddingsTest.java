package io.github.sparkfinetune.core.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.conf.MethodConfig;
import io.github.sparkfinetune.conf.ModuleNames;
import io.github.sparkfinetune.core.GoldenFiles;
import io.github.sparkfinetune.core.arch.BlockKind;
import io.github.sparkfinetune.core.arch.Configs;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.model.batch.Batch;
import io.github.sparkfinetune.core.model.weight.Adaptation;
import io.github.sparkfinetune.core.model.weight.Block;
import io.github.sparkfinetune.core.model.weight.Parameter;
import io.github.sparkfinetune.core.model.weight.Trainable;
import io.github.sparkfinetune.core.safetensors.SafetensorsModel;
import io.github.sparkfinetune.core.tensor.Torch;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Embeddings narrower than hidden states, widened by a linear layer with an adapter, with dropout. */
class NarrowEmbeddingsTest {
    private static final String MODEL = "electra-seqcls";
    private static final List<Sample> SAMPLES = List.of(sample(0, 16), sample(1, 9));

    private static Sample sample(int index, int length) {
        return new Sample(index, IntStream.range(5, 5 + length).toArray(), new int[length], 0);
    }

    @Test
    void startsAnAdapterOnTheLmHeadAtZeroAndGivesItAGradient() {
        Torch.start(1);
        HfConfig config = Configs.golden(MODEL, "hidden_dropout_prob", 0.1);
        try (NDManager manager = Torch.manager(-1);
                SafetensorsModel source = SafetensorsModel.open(
                        GoldenFiles.root().resolve("models").resolve(MODEL))) {
            Adaptation lora = Adaptation.of(
                    MethodConfig.lora(4, 8, ModuleNames.matching("all-linear")),
                    config,
                    HeadKind.SEQUENCE_CLASSIFICATION,
                    source,
                    "SEQ_CLS",
                    MODEL,
                    Optional.empty(),
                    1);
            Encoder adapted = Encoder.load(
                    manager, MatmulBackend.f32(), config, source, HeadKind.SEQUENCE_CLASSIFICATION, 3, lora, 1);
            Encoder plain = Encoder.load(
                    manager,
                    MatmulBackend.f32(),
                    config,
                    source,
                    HeadKind.SEQUENCE_CLASSIFICATION,
                    3,
                    Adaptation.of(Trainable.none()),
                    1);
            Batch batch = adapted.batch(manager, SAMPLES);
            DropoutMasks masks = DropoutMasks.of(7, 1);
            Block block = adapted.blocks().get(0);
            assertThat(block.kind()).isEqualTo(BlockKind.EMBEDDINGS);
            NDArray rows = adapted.lookup(manager, batch);
            BlockCall call = adapted.call(block, rows, batch, masks);
            assertThat(call.masks()
                            .make(manager)
                            .get(DropoutSite.EMBEDDINGS.script())
                            .getShape())
                    .isEqualTo(new Shape(25, 16));

            Tape tape = adapted.record(manager, call, false);
            NDArray expected = plain.forward(manager, plain.blocks().get(0), rows, batch, masks);
            assertThat(tape.output().getShape()).isEqualTo(new Shape(25, 32));
            assertThat((double) tape.output().sub(expected).abs().max().getFloat())
                    .isCloseTo(0, within(1e-6));

            List<NDArray> gradients = block.trainable().stream()
                    .map(parameter -> manager.zeros(parameter.value().getShape()))
                    .toList();
            tape.backward(manager, tape.output().duplicate(), gradients, false);
            assertThat(block.trainable())
                    .extracting(Parameter::name)
                    .containsExactly("electra.embeddings_project.lora_A", "electra.embeddings_project.lora_B");
            assertThat(gradients.get(1).abs().max().getFloat()).isPositive();
        }
    }
}
