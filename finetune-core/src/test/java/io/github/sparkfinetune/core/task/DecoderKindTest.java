package io.github.sparkfinetune.core.task;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.core.GoldenFiles;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.data.hf.HfConfig;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import java.io.IOException;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;

class DecoderKindTest {
    private static final Path MODEL = GoldenFiles.root().resolve("models/llama-tied");

    private final TokenizerFiles tokenizer = TokenizerFiles.read(
                    new org.apache.hadoop.fs.Path(MODEL.toUri()), new Configuration())
            .withPadding();

    DecoderKindTest() throws IOException {}

    @Test
    void classifiersTakeThePaddingOfTheTokenizerEvenIfTheModelNamesAnother() {
        int padding = tokenizer.special().padId();
        HfConfig other = HfConfig.read(MODEL).with("pad_token_id", padding + 1);

        DecoderKind classifier = new DecoderKind(HeadKind.SEQUENCE_CLASSIFICATION);
        assertThat(classifier.completed(other, tokenizer).padTokenId()).hasValue(padding);
        assertThat(classifier
                        .completed(other.with("pad_token_id", null), tokenizer)
                        .padTokenId())
                .hasValue(padding);
        assertThat(new DecoderKind(HeadKind.CAUSAL_LM)
                        .completed(other, tokenizer)
                        .padTokenId())
                .hasValue(padding + 1);
    }
}
