package io.github.sparkfinetune.core.generate;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.GoldenFiles;
import io.github.sparkfinetune.core.adapter.AdapterFile;
import io.github.sparkfinetune.core.adapter.ModelModules;
import io.github.sparkfinetune.core.adapter.PeftAdapter;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.core.model.Decoder;
import io.github.sparkfinetune.core.model.DropoutMasks;
import io.github.sparkfinetune.core.model.MatmulBackend;
import io.github.sparkfinetune.core.model.batch.Batch;
import io.github.sparkfinetune.core.model.weight.Adaptation;
import io.github.sparkfinetune.core.model.weight.Adaptation.Storage;
import io.github.sparkfinetune.core.model.weight.Block;
import io.github.sparkfinetune.core.model.weight.Trainable;
import io.github.sparkfinetune.core.safetensors.SafetensorsModel;
import io.github.sparkfinetune.core.tensor.Torch;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** A loaded golden language model without training. */
final class DecoderFixture implements AutoCloseable {
    final NDManager manager;
    final Decoder model;

    private DecoderFixture(String name, Optional<PeftAdapter> adapter, Storage storage, MatmulBackend matmul) {
        Torch.start(1);
        Path folder = GoldenFiles.root().resolve("models").resolve(name);
        HfConfig config = HfConfig.read(folder);
        manager = Torch.manager(-1);
        try (SafetensorsModel source = SafetensorsModel.open(folder)) {
            Adaptation adaptation = adapter.map(some -> Adaptation.of(
                            some.settings(),
                            ModelModules.linears(Architectures.of(config), HeadKind.CAUSAL_LM, source),
                            adapter,
                            storage,
                            2))
                    .orElseGet(() -> Adaptation.of(Trainable.none()));
            model = Decoder.load(manager, matmul, config, source, adaptation, 1);
        }
    }

    static DecoderFixture of(String name) {
        return of(name, MatmulBackend.f32());
    }

    static DecoderFixture of(String name, MatmulBackend matmul) {
        return new DecoderFixture(name, Optional.empty(), Storage.F32, matmul);
    }

    /** Loads a model with an adapter from {@code golden/peft}. */
    static DecoderFixture adapted(String name, String adapter, Storage storage) {
        return adapted(name, adapter, storage, MatmulBackend.f32());
    }

    static DecoderFixture adapted(String name, String adapter, Storage storage, MatmulBackend matmul) {
        return new DecoderFixture(
                name,
                Optional.of(AdapterFile.read(GoldenFiles.root().resolve("peft").resolve(adapter))),
                storage,
                matmul);
    }

    /** Returns the logits of the token after a text, computed without a cache. */
    float[] recomputed(int[] text) {
        try (NDManager owner = manager.newSubManager()) {
            Batch batch =
                    model.wholeBatch(owner, List.of(Sample.ofDocuments(0, text, new int[text.length], text.length)));
            NDArray x = model.lookup(owner, batch);
            for (Block block : model.blocks()) {
                x = model.forward(owner, block, x, batch, DropoutMasks.none());
            }
            float[] all = model.logits(owner, x).toFloatArray();
            int vocabulary = model.shape().vocabulary();
            return Arrays.copyOfRange(all, all.length - vocabulary, all.length);
        }
    }

    @Override
    public void close() {
        manager.close();
    }
}
