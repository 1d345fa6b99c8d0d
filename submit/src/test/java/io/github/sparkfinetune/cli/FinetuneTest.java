package io.github.sparkfinetune.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.error.RunException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FinetuneTest extends CommandLineOverFakeJobs {
    @ParameterizedTest
    @CsvSource({"prepare,prepare", "train,check train", "evaluate,evaluate"})
    void commandRunsOnlyItsJob(String command, String jobs) {
        assertThat(finetune(command, "--config", recipe(), "--set", "output.dir=" + dir))
                .isZero();
        assertThat(calls).containsExactly(("open " + jobs + " close").split(" "));
        assertThat(dir.resolve("status.json"))
                .content()
                .contains("\"exit_code\": 0")
                .contains("\"message\": null");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '^', textBlock = """
        train                        ^ error: Missing required option: '--config=FILE': the run's YAML file; see finetune train --help
        train run.yaml               ^ error: Missing required option: '--config=FILE': the run's YAML file; see finetune train --help
        train --config               ^ error: Missing required parameter for option '--config' (FILE): the run's YAML file; see finetune train --help
        train --config a --config b  ^ error: option '--config' (FILE) should be specified only once; see finetune train --help
        train --config a.yaml --foo  ^ error: Unknown option: '--foo'; see finetune train --help
        train --config a.yaml --foo=1 ^ error: Unknown option: '--foo'; see finetune train --help
        train --config a.yaml -x     ^ error: Unknown option: '-x'; see finetune train --help
        train --confg a.yaml         ^ error: Unknown option: '--confg' (did you mean --config?); see finetune train --help
        train --config a.yaml --input b ^ error: Unknown option: '--input' (an option of evaluate, predict, explain, relabel, redact); see finetune train --help
        train --config a.yaml --adapter b ^ error: Unknown option: '--adapter' (an option of merge; a key of the run: --set method.adapter=VALUE); see finetune train --help
        plan --config a.yaml --progress bar ^ error: Unknown option: '--progress' (an option of train, erase, audit, run, tune, watch); see finetune plan --help
        train --config a.yaml --learning-rate 1e-4 ^ error: Unknown option: '--learning-rate' (a key of the run: --set training.learning_rate=VALUE); see finetune train --help
        train --config a.yaml --output_dir b ^ error: Unknown option: '--output_dir' (a key of the run: --set output.dir=VALUE); see finetune train --help
        train --config a.yaml --max-seq-length 64 ^ error: Unknown option: '--max-seq-length' (a key of the run: --set data.max_length=VALUE); see finetune train --help
        train --config a.yaml method.r=8 ^ error: Unknown argument: 'method.r=8' (did you mean --set method.r=8?); see finetune train --help
        train --config a.yaml b.yaml ^ error: Unknown argument: 'b.yaml'; see finetune train --help
        --debug train --config a.yaml ^ error: Unknown option: '--debug' (an option of init, doctor, plan, prepare, train, evaluate, predict, explain, trace, erase, evidence, verify-evidence, mine, audit, annotate, relabel, redact, merge, export, push, promote, run, tune); see finetune --help
        split --config a.yaml        ^ error: Unknown command: 'split'; see finetune --help
        trian --config a.yaml        ^ error: Unknown command: 'trian' (did you mean train?); see finetune --help
        eval --config a.yaml         ^ error: Unknown command: 'eval' (did you mean evaluate?); see finetune --help
        help pedict                  ^ error: Unknown command: 'pedict' (did you mean predict?); see finetune --help
        merge --config a.yaml        ^ error: Missing required option: '--output=PATH': the folder of the merged model; see finetune merge --help
        predict --config a.yaml      ^ error: Missing required option: '--input=PATH': the texts or prompts; see finetune predict --help
        merge                        ^ error: Missing required options: '--config=FILE', '--output=PATH': the run's YAML file, the folder of the merged model; see finetune merge --help
        run --config none.yaml       ^ error: none.yaml: no such file: name the run's YAML file with --config
        run --config ../conf/recipes/news-minilm.yaml --set training.learning_rat=1 ^ error: --set training.learning_rat: unknown key training.learning_rat; did you mean training.learning_rate?
        """)
    void badUsageIsOneLineAndExitCode2(String line, String message) {
        assertThat(finetune(line.split(" +"))).isEqualTo(2);
        assertThat(out.toString()).isEmpty();
        assertThat(err.toString()).isEqualTo(message + System.lineSeparator());
        assertThat(calls).isEmpty();
    }

    @Test
    void reportsAnErrorOfAJobInOneLineWithItsExitCode() {
        failure = new IllegalStateException("wrapped", RunException.data("data/x.jsonl:3: no JSON\nfix it"));
        assertThat(finetune("train", "--config", recipe(), "--set", "output.dir=" + dir))
                .isEqualTo(3);
        assertThat(err.toString()).isEqualTo("error: data/x.jsonl:3: no JSON fix it" + System.lineSeparator());
        assertThat(dir.resolve("status.json"))
                .content()
                .contains("\"command\": \"train\"")
                .contains("\"exit_code\": 3")
                .contains("\"message\": \"data/x.jsonl:3: no JSON fix it\"");
        assertThat(calls).containsExactly("open", "check", "train", "close");
    }

    @Test
    void writesNothingIntoAnotherRunsFolder() {
        failure = RunException.config("output.dir: " + dir + " holds another run");
        assertThat(finetune("train", "--config", recipe(), "--set", "output.dir=" + dir))
                .isEqualTo(2);
        assertThat(dir.resolve("status.json")).doesNotExist();
    }

    @Test
    void unknownErrorHasExitCode4AndDebugShowsTheStackTrace() {
        failure = new IllegalStateException("odd");
        assertThat(finetune("train", "--config", recipe(), "--set", "output.dir=" + dir))
                .isEqualTo(4);
        assertThat(err.toString())
                .isEqualTo(
                        "error: java.lang.IllegalStateException: odd (--debug shows where)" + System.lineSeparator());

        err.getBuffer().setLength(0);
        finetune("train", "--debug", "--config", recipe(), "--set", "output.dir=" + dir);
        assertThat(err.toString()).contains("\tat " + FinetuneTest.class.getName());
    }
}
