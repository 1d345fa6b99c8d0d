package io.github.sparkfinetune.core.train;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.TrainingConfig;
import io.github.sparkfinetune.core.checkpoint.Checkpoint;
import io.github.sparkfinetune.core.checkpoint.CheckpointFiles;
import io.github.sparkfinetune.core.checkpoint.CheckpointStore;
import io.github.sparkfinetune.core.checkpoint.LoadedCheckpoint;
import io.github.sparkfinetune.core.checkpoint.Retention;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.memory.ResidentMemory;
import io.github.sparkfinetune.core.optim.LrSchedule;
import io.github.sparkfinetune.core.plan.PrivateSteps;
import io.github.sparkfinetune.core.plan.StepPlan;
import io.github.sparkfinetune.core.plan.TrainingOrder;
import io.github.sparkfinetune.core.train.sample.PrivateGradient;
import io.github.sparkfinetune.core.train.sample.PublicNorm;
import io.github.sparkfinetune.core.train.speed.SlowRank;
import io.github.sparkfinetune.core.train.speed.StepTimes;
import io.github.sparkfinetune.core.train.speed.Throughput;
import io.github.sparkfinetune.core.train.step.Evaluation;
import io.github.sparkfinetune.core.train.step.TrainStep;
import io.github.sparkfinetune.data.dataset.Sample;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The training loop, for any number of ranks. */
final class Training implements AutoCloseable {
    private final RunConfig config;
    private final TrainingConfig settings;
    private final RankContext rank;
    private final Collective collective;
    private final TrainingResources resources;
    private final CheckpointStore checkpoints;
    private final Saves saves;
    private final ParameterSync same;
    private final BestModel best;
    private final Throughput throughput = new Throughput();
    private final StepTimes times;
    private StepPlan plan;
    private LrSchedule schedule;
    private TrainingSamples samples;
    /** Steps of a private run that has no result yet. */
    private Optional<PrivateSteps> privateSteps = Optional.empty();

    private long step;
    /** Samples of these steps, repeated epochs counted. */
    private long sampleCount;
    /** Tokens of these samples, without padding. */
    private long tokenCount;

    private long evaluatedStep = -1;
    /** True if the last step is evaluated and the parameters are not changing. */
    private boolean settled;

    private Optional<Checkpoint> resumedFrom = Optional.empty();
    private TrainingResult resultBefore;
    private Precision precision;
    private SlowRank slowRank;

    Training(RunConfig config, RankContext rank, TrainingResources resources) {
        this.config = config;
        this.settings = config.training();
        this.rank = rank;
        this.collective = rank.collective();
        this.resources = resources;
        this.precision = resources.precision();
        this.checkpoints = FineTuner.store(config, rank.hadoop(), rank.attempt());
        this.saves = new Saves(config, rank, resources);
        this.same = new ParameterSync(collective, resources);
        this.times = new StepTimes(collective);
        this.best = BestModel.of(config);
        follow(StepPlan.globalBatch(settings, collective.size()));
    }

    private void follow(long globalBatch) {
        plan = StepPlan.of(settings, resources.train().size(), globalBatch);
        schedule = LrSchedule.of(settings, plan.totalSteps());
        samples = new TrainingSamples(
                resources.train(),
                resources.draws(),
                new TrainingOrder(resources.train().rowGroups(), plan, settings));
    }

    /** Restores weights, optimizer state, cursor and records of a checkpoint. */
    void resume(CheckpointFiles files) {
        String name = files.checkpoint().name();
        try (LoadedCheckpoint loaded =
                checkpoints.read(files, resources.tensors().neededState(), resources.temporary(), rank::progressed)) {
            TrainState state = TrainState.of(loaded.state(), name);
            state.requireSame(name, settings.seed(), resources.train().size(), resources.manifest());
            resources.tensors().restoreParameters(loaded);
            resources.tensors().restoreOptimizer(loaded);
            follow(state.globalBatch());
            step = state.step();
            sampleCount = state.samples();
            tokenCount = state.tokens();
            saves.resume(step());
            best.resume(state);
            state.records().forEach(this::publish);
            resultBefore = state.result();
            resumedFrom = Optional.of(files.checkpoint());
        }
    }

    /** Trains to the end, or until evaluations stop improving; pauses with a checkpoint after step {@code until}. */
    void train(long until) throws IOException {
        if (settings.privacy().protectsSamples() && resultBefore == null) {
            PublicNorm norm = new PublicNorm(config, resources.manifest(), resources.draws(), rank.hadoop());
            PrivateSteps steps = PrivateSteps.of(
                    config,
                    plan,
                    step(),
                    collective,
                    rank.hadoop(),
                    rank.threads(),
                    () -> norm.measure(resources.step(), collective, rank::progressed));
            privateSteps = Optional.of(steps);
            TrainStep step = resources.step();
            step.use(new PrivateGradient(step.parts(), steps));
            samples = new TrainingSamples(resources.train(), resources.draws(), steps.samples());
        }
        while (!isOver() && step() < until) {
            settled = true;
            throughput.start();
            double rate = schedule.at(step());
            TrainStep.Outcome outcome = takeStep(rate);
            throughput.add(outcome.samples(), outcome.tokens());
            if (step() % settings.loggingSteps() == 0 || step() == plan.totalSteps()) {
                record(outcome, rate);
            }
            boolean improved = isDue(settings.evalSteps()) && evaluate();
            // The end of the run is saved once, by finish().
            boolean saves = improved
                    || outcome.saves()
                    || isDue(settings.saveSteps())
                    || kept().isSpaced(step())
                    || step() == until;
            if (saves && !isOver()) {
                save(null);
            }
            if (outcome.leaves() && !isOver()) {
                pause();
                throw new LeavingRankException(collective.rank(), step());
            }
        }
    }

