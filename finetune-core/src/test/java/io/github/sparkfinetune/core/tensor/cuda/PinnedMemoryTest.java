package io.github.sparkfinetune.core.tensor.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PinnedMemoryTest {
    private final FakeHostMemory memory = new FakeHostMemory();
    private final PinnedMemory pinned = new PinnedMemory(() -> Optional.of(memory));

    @Test
    void usesABlockAgainAtOnce() {
        PinnedMemory.Block block = pinned.take(100).orElseThrow();
        block.bytes(100).putLong(0, 7);
        block.release();
        PinnedMemory.Block again = pinned.take(90).orElseThrow();
        assertThat(again).isSameAs(block);
        assertThat(again.bytes(90).order()).isEqualTo(ByteOrder.nativeOrder());
        assertThat(again.bytes(90).getLong()).isEqualTo(7);
        assertThat(pinned.take(100)).isNotEqualTo(Optional.of(block));
        assertThat(memory.allocations()).isEqualTo(2);
        pinned.close();
        assertThat(memory.open()).isZero();
    }

    @Test
    void usesABlockAgainAfterItsCopies() {
        PinnedMemory.Block block = pinned.take(100).orElseThrow();
        block.releaseAfterCopies();
        Set<PinnedMemory.Block> others = new HashSet<>();
        PinnedMemory.Block next = pinned.take(100).orElseThrow();
        while (next != block) {
            assertThat(others.add(next)).isTrue();
            next = pinned.take(100).orElseThrow();
        }
        assertThat(others).hasSizeGreaterThan(10);
        pinned.close();
        assertThat(memory.open()).isZero();
    }

    @Test
    void allocatesNothingAfterTheFirstSteps() {
        List<Integer> allocations = new ArrayList<>();
        for (int step = 0; step < 20; step++) {
            for (int size : new int[] {8, 5000 + step, 40_000 - 100 * step, 8}) {
                pinned.take(size).orElseThrow().releaseAfterCopies();
            }
            allocations.add(memory.allocations());
        }
        assertThat(allocations.subList(10, 20)).containsOnly(allocations.get(9));
        pinned.close();
        assertThat(memory.open()).isZero();
        assertThat(pinned.take(8)).isEmpty();
    }

    @Test
    void sizesOfBlocksAreFewAndHardlyTooLarge() {
        Set<Integer> sizes = new HashSet<>();
        for (int bytes = 1; bytes < 1 << 24; bytes += 997) {
            int size = PinnedMemory.size(bytes);
            assertThat(size).isBetween(bytes, Math.max(4096, bytes + bytes / 4 + 4096));
            sizes.add(size);
        }
        assertThat(sizes).hasSizeLessThan(50);
        assertThat(PinnedMemory.size(1 << 26)).isEqualTo(1 << 26);
        assertThat(PinnedMemory.size(Integer.MAX_VALUE)).isEqualTo(Integer.MAX_VALUE);
    }

    @Test
    void goesOnWithoutMemoryThatCannotBePinned() {
        FakeHostMemory little = new FakeHostMemory(1);
        PinnedMemory some = new PinnedMemory(() -> Optional.of(little));
        PinnedMemory.Block block = some.take(100).orElseThrow();
        assertThat(some.take(100)).isEmpty();
        block.release();
        assertThat(some.take(100)).isEmpty();
        some.close();
        some.close();
        block.release();
        assertThat(little.open()).isZero();
    }

    @Test
    void isEmptyWithoutItsFunctions() {
        PinnedMemory missing = new PinnedMemory(() -> {
            throw new UnsatisfiedLinkError("no function cudaHostAlloc\nin this library");
        });
        assertThat(missing.take(1)).isEmpty();
        assertThat(PinnedMemory.none().take(1)).isEmpty();
        missing.close();
    }
}
