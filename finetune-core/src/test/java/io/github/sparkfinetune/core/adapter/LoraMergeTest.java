package io.github.sparkfinetune.core.adapter;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.FloatBuffer;
import java.util.SplittableRandom;
import org.assertj.core.data.Offset;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The merge equals the formula, written out here. */
class LoraMergeTest {
    private static final int IN = 6;
    private static final int OUT = 5;
    private static final int R = 3;
    private static final double SCALING = 0.7;

    @ParameterizedTest
    @CsvSource({"false,false", "false,true", "true,false", "true,true"})
    void equalsTheFormula(boolean conv1d, boolean dora) {
        LoraModule module = module(conv1d, dora);
        float[] w = random(IN * OUT);
        float[] a = random(R * IN);
        float[] b = random(OUT * R);
        float[] magnitude = random(OUT);
        double[] expected = new double[w.length];
        for (int o = 0; o < OUT; o++) {
            double squares = 0;
            for (int i = 0; i < IN; i++) {
                double value = w[at(conv1d, o, i)];
                for (int k = 0; k < R; k++) {
                    value += SCALING * b[o * R + k] * a[k * IN + i];
                }
                expected[at(conv1d, o, i)] = value;
                squares += value * value;
            }
            for (int i = 0; dora && i < IN; i++) {
                expected[at(conv1d, o, i)] *= magnitude[o] / Math.sqrt(squares);
            }
        }

        FloatBuffer weight = FloatBuffer.allocate(w.length + 1).position(1);
        weight.put(1, w);
        LoraMerge.merge(
                module, weight, FloatBuffer.wrap(a), FloatBuffer.wrap(b), dora ? FloatBuffer.wrap(magnitude) : null);

        for (int i = 0; i < expected.length; i++) {
            assertThat((double) weight.get(1 + i)).isCloseTo(expected[i], Offset.offset(1e-6));
        }
    }

    @ParameterizedTest
    @CsvSource({"false,false", "false,true", "true,false", "true,true"})
    void changesNothingForANewAdapter(boolean conv1d, boolean dora) {
        LoraModule module = module(conv1d, dora);
        float[] w = random(IN * OUT);
        FloatBuffer a = FloatBuffer.allocate(R * IN);
        LoraInit.a(1, module, a);
        FloatBuffer magnitude = FloatBuffer.allocate(OUT);
        LoraInit.magnitude(module.module(), FloatBuffer.wrap(w), magnitude);

        float[] merged = w.clone();
        LoraMerge.merge(module, FloatBuffer.wrap(merged), a, FloatBuffer.allocate(OUT * R), magnitude);

        assertThat(merged).containsExactly(w, Offset.offset(1e-7f));
    }

    private static int at(boolean conv1d, int out, int in) {
        return conv1d ? in * OUT + out : out * IN + in;
    }

    private static LoraModule module(boolean conv1d, boolean dora) {
        return new LoraModule(new LinearModule("m", IN, OUT, conv1d, -1, false), R, SCALING, 0, dora);
    }

    private static float[] random(int count) {
        SplittableRandom random = new SplittableRandom(count);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) (random.nextDouble() - 0.5);
        }
        return values;
    }
}
