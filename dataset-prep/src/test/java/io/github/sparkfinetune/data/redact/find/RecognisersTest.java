package io.github.sparkfinetune.data.redact.find;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.redact.Entity;
import io.github.sparkfinetune.data.Allocated;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Marks what a recogniser finds by square brackets. */
class RecognisersTest {
    private static String marked(String text, Entity entity) {
        StringBuilder marked = new StringBuilder(text);
        List<Span> spans = new EntityFinder(List.of(entity.name()), List.of("US", "DE", "FR")).find(text);
        for (int i = spans.size() - 1; i >= 0; i--) {
            assertThat(spans.get(i).entity()).isEqualTo(entity.name());
            marked.insert(spans.get(i).end(), ']').insert(spans.get(i).start(), '[');
        }
        return marked.toString();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '^', quoteCharacter = '`', textBlock = """
        EMAIL_ADDRESS ^ to [müller@example.com], <[a.b+c@mail.example.co.uk]>.
        EMAIL_ADDRESS ^ [o'hara@example.com].Then .[first@example.org]; trailing.@example.com
        EMAIL_ADDRESS ^ [me@host.internal] but a@b and @home are none
        IBAN_CODE ^ [GB82 WEST 1234 5698 7654 32], [DE89370400440532013000] and [FR14-2004-1010-0505-0001-3M02-606]
        IBAN_CODE ^ GB83 WEST 1234 5698 7654 32, GB82 WEST 1234 5698 7654 321 and XX82 WEST 1234 5698 7654 32
        CREDIT_CARD ^ [4111 1111 1111 1111], [5555-5555-5555-4444], [378282246310005] and [2223003122003222]
        CREDIT_CARD ^ 4111 1111 1111 1112, id4111111111111111 and 41111111111111114
        CRYPTO ^ [1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2], [bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4]
        CRYPTO ^ [bc1p5cyxnuxmeuwuvkwfem96lqzszd02n6xdcjrs20cac6yqjjwudpxqkedrcr] in Bech32m
        CRYPTO ^ 1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN3, bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5
        URL ^ see [https://x.example/a?b=c#d], ([www.example.org]) or [example.com:8080/p].
        URL ^ [http://intranet/wiki]; me@example.com, e.g. this, sentence.It goes on, file.txt and 1.5
        IP_ADDRESS ^ [192.168.0.1]:80, [10.0.0.0/8], [8.8.8.8]. [2001:db8::8a2e:370:7334] and [fe80::1/64]
        IP_ADDRESS ^ 256.1.1.1, 1.2.3.4.5, v1.2.3.4, 12:30:45 and std::string
        DATE_TIME ^ [12/31/1999], [31/12/99], [2020-01-05], [2020-01-05T10:11:12Z], [5.1.2020] and [5-JAN-2020]
        DATE_TIME ^ [January 5, 2020], [5th of March 2021], [Sept. 7 1999], [may-19] and [June 2020]
        DATE_TIME ^ 13/13/2020, 2020-13-01, 0.1.2020, 1-2-20, 1/2, march 5 and dismay-19
        US_ITIN ^ [912-71-1234] and [912 94 1234], not 912-93-1234 and 912711234
        US_SSN ^ [123-45-6780] and [123 45 6780]; 123-45 6780, 666-45-6780, 123-00-6780, 123-45-0000, 078-05-1120
        UK_NHS ^ [943 476 5919] and [9434765919], not 943 476 5918
        UK_NINO ^ [AB123456C], [ab 12 34 56 c], not BG123456C, AB123456E and XAB123456C
        DE_TAX_ID ^ [86095742719], not 86095742718 and 06095742719
        FR_NIR ^ [1 85 05 78 006 084 91], [255081416802538] and [1 85 05 2A 006 084 35], not 1 85 05 78 006 084 90
        ES_NIF ^ [12345678Z] and [12345678-z], not 12345678A
        ES_NIE ^ [X1234567L] and z-[y1234567X], not X1234567M
        IT_FISCAL_CODE ^ [RSSMRA85T10A562S], not RSSMRA85T10A562T
        IT_VAT_CODE ^ [07643520567], not 07643520568 and 00000000000
        PL_PESEL ^ [44051401359], not 44051401358 and 144051401359
        IN_PAN ^ [ABCPE1234F], not ABCDE1234F and ABCPE12345
        IN_AADHAAR ^ [2345 6789 0124] and [234567890124], not 2345 6789 0123 and 1345 6789 0124
        PHONE_NUMBER ^ call [+44 20 7946 0958], [(650) 253-0000] or [030 23125555]; [650-253-0001x416] too
        PHONE_NUMBER ^ in 1999-2003, on 2024-01-02 03:04:05, 1,234,567 or id6502530000
        """)
    void findWhatHasTheFormAndTheCheckDigits(Entity entity, String expected) {
        assertThat(marked(expected.replaceAll("[\\[\\]]", ""), entity)).isEqualTo(expected);
    }

    /** A host has at most 253 characters, so a long chain of labels costs no more than as many short ones. */
    @ParameterizedTest
    @ValueSource(strings = {"a.", "a-b.c ", "a@b.c.", "https.", "com."})
    void readsEachCharacterAFewTimes(String part) {
        EntityFinder urls = new EntityFinder(List.of(Entity.URL.name(), Entity.EMAIL_ADDRESS.name()), List.of("US"));
        long small = Allocated.by(() -> urls.find(part.repeat(1_000)));
        long large = Allocated.by(() -> urls.find(part.repeat(4_000)));

        assertThat(large)
                .as("bytes for four times the text, %s for it once", small)
                .isLessThan(6 * small);
    }

    @Test
    @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void readsAMegabyteOfLabels() {
        assertThat(marked("a.".repeat(500_000), Entity.URL)).doesNotContain("[");
    }

    @Test
    void findsHostsOfAtMost253Characters() {
        String host = "a.".repeat(125) + "com";

        assertThat(marked("see " + host + "/b", Entity.URL)).isEqualTo("see [" + host + "/b]");
        assertThat(marked("see b." + host, Entity.URL)).doesNotContain("[");
    }
}
