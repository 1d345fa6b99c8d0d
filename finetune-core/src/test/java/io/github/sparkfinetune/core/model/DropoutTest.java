package io.github.sparkfinetune.core.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import io.github.sparkfinetune.core.model.batch.Batch;
import io.github.sparkfinetune.core.tensor.CopiesOnCpu;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.Tensors;
import io.github.sparkfinetune.core.tensor.Torch;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;

/** A dropout mask depends on the sample, not on its position in a batch, and drops at the rate. */
class DropoutTest {
    private static final int WIDTH = 30;
    private static final int HEADS = 3;
    /** Checksum of masks, computed by numpy. */
    private static final long CRC = 753_585_611L;

    private static Sample sample(int index, int length) {
        return new Sample(index, new int[length], new int[length], 0);
    }

    @Test
    void makesTheSameMaskForASampleInAnyBatchPaddingAndThreadCount() {
        Torch.start(1);
        try (NDManager manager = Torch.manager(-1)) {
            List<Sample> samples = List.of(sample(1, 40), sample(5, 11), sample(9, 3));
            Batch alone = TokenBatch.of(manager, samples.subList(1, 2));
            Batch among = TokenBatch.of(manager, samples);
            boolean[] small = tokens(new Dropout(1, 1), manager, alone, 3, DropoutSite.OUTPUT);
            boolean[] large = tokens(new Dropout(1, 2), manager, among, 3, DropoutSite.OUTPUT);
            assertThat(Arrays.copyOfRange(large, 40 * WIDTH, 51 * WIDTH)).isEqualTo(small);

            List<Batch.Document> calls =
                    List.of(new Batch.Document(2, 0, 16), new Batch.Document(1, 0, 16), new Batch.Document(0, 0, 40));
            Batch padded = new Batch(samples, among.ids(), among.rows(), calls, Map.of(), List.of(), among.targets());
            boolean[] narrow = probs(new Dropout(1, 1), manager, alone);
            boolean[] wide = probs(new Dropout(1, 2), manager, padded);
            for (int head = 0; head < HEADS; head++) {
                for (int q = 0; q < 11; q++) {
                    for (int k = 0; k < 11; k++) {
                        int at = ((HEADS + head) * 16 + q) * 16 + k;
                        assertThat(wide[at]).isEqualTo(narrow[(head * 11 + q) * 11 + k]);
                    }
                }
            }
        }
    }

    @Test
    void makesTheSameMaskForTheFirstTokenAlone() {
        Torch.start(1);
        try (NDManager manager = Torch.manager(-1)) {
            Batch batch = TokenBatch.of(manager, List.of(sample(1, 40), sample(5, 11)));
            long siteId = Dropout.siteId(3, DropoutSite.HEAD);
            Dropout dropout = new Dropout(1, 1);
            boolean[] first = kept(mask(dropout, manager, 2, siteId, 0.1, MaskRows.firstTokens(batch)));
            boolean[] all = kept(mask(dropout, manager, 2, siteId, 0.1, MaskRows.tokens(batch)));
            assertThat(Arrays.copyOf(first, WIDTH)).isEqualTo(Arrays.copyOf(all, WIDTH));
            assertThat(Arrays.copyOfRange(first, WIDTH, 2 * WIDTH))
                    .isEqualTo(Arrays.copyOfRange(all, 40 * WIDTH, 41 * WIDTH));
        }
    }

    @Test
    void makesIndependentMasksForOtherLayersSitesAndSeeds() {
        Torch.start(1);
        try (NDManager manager = Torch.manager(-1)) {
            Batch batch = TokenBatch.of(manager, List.of(sample(5, 512)));
            boolean[] one = tokens(new Dropout(1, 1), manager, batch, 3, DropoutSite.OUTPUT);
            for (boolean[] other : List.of(
                    tokens(new Dropout(2, 1), manager, batch, 3, DropoutSite.OUTPUT),
                    tokens(new Dropout(1, 1), manager, batch, 4, DropoutSite.OUTPUT),
                    tokens(new Dropout(1, 1), manager, batch, 3, DropoutSite.ATTENTION_OUTPUT))) {
                int both = 0;
                for (int i = 0; i < one.length; i++) {
                    both += !one[i] && !other[i] ? 1 : 0;
                }
                // Two independent masks drop the same element at 0.1 * 0.1; five standard deviations are allowed.
                double deviation = 5 * Math.sqrt(0.01 * 0.99 / one.length);
                assertThat((double) both / one.length).isCloseTo(0.01, within(deviation));
            }
        }
    }

    @Test
    void dropsAtTheRate() {
        Torch.start(1);
        try (NDManager manager = Torch.manager(-1)) {
            Batch batch = TokenBatch.of(manager, List.of(sample(0, 512), sample(1, 512)));
            for (double rate : new double[] {0.05, 0.1, 0.5}) {
                long siteId = Dropout.siteId(0, DropoutSite.OUTPUT);
                boolean[] kept = kept(mask(new Dropout(1, 1), manager, 0, siteId, rate, MaskRows.tokens(batch)));
                int dropped = 0;
                for (boolean one : kept) {
                    dropped += one ? 0 : 1;
                }
                double deviation = 5 * Math.sqrt(rate * (1 - rate) / kept.length);
                assertThat((double) dropped / kept.length).isCloseTo(rate, within(deviation));
                assertThat(Dropout.scale(rate)).isCloseTo(1 / (1 - rate), within(1e-4));
            }
        }
    }

