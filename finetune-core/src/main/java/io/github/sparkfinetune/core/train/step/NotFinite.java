package io.github.sparkfinetune.core.train.step;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.checkpoint.TensorRange;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.gradient.Gradients;
import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.core.model.batch.Batch;
import io.github.sparkfinetune.core.model.weight.Block;
import io.github.sparkfinetune.core.optim.Gradient;
import io.github.sparkfinetune.core.optim.Optimizer.ParameterGradient;
import io.github.sparkfinetune.data.dataset.Sample;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Search for the first tensor of a step that is not finite, in the order in which the step computes: parameters, the
 * outputs of the blocks, the loss, gradients from the last block to the first.
 */
final class NotFinite {
    private static final int FIRST_GRADIENT = 1 << 20;
    private static final int LOSS = FIRST_GRADIENT - 1;

    private final NDManager manager;
    private final Model model;
    private final ForwardBackward passes;
    private final Gradients gradients;
    private int first = FIRST_GRADIENT << 1;
    private String name = "the gradient's norm";

    NotFinite(NDManager manager, Model model, ForwardBackward passes, Gradients gradients) {
        this.manager = manager;
        this.model = model;
        this.passes = passes;
        this.gradients = gradients;
    }

    /**
     * Returns the name of the first tensor of any rank. All ranks call this method after a step, before its update.
     *
     * @param parts this rank's micro-batches, of samples as they are differentiated
     * @param isLossFinite whether the loss of the step is finite
     * @param progressed called before each piece of work; may throw
     */
    String first(Collective ranks, List<List<Sample>> parts, boolean isLossFinite, Runnable progressed) {
        List<ParameterGradient> trained = gradients.parameters();
        for (ParameterGradient one : trained) {
            inspect(0, one.parameter().value(), tensor(one));
        }
        for (List<Sample> part : parts) {
            progressed.run();
            pass(part);
        }
        model.finish();
        if (!isLossFinite) {
            found(LOSS, "the loss");
        }
        for (int i = trained.size() - 1; i >= 0; i--) {
            NDArray gradient = trained.get(i).gradient() instanceof Gradient.Rows rows
                    ? rows.step().get().rows()
                    : trained.get(i).gradient().dense();
            inspect(FIRST_GRADIENT + trained.size() - i, gradient, "the gradient of " + tensor(trained.get(i)));
        }
        return firstOf(ranks);
    }

    private static String tensor(ParameterGradient trained) {
        return TensorRange.ofName(trained.parameter().name()).tensor();
    }

    private void pass(List<Sample> part) {
        try (NDManager owner = manager.newSubManager()) {
            Batch batch = model.batch(owner, part);
            model.join(batch);
            NDArray x = passes.input(owner, batch);
            inspect(1, x, "the rows of " + model.table().name());
            for (int i = 0; i < model.blocks().size(); i++) {
                Block block = model.blocks().get(i);
                model.prepare(block, true);
                x = passes.forward(owner, block, x, batch);
                inspect(2 + i, x, "the output of " + name(block));
            }
            model.prepareLmHead();
        }
    }

    private static String name(Block block) {
        return switch (block.kind()) {
            case EMBEDDINGS -> "the embeddings";
            case LAYER -> "layer " + block.layer();
            case HEAD -> "the head";
        };
    }

    private void inspect(int index, NDArray tensor, String of) {
        if (index < first && !isFinite(tensor)) {
            found(index, of);
        }
    }

    private void found(int index, String of) {
        if (index < first) {
            first = index;
            name = of;
        }
    }

    private boolean isFinite(NDArray tensor) {
        try (NDManager owner = manager.newSubManager()) {
            return model.script().callOne(owner, "is_finite", tensor).toFloatArray()[0] == 1;
        }
    }

    private String firstOf(Collective ranks) {
        byte[] text = name.getBytes(StandardCharsets.UTF_8);
        byte[] own = ByteBuffer.allocate(Integer.BYTES + text.length)
                .putInt(first)
                .put(text)
                .array();
        ByteBuffer least = null;
        for (byte[] bytes : ranks.allGather(own)) {
            ByteBuffer message = ByteBuffer.wrap(bytes);
            least = least == null || message.getInt(0) < least.getInt(0) ? message : least;
        }
        return StandardCharsets.UTF_8.decode(least.position(Integer.BYTES)).toString();
    }
}
