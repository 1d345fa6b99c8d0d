package io.github.sparkfinetune.core.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.sparkfinetune.conf.GenerationConfig;
import io.github.sparkfinetune.conf.error.RunException;
import java.nio.FloatBuffer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class TokenChooserTest {
    private static final GenerationConfig GREEDY = new GenerationConfig(1, false, 0.1, 1, 0.1, 1, 0, 0);
    private static final GenerationConfig SAMPLED = new GenerationConfig(1, true, 1, 0, 1, 1, 0, 0);
    private static final int[] PROMPT = {0, 1};

    @Test
    void takesTheFirstOfTheHighestLogitsWhenGreedy() {
        assertThat(choose(GREEDY, 0, 1, 3, 3, -1)).isEqualTo(1);
    }

    @Test
    void penalisesTokensOfPromptAndAnswerWhenGreedy() {
        GenerationConfig config = new GenerationConfig(1, false, 1, 0, 1, 2, 0, 0);
        TokenChooser chooser = new TokenChooser(config, 4, 1, 0, PROMPT);
        float[] logits = {5, 4, 3, 2.9f};
        // 5 and 4 become 2.5 and 2; 3 becomes 1.5 once its token is chosen.
        assertThat(chooser.choose(FloatBuffer.wrap(logits))).isEqualTo(2);
        assertThat(chooser.choose(FloatBuffer.wrap(logits))).isEqualTo(3);
        assertThat(chooser.choose(FloatBuffer.wrap(logits))).isEqualTo(0);
        assertThat(logits).containsExactly(5, 4, 3, 2.9f);
    }

    @Test
    void readsLogitsFromTheBuffersPosition() {
        FloatBuffer batch = FloatBuffer.wrap(new float[] {9, 0, 0, 0, 0, 9});
        batch.position(3);
        assertThat(new TokenChooser(GREEDY, 3, 1, 0, PROMPT).choose(batch)).isEqualTo(2);
        assertThat(batch.position()).isEqualTo(3);
    }

    @Test
    void samplesTokensByTheirProbability() {
        int draws = 40_000;
        int[] counts = new int[4];
        for (int sample = 0; sample < draws; sample++) {
            counts[choose(SAMPLED, sample, (float) Math.log(0.5), (float) Math.log(0.3), -50, (float) Math.log(0.2))]++;
        }
        assertThat(counts[0] / (double) draws).isCloseTo(0.5, within(0.01));
        assertThat(counts[1] / (double) draws).isCloseTo(0.3, within(0.01));
        assertThat(counts[2]).isZero();
        assertThat(counts[3] / (double) draws).isCloseTo(0.2, within(0.01));
    }

    @Test
    void neverSamplesTokensOutsideTopK() {
        GenerationConfig topTwo = new GenerationConfig(1, true, 5, 2, 1, 1, 0, 0);
        assertThat(IntStream.range(0, 1000).map(sample -> choose(topTwo, sample, 1, 2, 3, 0)))
                .contains(1, 2)
                .doesNotContain(0, 3);
    }

    @Test
    void samplesBySeedSampleAndPositionOnly() {
        int[] sampled = answer(42, 7);
        assertThat(answer(42, 7)).isEqualTo(sampled);
        assertThat(answer(43, 7)).isNotEqualTo(sampled);
        assertThat(answer(42, 8)).isNotEqualTo(sampled);
        assertThat(IntStream.of(sampled).distinct().count()).isGreaterThan(5);
    }

    @Test
    void namesTheTokenOfANaNLogit() {
        assertThatThrownBy(() -> choose(SAMPLED, 0, 1, 2, Float.NaN))
                .isInstanceOf(RunException.class)
                .hasMessage("the model's logit of token 2 is NaN: its weights are damaged or its training diverged");
    }

    private static int[] answer(long seed, long sample) {
        TokenChooser chooser = new TokenChooser(SAMPLED, 20, seed, sample, PROMPT);
        return IntStream.range(0, 30)
                .map(position -> chooser.choose(FloatBuffer.allocate(20)))
                .toArray();
    }

    private static int choose(GenerationConfig config, long sample, float... logits) {
        return new TokenChooser(config, logits.length, 42, sample, PROMPT).choose(FloatBuffer.wrap(logits));
    }
}
