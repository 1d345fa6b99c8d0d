package io.github.sparkfinetune.core.memory;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.GoldenFiles;
import io.github.sparkfinetune.core.arch.BatchShape;
import io.github.sparkfinetune.core.arch.BlockKind;
import io.github.sparkfinetune.core.arch.Configs;
import io.github.sparkfinetune.core.arch.DecoderArchitecture;
import io.github.sparkfinetune.core.arch.EncoderArchitecture;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.core.model.Decoder;
import io.github.sparkfinetune.core.model.DropoutMasks;
import io.github.sparkfinetune.core.model.Encoder;
import io.github.sparkfinetune.core.model.MatmulBackend;
import io.github.sparkfinetune.core.model.Tape;
import io.github.sparkfinetune.core.model.batch.Batch;
import io.github.sparkfinetune.core.model.weight.Adaptation;
import io.github.sparkfinetune.core.model.weight.Block;
import io.github.sparkfinetune.core.model.weight.Trainable;
import io.github.sparkfinetune.core.safetensors.SafetensorsModel;
import io.github.sparkfinetune.core.tensor.Processor;
import io.github.sparkfinetune.core.tensor.Torch;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Activation bytes counted from shapes equal those of the tensors that a layer keeps. */
class ActivationsTest {
    private static final int LENGTH = 16;
    private static final BatchShape BATCH = new BatchShape(3, LENGTH);

    private static int[] ids() {
        return IntStream.range(5, 5 + LENGTH).toArray();
    }

    /** Returns decoders whose backward is hand-written, each in F32 and BF16. */
    static Stream<Arguments> handWritten() {
        return GoldenFiles.decoders().stream()
                .filter(model -> !Architectures.decoder(Configs.golden(model)).isRecorded())
                .flatMap(model ->
                        Stream.of(MatmulBackend.f32(), MatmulBackend.BF16).map(matmul -> Arguments.of(model, matmul)));
    }

    @ParameterizedTest
    @MethodSource("handWritten")
    void countsWhatADecoderLayerKeeps(String name, MatmulBackend matmul) {
        Path folder = GoldenFiles.root().resolve("models").resolve(name);
        Adaptation adaptation = Adaptation.of(Trainable.all()).withBf16(matmul == MatmulBackend.BF16);
        HfConfig config = HfConfig.read(folder);
        Torch.start(1);
        try (NDManager manager = Torch.manager(-1);
                SafetensorsModel source = SafetensorsModel.open(folder)) {
            Decoder model = Decoder.load(manager, matmul, config, source, adaptation, 1);
            List<Sample> samples = IntStream.range(0, 3)
                    .mapToObj(i -> Sample.ofDocuments(i, ids(), ids(), LENGTH))
                    .toList();
            Batch batch = model.batch(manager, samples);
            NDArray x = manager.ones(new Shape(BATCH.tokens(), model.shape().hidden()));
            long kept;
            try (NDManager owner = manager.newSubManager()) {
                Tape tape = model.record(owner, model.call(layer(model), x, batch, DropoutMasks.none()), true);
                assertThat(tape.output().size()).isEqualTo(x.size());
                kept = bytes(owner);
            }

            DecoderArchitecture architecture = Architectures.decoder(config);
            AdaptedLayer layer = new AdaptedLayer(architecture.layer(0), adaptation);
            kept -= matmul == MatmulBackend.BF16 ? sumsOfTheFusedKernel(architecture) : 0;
            assertThat(architecture.layerBytes(layer, BATCH).kept()).isEqualTo(kept);
            Activations all = Activations.ofDecoder(config, adaptation, BATCH, false);
            Activations again = Activations.ofDecoder(config, adaptation, BATCH, true);
            long hidden = x.size() * Float.BYTES;
            assertThat(all.kept() - again.kept()).isEqualTo(model.shape().layers() * (kept - hidden));
            assertThat(again.backward() - all.backward()).isEqualTo(kept);
        }
    }

    /** Returns bytes that are not counted: sums that a layer keeps in BF16 on a processor with slow BF16 products. */
    private static long sumsOfTheFusedKernel(DecoderArchitecture architecture) {
        boolean fused = !Processor.here().hasAvx512() && architecture.factors().attentionCap() == 0;
        return fused ? BATCH.tokens() * architecture.shape().heads() * Float.BYTES : 0;
    }

    private static Block layer(Decoder model) {
        return model.blocks().stream()
                .filter(block -> block.kind() == BlockKind.LAYER)
                .findFirst()
                .orElseThrow();
    }

    @ParameterizedTest
    @ValueSource(strings = {"bert-seqcls", "mpnet-seqcls", "modernbert-seqcls"})
    void countsWhatAnEncoderLayerKeeps(String name) {
        Path folder = GoldenFiles.root().resolve("models").resolve(name);
        Adaptation adaptation = Adaptation.of(Trainable.all());
        HfConfig config = HfConfig.read(folder);
        Torch.start(1);
        try (NDManager manager = Torch.manager(-1);
                SafetensorsModel source = SafetensorsModel.open(folder)) {
            Encoder model = Encoder.load(
                    manager, MatmulBackend.f32(), config, source, HeadKind.SEQUENCE_CLASSIFICATION, 3, adaptation, 1);
            List<Sample> samples = IntStream.range(0, 3)
                    .mapToObj(i -> new Sample(i, ids(), new int[LENGTH], 0))
                    .toList();
            Batch batch = model.batch(manager, samples);
            NDArray x = manager.ones(batch.ids().getShape().add(model.shape().hidden()));
            long kept;
            try (NDManager owner = manager.newSubManager()) {
                Tape tape = model.record(owner, model.call(model.blocks().get(2), x, batch, DropoutMasks.none()), true);
                assertThat(tape.output().size()).isEqualTo(x.size());
                kept = bytes(owner);
            }

            EncoderArchitecture architecture = Architectures.encoder(config);
            AdaptedLayer layer = new AdaptedLayer(architecture.layer(0), adaptation);
            assertThat(architecture.layerBytes(layer, BATCH).kept()).isEqualTo(kept);
        }
    }

    @Test
    void countsNothingBelowTheLowestTrainedLayer() {
        HfConfig config = HfConfig.read(GoldenFiles.root().resolve("models/bert-seqcls"));
        long all = kept(config, Trainable.above(0));
        long one = kept(config, Trainable.above(1));
        long none = kept(config, Trainable.above(2));

        assertThat(all - one).isEqualTo(one - none).isPositive();
        assertThat(none).isEqualTo(BATCH.tokens() * 32 * Float.BYTES);
    }

    private static long kept(HfConfig config, Trainable trainable) {
        return Activations.ofEncoder(config, Adaptation.of(trainable), BATCH, false)
                .kept();
    }

    private static long bytes(NDManager owner) {
        return owner.getManagedArrays().stream()
                // DJL has no BF16 type.
                .mapToLong(array -> array.size()
                        * (array.getDataType() == DataType.UNKNOWN
                                ? Short.BYTES
                                : array.getDataType().getNumOfBytes()))
                .sum();
    }
}
