package io.github.sparkfinetune.job;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PlanTextTest {
    @Test
    void alignsEveryLine() {
        assertThat(String.join("\n", PlanText.lines(Plans.of(null)))).isEqualTo("""
                parameters  134,975,808
                trained     460,800 (0.34%)
                head        classifier.bias: newly initialized, the model's checkpoint has none
                head        classifier.weight: newly initialized with shape [2, 64], the checkpoint's has shape [3, 64]: what this head has learned is lost; are the labels those of the model?

                memory of a rank outside the Java heap, MiB
                  weights                      513
                  adapters                       1
                  gradients                      1
                  optimizer                      3
                  activations                  342
                  logits and loss               48
                  freed, not returned          125
                  JVM and libraries            300
                  sum                        1,333
                  evaluation, at most        1,290

                set         --conf spark.executor.memoryOverhead=1536m (15% spare)
                executor    spark.executor.memory 1,024 MiB for the Java heap, memoryOverhead 384 MiB
                local disk  at most 519 MiB in spark.local.dir: 5 for a checkpoint under way, 514 for models, once a machine

                ranks       2, yarn has room for 2
                exchange    a rank receives 2 MiB a step: 0.00 s at 10 Gbit/s, most of it while it computes
                steps       400 of 4 samples, 1 epoch(s)
                epoch       1,600 samples, 200,000 tokens, 90,000 of them trained on
                privacy     epsilon 8.00, delta 1.0e-05, noise multiplier 0.700, sampling rate 0.0025

                to need less: what the sum becomes by one of these, MiB
                     1,029  --set training.gradient_checkpointing=true
                       900  --set cluster.shard=optimizer
                       384  --set cluster.shard=gradients
                       300  --set cluster.shard=full
                the least sharing that fits: --set cluster.shard=gradients""");
    }

    @Test
    void namesTheBlockThatNoSharingDivides() {
        assertThat(PlanText.lines(Plans.of(null, 256)))
                .last()
                .isEqualTo("no sharing fits: weights and gradients of the lm_head alone take 170 MiB on every rank");
    }
}
