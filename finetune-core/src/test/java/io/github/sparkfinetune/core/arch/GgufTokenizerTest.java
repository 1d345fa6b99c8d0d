package io.github.sparkfinetune.core.arch;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.data.hf.TokenizerFiles;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GgufTokenizerTest {
    private static final String WORDS =
            "{'type':'ByteLevel','add_prefix_space':false,'trim_offsets':true,'use_regex':true}";
    private static final String BYTES = WORDS.replace("'use_regex':true", "'use_regex':false");
    private static final String SPLIT = "{'type':'Split','pattern':{'Regex':'(?i:\\'s|\\'t|\\'re|\\'ve|\\'m|\\'ll|\\'d)"
            + "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}%s| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+'},"
            + "'behavior':'Isolated','invert':false}";

    /** Uses normalizer, pre-tokenizer and model of the families' published files. */
    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '"',
            value = {
                "null; WORDS; {}; gpt2 gpt-2",
                "null; SEQUENCE [{'type':'Digits','individual_digits':true},WORDS]; {}; gpt2 smollm",
                "{'type':'NFC'}; SEQUENCE [SPLIT,BYTES]; {}; gpt2 qwen2",
                "null; SEQUENCE [SPLIT,BYTES]; {}; gpt2 qwen2",
                "null; SEQUENCE [SPLIT{1,3},BYTES]; {'ignore_merges':true}; gpt2 llama-bpe",
                "null; SEQUENCE [SPLIT{1,3},BYTES]; {}; none",
                "{'type':'Lowercase'}; WORDS; {}; none",
                "null; SEQUENCE [{'type':'Digits','individual_digits':false},WORDS]; {}; none",
                "null; WORDS; {'end_of_word_suffix':'</w>'}; none",
                "null; {'type':'Metaspace','replacement':'▁','prepend_scheme':'always','split':false};"
                        + " {'byte_fallback':true}; llama default prefix",
                "null; {'type':'Metaspace','replacement':'▁','prepend_scheme':'first','split':false};"
                        + " {'byte_fallback':true}; none",
                "{'type':'Sequence','normalizers':[{'type':'Prepend','prepend':'▁'},"
                        + "{'type':'Replace','pattern':{'String':' '},'content':'▁'}]}; null;"
                        + " {'byte_fallback':true}; llama default prefix",
                "{'type':'Sequence','normalizers':[{'type':'Replace','pattern':{'String':' '},'content':'▁'}]}; null;"
                        + " {'byte_fallback':true}; llama default",
            })
    void namesTheTokenizerByItsPreTokenizer(String normalizer, String preTokenizer, String model, String expected) {
        String splitting = preTokenizer
                .replaceFirst("^SEQUENCE (.*)$", "{'type':'Sequence','pretokenizers':$1}")
                .replace("SPLIT{1,3}", SPLIT.formatted("{1,3}"))
                .replace("SPLIT,", SPLIT.formatted("") + ",")
                .replace("WORDS", WORDS)
                .replace("BYTES", BYTES);
        String json = "{'normalizer':" + normalizer + ",'pre_tokenizer':" + splitting + ",'model':"
                + model.replaceFirst("\\{", "{'type':'BPE',").replace(",}", "}") + "}";
        String found = GgufTokenizer.of(TokenizerFiles.tree(json.replace("\\'", "\u0001")
                        .replace('\'', '"')
                        .replace("\\", "\\\\")
                        .replace('\u0001', '\'')))
                .map(known -> known.model() + " " + known.pre() + (known.addsSpacePrefix() ? " prefix" : ""))
                .orElse("none");
        assertThat(found).isEqualTo(expected);
    }
}
