package io.github.sparkfinetune.core.collective.nccl;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.collective.LostRankException;
import io.github.sparkfinetune.core.tensor.cuda.CudaLibraries;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Choice of NCCL for the ranks of a run. Either all ranks use it or none does.
 *
 * @param gpu index of this rank's GPU, or -1 for the CPU
 * @param libraries folder of PyTorch's libraries
 * @param encrypted whether traffic between the ranks must be encrypted; NCCL's is not, nor is it authenticated
 * @param required whether ranks that cannot use NCCL end the run; otherwise they exchange values on their hosts
 * @param deadline time within which an operation of all ranks must end
 */
public record NcclRanks(int gpu, Path libraries, boolean encrypted, boolean required, Duration deadline) {
    private static final Logger LOG = LoggerFactory.getLogger(NcclRanks.class);
    private static final byte[] NOTHING = {};

    /** Libraries, or why this rank cannot use NCCL. */
    private record Found(Nccl nccl, String obstacle) {}

    /** Communicator, or why NCCL does not connect this rank. */
    private record Connected(Optional<Communicator> communicator, String obstacle) {}

    /**
     * Returns the collective of this rank.
     *
     * @param exchange collective of the same ranks on their hosts, which the returned collective owns
     * @return the exchange itself if a rank cannot use NCCL
     * @throws RunException if NCCL is required and a rank cannot use it; the message names the rank
     * @throws LostRankException if a rank is lost meanwhile
     */
    public Collective over(Collective exchange) {
        return over(exchange, this::load, LOG::warn);
    }

    /** @param warnings receives on rank 0 why the ranks exchange values on their hosts, and what follows from it */
    Collective over(Collective exchange, Supplier<Nccl> load, Consumer<String> warnings) {
        if (exchange.size() == 1 || (gpu < 0 && !required)) {
            return exchange;
        }
        Found found = found(load);
        if (isRefused(exchange, found.obstacle(), warnings)) {
            return exchange;
        }
        Connected connected = connected(exchange, found.nccl());
        boolean refused = true;
        try {
            refused = isRefused(exchange, connected.obstacle(), warnings);
        } finally {
            if (refused) {
                connected.communicator().ifPresent(Communicator::close);
            }
        }
        if (refused) {
            return exchange;
        }
        if (exchange.rank() == 0) {
            LOG.info("the ranks sum gradients by NCCL {}", text(found.nccl().version()));
        }
        return new NcclCollective(
                found.nccl(), exchange, connected.communicator().orElseThrow());
    }

    private Connected connected(Collective exchange, Nccl nccl) {
        String obstacle = "";
        byte[] own = NOTHING;
        if (exchange.rank() == 0) {
            try {
                own = nccl.uniqueId();
            } catch (NcclException e) {
                obstacle = e.getMessage();
            }
        }
        byte[] id = exchange.allGather(own)[0];
        if (id.length == 0) {
            return new Connected(Optional.empty(), obstacle);
        }
        try {
            return new Connected(Optional.of(Communicator.connect(nccl, exchange, gpu, deadline, id)), "");
        } catch (NcclException e) {
            return new Connected(Optional.empty(), e.getMessage());
        }
    }

    private Nccl load() {
        return CudaLibraries.in(libraries)
                .map(NativeNccl::new)
                .orElseThrow(() -> new UnsatisfiedLinkError("the libtorch in " + libraries + " is built for CPUs"));
    }

    private Found found(Supplier<Nccl> load) {
        if (gpu < 0) {
            return new Found(null, "it has no GPU");
        }
        if (encrypted) {
            return new Found(null, "the traffic between ranks must be encrypted, which NCCL's is not");
        }
        try {
            Nccl nccl = load.get();
            int version = nccl.version();
            return version < NativeNccl.LEAST_VERSION
                    ? new Found(null, "NCCL " + text(version) + " is older than " + text(NativeNccl.LEAST_VERSION))
                    : new Found(nccl, "");
        } catch (UnsatisfiedLinkError | NcclException e) {
            return new Found(null, e.getMessage().lines().findFirst().orElse("NCCL cannot be loaded"));
        }
    }

    private static String text(int version) {
        return version / 10000 + "." + version / 100 % 100 + "." + version % 100;
    }

    /** Returns whether a rank has an obstacle; all ranks exchange theirs. */
    private boolean isRefused(Collective exchange, String own, Consumer<String> warnings) {
        byte[][] all = exchange.allGather(own.getBytes(StandardCharsets.UTF_8));
        List<String> obstacles = new ArrayList<>();
        for (int rank = 0; rank < all.length; rank++) {
            if (all[rank].length > 0) {
                obstacles.add(exchange.name(rank) + ": " + new String(all[rank], StandardCharsets.UTF_8));
            }
        }
        if (obstacles.isEmpty()) {
            return false;
        }
        String cause = obstacles.stream()
                .filter(obstacle -> !obstacle.endsWith(Communicator.ANOTHER_RANK))
                .findFirst()
                .orElse(obstacles.get(0));
        if (required) {
            throw RunException.config(
                    "cluster.collective: nccl is not possible on " + cause + ": set cluster.collective to auto or tcp");
        }
        if (exchange.rank() == 0) {
            warnings.accept(
                    "NCCL is not possible on " + cause + ": the ranks copy gradients and gathered weights to their"
                            + " hosts and exchange them there, which takes longer than from GPU to GPU. Set cluster.collective to nccl"
                            + " to end such a run at its start, or to tcp if it is intended");
        }
        return true;
    }
}
