package io.github.sparkfinetune.data.corpus;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.corpus.CorpusConfig.Masking;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MaskerTest {
    private static String mask(String text, Masking... kinds) {
        return new Masker(List.of(kinds), "US").mask(text);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '^', quoteCharacter = '`', textBlock = """
        write to a.b+c@mail.example.org, now ^ write to <EMAIL>, now
        <first.last@x.co>; (y@z-1.net) ^ <<EMAIL>>; (<EMAIL>)
        'o'hara@example.com' ^ '<EMAIL>'
        a@b is none, @home neither, a@.b.c nor a@-b.c ^ a@b is none, @home neither, a@.b.c nor a@-b.c
        dots..two@example.com and .first@example.com ^ dots..<EMAIL> and .<EMAIL>
        trailing.@example.com, a@example.com. ^ trailing.@example.com, <EMAIL>.
        a@b.c@d.e ^ <EMAIL>@d.e
        müller@example.com ^ mü<EMAIL>
        """)
    void emails(String text, String masked) {
        assertThat(mask(text, Masking.EMAIL)).isEqualTo(masked);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '^', quoteCharacter = '`', textBlock = """
        from 192.168.0.1:80 and 8.8.8.8. ^ from <IP>:80 and <IP>.
        256.1.1.1, 1.2.3, 1.2.3.4.5, v1.2.3.4 and 1.2.3.4x ^ 256.1.1.1, 1.2.3, 1.2.3.4.5, v1.2.3.4 and 1.2.3.4x
        2001:0db8:85a3:0000:0000:8a2e:0370:7334 ^ <IP>
        fe80::1 and 2001:db8::8a2e:370:7334, ok ^ <IP> and <IP>, ok
        at 12:30:45, std::string, dead::beef, a:b ^ at 12:30:45, std::string, dead::beef, a:b
        """)
    void ips(String text, String masked) {
        assertThat(mask(text, Masking.IP)).isEqualTo(masked);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '^', quoteCharacter = '`', textBlock = """
        call +44 20 7946 0958 or (650) 253-0000! ^ call <PHONE> or <PHONE>!
        650-253-0000 ext. 12 ^ <PHONE> ext. 12
        in 1999-2003, on 2024-01-02, 1,234,567 or 3.14159265 ^ in 1999-2003, on 2024-01-02, 1,234,567 or 3.14159265
        id6502530000x and 123-45-6789 ^ id6502530000x and 123-45-6789
        """)
    void phones(String text, String masked) {
        assertThat(mask(text, Masking.PHONE)).isEqualTo(masked);
    }

    @Test
    void requiresACountryCodeWithoutARegion() {
        Masker masker = new Masker(List.of(Masking.PHONE), null);
        assertThat(masker.mask("(650) 253-0000, +1 650 253 0000")).isEqualTo("(650) 253-0000, <PHONE>");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '^', quoteCharacter = '`', textBlock = """
        in 2024, 1,234.5 or 12/05/2020. ^ in <NUMBER>, <NUMBER> or <NUMBER>.
        $5, 3% and -7 ^ $<NUMBER>, <NUMBER>% and -<NUMBER>
        H2O, 10km, 3rd and COVID-19 ^ H2O, 10km, 3rd and COVID-<NUMBER>
        ١٢٣ ^ <NUMBER>
        """)
    void numbers(String text, String masked) {
        assertThat(mask(text, Masking.NUMBER)).isEqualTo(masked);
    }

    @Test
    void masksKindsInOrderAndCountsThem() {
        Masker masker = new Masker(List.of(Masking.NUMBER, Masking.PHONE, Masking.EMAIL, Masking.IP), "US");
        assertThat(masker.mask("a1@b2.com, 10.0.0.1, 650-253-0000, 42, 43"))
                .isEqualTo("<EMAIL>, <IP>, <PHONE>, <NUMBER>, <NUMBER>");
        assertThat(masker.counts())
                .isEqualTo(Map.of(Masking.EMAIL, 1, Masking.IP, 1, Masking.PHONE, 1, Masking.NUMBER, 2));
        assertThat(masker.mask("nothing 𝕏 here")).isEqualTo("nothing 𝕏 here");
        assertThat(masker.counts()).isEmpty();
    }
}
