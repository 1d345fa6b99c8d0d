package io.github.sparkfinetune.data.mask;

import io.github.sparkfinetune.conf.MaskedLmConfig;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.SampleDraws;
import io.github.sparkfinetune.data.dataset.Seeds;
import io.github.sparkfinetune.data.dataset.Seeds.Purpose;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;

/**
 * BERT's masking (arXiv 1810.04805, 3.1). Of the chosen tokens, 80 % are replaced by the mask token, 10 % by a random
 * token of the whole vocabulary, and 10 % stay. A chosen token has its id as its label, other tokens have no label. A
 * training sample is masked anew in each epoch, a held-out sample always alike.
 *
 * <p>Single tokens are chosen independently of each other with {@code mlm_probability}. Whole words are chosen as by
 * {@code DataCollatorForWholeWordMask} of {@code transformers}: in random order, as long as they fit into
 * {@code mlm_probability} of the sample's tokens. Special tokens are never chosen.
 *
 * @param vocabulary the tokenizer's vocabulary
 * @param settings share of chosen tokens, and choice by tokens or words
 * @param seed seed of the training
 * @param evaluationSeed seed of the masks of held-out samples
 */
public record TokenMasking(MaskingVocabulary vocabulary, MaskedLmConfig settings, long seed, long evaluationSeed)
        implements SampleDraws {
    private static final double MASKED = 0.8;
    private static final double RANDOM = 0.1;

    /** Most tokens that whole-word masking chooses, {@code max_predictions} of {@code transformers}. */
    private static final int MOST = 512;

    /** Numbers of the random values of a token. */
    private static final int CHOICE = 0;

    private static final int REPLACEMENT = 1;
    private static final int TOKEN = 2;
    private static final int DRAWS = 3;

    @Override
    public Sample train(Sample sample, int epoch) {
        return masked(sample, Seeds.derive(seed, Purpose.MASKING, epoch, sample.index()));
    }

    @Override
    public Sample evaluate(Sample sample) {
        return masked(sample, Seeds.derive(evaluationSeed, Purpose.EVALUATION_MASKING, sample.index()));
    }

    private Sample masked(Sample sample, long draw) {
        int[] ids = sample.inputIds().clone();
        int[] labels = new int[ids.length];
        Arrays.fill(labels, Sample.IGNORED);
        BitSet chosen = settings.wholeWordMask() ? chosenWords(ids, draw) : chosenTokens(ids, draw);
        chosen.stream().forEach(place -> {
            labels[place] = ids[place];
            double replacement = Seeds.unit(value(draw, place, REPLACEMENT));
            if (replacement < MASKED) {
                ids[place] = vocabulary.maskTokenId();
            } else if (replacement < MASKED + RANDOM) {
                ids[place] = (int) Seeds.bounded(value(draw, place, TOKEN), vocabulary.size());
            }
        });
        return sample.withTokens(ids, labels);
    }

    private static long value(long draw, int place, int what) {
        return Seeds.fold(draw, (long) DRAWS * place + what);
    }

    private BitSet chosenTokens(int[] ids, long draw) {
        BitSet chosen = new BitSet();
        for (int place = 0; place < ids.length; place++) {
            boolean drawn = Seeds.unit(value(draw, place, CHOICE)) < settings.mlmProbability();
            chosen.set(place, drawn && !vocabulary.special().get(ids[place]));
        }
        return chosen;
    }

    private BitSet chosenWords(int[] ids, long draw) {
        List<int[]> words = words(ids);
        int room = wordTokens(ids.length);
        BitSet chosen = new BitSet();
        // Index -1 belongs to no token, so the order of the words has a random stream of its own.
        for (int word : Seeds.permutation(words.size(), Seeds.fold(draw, -1))) {
            int[] range = words.get(word);
            if (range[1] - range[0] <= room) {
                chosen.set(range[0], range[1]);
                room -= range[1] - range[0];
            }
        }
        return chosen;
    }

    /** Returns the most tokens that whole-word masking chooses in a sample of this length, special tokens included. */
    int wordTokens(int length) {
        return Math.min(MOST, Math.max(1, (int) Math.rint(length * settings.mlmProbability())));
    }

    /** Returns begin and end (exclusive) of each word of a sample, without special tokens. */
    List<int[]> words(int[] ids) {
        List<int[]> words = new ArrayList<>();
        boolean inside = false;
        for (int place = 0; place < ids.length; place++) {
            if (vocabulary.special().get(ids[place])) {
                inside = false;
            } else if (inside && vocabulary.words().orElseThrow().continues(ids[place - 1], ids[place])) {
                words.get(words.size() - 1)[1]++;
            } else {
                words.add(new int[] {place, place + 1});
                inside = true;
            }
        }
        return words;
    }
}
