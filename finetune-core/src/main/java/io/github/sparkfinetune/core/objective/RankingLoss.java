package io.github.sparkfinetune.core.objective;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.conf.EmbeddingConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.tensor.Tensors;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.Arrays;
import java.util.List;

/**
 * Mean over the anchors of a global batch of the cross-entropy of the anchor's positive among the candidates of all
 * samples: -log(exp(s_p) / Σ exp(s_c)), where s is a cosine similarity times {@code embedding.scale}. A candidate that
 * has the tokens of the anchor or of its positive is no negative.
 *
 * <p>A rank computes the rows of its anchors, and then, from the log-sum-exp of all ranks' rows, the columns of its
 * candidates. So ranks exchange vectors, and no gradients of vectors.
 *
 * <p>Source: {@code MultipleNegativesRankingLoss} of {@code sentence-transformers}; Gao and others, 2021 (GradCache).
 */
public final class RankingLoss extends EmbeddingLoss {

    private boolean isChecked;

    RankingLoss(NDManager manager, EmbeddingConfig embedding, int width) {
        super(manager, embedding, width);
    }

    @Override
    public List<Loss> losses(
            NDManager owner, List<NDArray> outputs, List<List<Sample>> batches, TermWeights weights, Collective ranks) {
        List<Sample> samples = batches.stream().flatMap(List::stream).toList();
        float[] own = outputs.isEmpty() ? new float[0] : joined(outputs).toFloatArray();
        GlobalTexts global = GlobalTexts.of(ranks, samples, own);
        requireDifferentTexts(global);
        try (NDManager scratch = owner.newSubManager()) {
            long hidden = widths()[0];
            NDArray texts = Tensors.of(scratch, global.vectors(), new Shape(global.size(), hidden));
            NDArray anchors = Tensors.of(scratch, global.anchors());
            NDArray candidates = Tensors.of(scratch, global.candidates());
            NDArray anchorIds = Tensors.of(scratch, global.anchorIds(), new Shape(global.anchors().length, 2));
            NDArray candidateIds = Tensors.of(scratch, global.candidateIds());
            NDArray positives = Tensors.of(scratch, global.positives());
            String rows = global.own()[2] + ":" + (global.own()[2] + global.own()[3]);
            NDList ranking = samples.isEmpty()
                    ? new NDList()
                    : script().call(
                                    scratch,
                                    "ranking",
                                    texts,
                                    widths(),
                                    anchors.get(rows),
                                    candidates,
                                    anchorIds.get(rows),
                                    candidateIds,
                                    positives.get(rows));
            double[] sums = ranks.allGather(
                    samples.isEmpty() ? new double[0] : doubles(ranking.get(1).toFloatArray()));
            if (samples.isEmpty()) {
                return List.of();
            }
            NDArray gradient = script().callOne(
                            owner,
                            "ranking_gradient",
                            texts,
                            widths(),
                            anchors,
                            candidates,
                            anchorIds,
                            candidateIds,
                            positives,
                            Targets.of(scratch, new Shape(global.anchors().length, widths().length), sums),
                            global.own(),
                            weights.scale(0));
            NDArray losses = ranking.get(0);
            losses.attach(owner);
            return byBatch(outputs, batches, losses, gradient);
        }
    }

    /** Refuses texts that all belong to each other; later steps are not checked, because the last one may be small. */
    private void requireDifferentTexts(GlobalTexts global) {
        long candidates = global.candidateIds().length;
        if (!isChecked
                && candidates > 1
                && Arrays.stream(global.candidateIds()).distinct().count() == 1) {
            throw RunException.data("data.text_pair: all " + candidates + " texts of a step are equal, so that there is"
                    + " nothing to be far from: give pairs with different texts");
        }
        isChecked = true;
    }

    private static double[] doubles(float[] values) {
        double[] doubles = new double[values.length];
        Arrays.setAll(doubles, i -> values[i]);
        return doubles;
    }
}