    /** Returns whether nothing is left to train. */
    boolean isOver() {
        return resultBefore != null || step() >= plan.totalSteps() || best.isOver();
    }

    private TrainStep.Outcome takeStep(double rate) {
        rank.progressed();
        List<List<Sample>> mine =
                TrainStep.microBatches(samples.of(step(), collective), settings.perDeviceTrainBatchSize());
        TrainStep.Outcome outcome =
                resources.step().gradient(step(), mine, saves.isDue(), rank::leaves, rank::progressed);
        Divergence.refuse(outcome, step(), mine, rank, resources, settings);
        settled = false;
        step++;
        sampleCount += outcome.samples();
        tokenCount += outcome.tokens();
        saves.beforeUpdate();
        resources.step().update(step(), rate, outcome.gradNorm());
        times.add(outcome.seconds());
        times.slow().ifPresent(slow -> slowRank = slow);
        if (step() == 1) {
            // Differences between machines are found at once, not after hours.
            same.check(step(), saves::beforeUpdate);
        }
        return outcome;
    }

    private long step() {
        return step;
    }

    private boolean isDue(int every) {
        return every > 0 && step() % every == 0;
    }

    private void record(TrainStep.Outcome outcome, double rate) {
        Throughput.Rate speed = throughput.sinceLast();
        publish(new TrainingRecord(
                step(),
                plan.totalSteps(),
                plan.epochsAfter(step()),
                outcome.loss(),
                rate,
                outcome.gradNorm(),
                speed.samplesPerSecond(),
                speed.tokensPerSecond(),
                null,
                precision,
                slowRank));
        precision = null;
        slowRank = null;
    }

    private void publish(TrainingRecord record) {
        saves.add(record);
        if (collective.rank() == 0) {
            rank.records().accept(record);
        }
    }

    /** Evaluates the evaluation split, if there is one; returns whether this is the best model so far. */
    private boolean evaluate() {
        if (resources.eval().isEmpty()) {
            return false;
        }
        throughput.pause();
        Map<String, Double> metrics = new Evaluation(resources.eval().orElseThrow(), settings.perDeviceEvalBatchSize())
                .run(resources.loaded().task().scorer(), collective, resources.model()::finish, rank::progressed);
        publish(TrainingRecord.evaluation(step(), plan.totalSteps(), plan.epochsAfter(step()), metrics));
        evaluatedStep = step();
        return best.improvedBy(step(), metrics);
    }

    /**
     * Begins to write a checkpoint, after all ranks have checked that they hold the same parameters.
     *
     * @param result result of a finished run, or null
     */
    private Optional<Checkpoint> save(TrainingResult result) {
        throughput.pause();
        same.check(step(), saves::beforeUpdate);
        return saves.begin(step(), records -> state(records, result), kept());
    }

    /** Saves the last step if this rank can, when the ranks end with an error. */
    void saveLastStep(Throwable error) {
        if (settled) {
            saves.last(step(), error, records -> state(records, null), kept());
        }
    }

    private TrainState state(List<TrainingRecord> records, TrainingResult result) {
        return new TrainState(
                plan.globalBatch(),
                settings.seed(),
                plan.samples(),
                resources.precision(),
                TrainState.generations(resources.manifest()),
                step,
                sampleCount,
                tokenCount,
                best.step(),
                best.value(),
                best.eval(),
                best.evaluationsSince(),
                records,
                result);
    }

    private Retention kept() {
        return Retention.of(settings, best.step(), plan.totalSteps());
    }

    /** Completes the checkpoint of a pause. */
    TrainingResult pause() {
        saves.await();
        return result();
    }

    /** Evaluates and saves the end of the run, and writes the best model. */
    TrainingResult finish() {
        TrainingResult result = resultBefore;
        Optional<Checkpoint> last = resumedFrom;
        if (result == null) {
            if (evaluatedStep != step()) {
                evaluate();
            }
            result = result();
            last = save(result);
        }
        saves.await();
        if (collective.rank() == 0) {
            checkpoints.markFinal(last.orElseThrow());
            PrivateSteps.end(config, rank.hadoop());
        }
        new Export(config, rank, resources).writeBest(result, step(), checkpoints);
        collective.barrier();
        return result;
    }

    private TrainingResult result() {
        Throughput.Rate overall = throughput.overall();
        return new TrainingResult(
                step,
                sampleCount,
                tokenCount,
                throughput.seconds(),
                overall.samplesPerSecond(),
                overall.tokensPerSecond(),
                best.step() < 0 ? step : best.step(),
                best.eval(),
                ResidentMemory.peak(),
                times.gather(),
                resources.precision(),
                privateSteps.map(steps -> steps.spent(step())).orElse(null));
    }

    /** Ends writes in progress, so that the parameters can be freed. */
    @Override
    public void close() {
        saves.close();
    }
}
