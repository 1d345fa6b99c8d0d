package io.github.sparkfinetune.core.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class ProcessorTest {
    @Test
    void readsVendorAndFlags() {
        Processor processor = Processor.of(List.of(
                "processor\t: 0", "vendor_id\t: GenuineIntel", "vmx flags\t: vnmi", "flags\t\t: fpu avx2  amx_bf16"));
        assertThat(processor.isIntel()).isTrue();
        assertThat(processor.flags()).containsExactlyInAnyOrder("fpu", "avx2", "amx_bf16");
        assertThat(Processor.of(List.of("vendor_id : AuthenticAMD")).isIntel()).isFalse();
    }

    @Test
    void hasNoVendorAndFlagsOfAnUnknownProcessor() {
        Processor processor = Processor.of(List.of("Processor : ARMv8"));
        assertThat(processor.vendor()).isEmpty();
        assertThat(processor.flags()).isEmpty();
        assertThat(processor.isIntel()).isFalse();
        assertThat(processor.hasAvx512()).isFalse();
    }

    @Test
    void hasAvx512OnlyWithAllPartsThatOneDnnNeeds() {
        assertThat(Processor.of(List.of("flags : avx2 avx512f avx512bw avx512vl avx512dq"))
                        .hasAvx512())
                .isTrue();
        assertThat(Processor.of(List.of("flags : avx2 avx512f avx512bw")).hasAvx512())
                .isFalse();
    }
}