    private static boolean[] tokens(Dropout dropout, NDManager manager, Batch batch, int layer, DropoutSite site) {
        return kept(mask(dropout, manager, 2, Dropout.siteId(layer, site), 0.1, MaskRows.tokens(batch)));
    }

    private static boolean[] probs(Dropout dropout, NDManager manager, Batch batch) {
        long siteId = Dropout.siteId(0, DropoutSite.PROBS);
        return kept(mask(dropout, manager, 2, siteId, 0.1, MaskRows.queries(batch, HEADS)));
    }

    private static NDArray mask(
            Dropout dropout, NDManager manager, long step, long siteId, double rate, MaskRows rows) {
        List<Dropout.Mask> masks = List.of(new Dropout.Mask("site", siteId, rate, rows, WIDTH));
        return dropout.of(script(manager), step, masks, manager).make(manager).get("site");
    }

    private static ScriptModule script(NDManager manager) {
        return ScriptModule.load(manager, List.of("core.model.dropout_masks"), Map.of());
    }

    /** Returns masks of every kind of rows, in calls of the same rows. */
    private static List<Dropout.Mask> masks(Batch batch) {
        MaskRows tokens = MaskRows.tokens(batch);
        MaskRows queries = MaskRows.queries(batch, HEADS);
        return List.of(
                new Dropout.Mask("narrow", Dropout.siteId(0, "q_proj"), 0.1, tokens, WIDTH),
                new Dropout.Mask("wide", Dropout.siteId(-1, "down_proj"), 0.5, tokens, 512),
                new Dropout.Mask("probs", Dropout.siteId(3, DropoutSite.PROBS), 0.25, queries, 0),
                new Dropout.Mask("first", Dropout.siteId(9, DropoutSite.HEAD), 0.05, MaskRows.firstTokens(batch), 5),
                new Dropout.Mask("table", Dropout.siteId(2, DropoutSite.RELATIVE), 0.9, MaskRows.table(70), 8));
    }

    /** Returns a batch whose texts have calls of two lengths, and whose rows are more than its tokens. */
    private static Batch filled(NDManager manager) {
        List<Sample> samples = List.of(sample(1, 40), sample(1 << 30, 11), sample(9, 16));
        List<Batch.Document> calls = List.of(
                new Batch.Document(2, 0, 16),
                new Batch.Document(1, 0, 16),
                new Batch.Document(0, 0, 40),
                new Batch.Document(-1, 0, 5));
        Batch batch = TokenBatch.of(manager, samples);
        NDArray ids = Tensors.of(manager, new long[72]);
        return new Batch(samples, ids, batch.rows(), calls, Map.of(), List.of(), batch.targets());
    }

    private static Map<String, byte[]> bits(NDManager manager, List<Dropout.Mask> masks) {
        Map<String, byte[]> bits = new LinkedHashMap<>();
        new Dropout(7, 2).of(script(manager), 5, masks, manager).make(manager).forEach((name, mask) -> {
            assertThat(mask.getDataType()).isEqualTo(DataType.UINT8);
            bits.put(name + mask.getShape(), mask.toByteArray());
        });
        return bits;
    }

    @Test
    void makesOnADeviceTheBitsOfTheHost() throws Exception {
        Torch.start(1);
        try (NDManager manager = Torch.manager(-1)) {
            Map<String, byte[]> expected = bits(manager, masks(filled(manager)));
            Map<String, byte[]> actual = CopiesOnCpu.call(() -> bits(manager, masks(filled(manager))));
            assertThat(actual).containsOnlyKeys(expected.keySet());
            expected.forEach(
                    (name, mask) -> assertThat(actual.get(name)).as(name).isEqualTo(mask));
        }
    }

    /** Masks are part of a seed's meaning: a run that is resumed by another version has the same masks. */
    @Test
    void keepsItsBits() {
        Torch.start(1);
        try (NDManager manager = Torch.manager(-1)) {
            CRC32 crc = new CRC32();
            Batch batch = TokenBatch.of(manager, List.of(sample(1, 40), sample(5, 11)));
            bits(manager, masks(batch)).values().forEach(crc::update);
            assertThat(crc.getValue()).isEqualTo(CRC);
        }
    }

    @Test
    void restoresMasksThatOthersHaveOverwritten() throws Exception {
        Torch.start(1);
        try (NDManager manager = Torch.manager(-1)) {
            Batch batch = filled(manager);
            Dropout dropout = new Dropout(1, 2);
            BlockMasks own = dropout.of(script(manager), 1, masks(batch), manager);
            BlockMasks other = dropout.of(script(manager), 2, masks(batch), manager);
            Map<String, NDArray> made = own.make(manager);
            byte[] expected = made.get("wide").toByteArray();
            other.make(manager);
            assertThat(made.get("wide").toByteArray()).isNotEqualTo(expected);
            own.restore(made);
            assertThat(made.get("wide").toByteArray()).isEqualTo(expected);
        }
    }

    private static boolean[] kept(NDArray mask) {
        byte[] factors = mask.toByteArray();
        boolean[] kept = new boolean[factors.length];
        for (int i = 0; i < kept.length; i++) {
            assertThat((int) factors[i]).isBetween(0, 1);
            kept[i] = factors[i] == 1;
        }
        return kept;
    }
}
