package io.github.sparkfinetune.core.objective;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.core.model.batch.Batch;
import io.github.sparkfinetune.core.tensor.Tensors;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * A loss of the likelihood of whole answers: the mean over samples of a function of the log-probabilities of the
 * sample's documents. A document's log-probability is the sum over its tokens with a label. Nothing waits for a GPU:
 * the weights of the tokens are computed where their losses are.
 */
public abstract class AnswerLoss implements Objective {
    private final VocabularyLoss tokens;

    /** @param tokens loss of tokens */
    AnswerLoss(VocabularyLoss tokens) {
        this.tokens = tokens;
    }

    /** Returns the loss of tokens. */
    public final VocabularyLoss tokens() {
        return tokens;
    }

    /**
     * Likelihood of the documents of samples.
     *
     * @param losses losses of the tokens with a label [M], on the model's device
     * @param documents index of each token's document among all documents [M], I64
     */
    record Likelihood(List<Sample> samples, NDArray losses, NDArray documents) {}

    /**
     * Computes the samples' losses, on the model's device.
     *
     * @param weights sums of {@link #weights} over the global batch
     * @return the sum of the losses [1], and the derivative of the loss of the global batch by each token's loss [M]
     */
    abstract NDList weighed(NDManager owner, Likelihood likelihood, TermWeights weights);

    @Override
    public TermWeights weights(List<Sample> samples) {
        return TermWeights.of(samples.size());
    }

    @Override
    public final Loss loss(
            NDManager owner,
            Map<String, NDArray> outputs,
            Batch batch,
            TermWeights weights,
            Map<String, NDArray> lmHead,
            boolean add) {
        NDArray hidden = outputs.get(Model.LAST_HIDDEN_STATE);
        NDArray documents = documents(owner, batch.samples());
        if (lmHead.isEmpty()) {
            VocabularyLoss.TokenGradients each = tokens.tokenGradients(owner, hidden, batch);
            NDList weighed = weighed(owner, new Likelihood(batch.samples(), each.losses(), documents), weights);
            return loss(weighed, tokens.weighted(owner, each, weighed.get(1)));
        }
        // The gradient of a trained head needs the weights of the tokens first, so logits are computed twice.
        NDArray losses = tokens.losses(owner, hidden, batch);
        NDList weighed = weighed(owner, new Likelihood(batch.samples(), losses, documents), weights);
        return loss(weighed, tokens.weighted(owner, hidden, batch, weighed.get(1), lmHead, add));
    }

    private static Loss loss(NDList weighed, NDArray gradient) {
        return new Loss(new LossTerms(weighed.get(0)), Map.of(Model.LAST_HIDDEN_STATE, gradient));
    }

    private static NDArray documents(NDManager owner, List<Sample> samples) {
        int[] lengths = samples.stream()
                .flatMapToInt(sample -> Arrays.stream(sample.labelTokensOfDocuments()))
                .toArray();
        long[] documents = new long[Arrays.stream(lengths).sum()];
        int begin = 0;
        for (int document = 0; document < lengths.length; document++) {
            Arrays.fill(documents, begin, begin + lengths[document], document);
            begin += lengths[document];
        }
        return Tensors.of(owner, documents);
    }

    /** @throws IllegalArgumentException if the number of documents or of reference values differs */
    static void require(Sample sample, int documents, int references) {
        if (sample.documents().length != documents) {
            throw new IllegalArgumentException(
                    "sample " + sample.index() + " has " + sample.documents().length + " documents, not " + documents);
        }
        if (sample.targets().length != references) {
            throw new IllegalArgumentException("sample " + sample.index() + " has no reference");
        }
    }
}
