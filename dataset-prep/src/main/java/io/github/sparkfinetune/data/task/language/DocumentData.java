package io.github.sparkfinetune.data.task.language;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.data.dataset.DatasetOptions;
import io.github.sparkfinetune.data.dataset.parquet.SampleSchema;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.task.RawSource;
import io.github.sparkfinetune.data.task.Reading;
import io.github.sparkfinetune.data.task.TaskData;
import io.github.sparkfinetune.data.task.TextRows;

/** A task whose rows are texts, each a document in which every token is trained. */
interface DocumentData extends TaskData<TextRows.Content> {
    /** Returns the run's options for data. */
    DataConfig data();

    @Override
    default Reading<TextRows.Content> reading(RawSource source, TokenizerFiles files, boolean supervised) {
        return TextRows.documents(data(), source);
    }

    @Override
    default String text(TextRows.Content content) {
        return content.text();
    }

    @Override
    default SampleSchema schema() {
        return SampleSchema.ofDocuments(true);
    }

    @Override
    default DatasetOptions options(TokenizerFiles files) {
        return TextRows.documentOptions(data(), files);
    }
}
