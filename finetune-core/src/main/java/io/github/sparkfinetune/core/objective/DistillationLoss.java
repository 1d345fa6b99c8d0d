package io.github.sparkfinetune.core.objective;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.conf.TeacherConfig;
import io.github.sparkfinetune.core.model.Decoder;
import io.github.sparkfinetune.core.model.MatmulBackend;
import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.core.model.batch.Batch;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.Tensors;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.Seeds;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Loss of the next token and divergence from a teacher, the mean over the tokens with a label. With the teacher's
 * probabilities t and the model's p at temperature T, it is w T² Σ t log(t / p) + (1 - w) cross-entropy. T² keeps the
 * gradient of the first term as large as that of the second (Hinton and others, 2015).
 *
 * <p>K = {@code teacher.top_k} tokens stand for the teacher's distribution. With the threshold c for which Σ min(1, t /
 * c) = K, every token of at least the probability c has its probability as weight. A less likely token is drawn with
 * the probability t / c, and then has the weight c. So the mean of a token's weight is its probability, and so is the
 * mean of the gradient. Of all such draws of K tokens this has the smallest sum of variances (Fearnhead and Clifford,
 * 2003). The likeliest tokens alone would teach nothing about the others. If K is the whole vocabulary, the loss is
 * TRL's GKD with {@code lmbda} 0, {@code beta} 0, times T².
 *
 * <p>{@link Sample#targets} hold, for each token with a label, the ids of the K tokens and the logarithms of their
 * weights. Logits exist as in {@link VocabularyLoss}.
 */
public final class DistillationLoss implements Objective {
    /** Maximum number of tokens whose logits exist at once on a GPU: some copies of them exist too. */
    private static final int GPU_CHUNK = 1024;

    private static final int GPU_COPIES = 6;

    private final ScriptModule script;
    private final Model model;
    private final TeacherConfig teacher;

    /** @param manager owner of the script that computes it, on the model's device */
    public DistillationLoss(NDManager manager, Decoder model, TeacherConfig teacher) {
        int chunk = Device.of(manager).readsInPlace() ? VocabularyLoss.CHUNK : GPU_CHUNK;
        int part = VocabularyLoss.part(model.table().shape()[0]);
        this.script = script(manager, model.matmul(), chunk, part, model.logitCap(), teacher);
        this.model = model;
        this.teacher = teacher;
    }

    /** The parameters are those of {@link VocabularyLoss#script}. */
    static ScriptModule script(
            NDManager manager, MatmulBackend matmul, int chunk, int part, double cap, TeacherConfig teacher) {
        return ScriptModule.load(
                manager,
                List.of(matmul.module(), "core.objective.distillation_loss"),
                Map.of(
                        "chunk", chunk,
                        "part", part,
                        "logit_cap", cap,
                        "temperature", teacher.temperature(),
                        "teacher_weight", teacher.weight()));
    }

    @Override
    public TermWeights weights(List<Sample> samples) {
        return TermWeights.of(samples.stream().mapToDouble(Sample::labelTokens).sum());
    }

    @Override
    public Loss loss(
            NDManager owner,
            Map<String, NDArray> outputs,
            Batch batch,
            TermWeights weights,
            Map<String, NDArray> lmHead,
            boolean add) {
        TokenClasses classes = TokenClasses.of(batch.samples());
        NDList result = script.call(
                owner,
                "distillation_loss",
                outputs.get(Model.LAST_HIDDEN_STATE),
                model.lmHeadWeights(),
                batch.targets(),
                Tensors.of(
                        owner,
                        Arrays.stream(classes.ids()).asLongStream().toArray(),
                        new Shape(classes.rows(), classes.count())),
                Tensors.of(owner, classes.logWeights(), new Shape(classes.rows(), classes.count())),
                weights.scale(0),
                lmHead,
                add);
        return Loss.of(result, Model.LAST_HIDDEN_STATE);
    }

    /**
     * Returns the tokens that stand for the distribution of each token with a label, by this model as the teacher.
     *
     * @param output output of the model's last block
     * @param samples samples of the batch, in its order
     * @param vocabulary number of token ids that teacher and trained model share
     */
    public TokenClasses classes(NDManager owner, NDArray output, List<Sample> samples, int vocabulary) {
        int count = Math.min(teacher.topK(), vocabulary);
        if (output.getShape().get(0) == 0) {
            return new TokenClasses(count, new int[0], new float[0]);
        }
        NDList found = script.call(
                owner, "classes", output, model.lmHeadWeights(), offsets(owner, samples), count, vocabulary);
        return new TokenClasses(count, found.get(0).toIntArray(), found.get(1).toFloatArray());
    }

    /** Returns where drawing starts for each token with a label, in [0, 1): equal in every run. */
    private static NDArray offsets(NDManager owner, List<Sample> samples) {
        double[] offsets = samples.stream()
                .flatMapToDouble(sample -> IntStream.range(0, sample.labelTokens())
                        .mapToDouble(i -> Seeds.unit(Seeds.derive(0, Seeds.Purpose.DISTILLATION, sample.index(), i))))
                .toArray();
        return Tensors.of(owner, offsets, new Shape(offsets.length));
    }

    /**
     * Returns the peak memory of logits and their gradient, in bytes.
     *
     * @param tokens number of tokens with a label
     * @param capped whether the logits have a cap
     * @param onGpu whether the model is on a GPU
     */
    public static long bytes(long tokens, long vocabulary, boolean capped, boolean onGpu) {
        return onGpu
                ? GPU_COPIES * Math.min(GPU_CHUNK, tokens) * vocabulary * Float.BYTES
                : VocabularyLoss.bytes(tokens, vocabulary, capped, false);
    }
}
