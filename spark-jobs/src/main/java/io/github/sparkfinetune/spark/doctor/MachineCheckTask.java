package io.github.sparkfinetune.spark.doctor;

import io.github.sparkfinetune.conf.ClusterConfig;
import io.github.sparkfinetune.core.collective.address.RankEndpoint;
import io.github.sparkfinetune.spark.cluster.ExchangeNetwork;
import io.github.sparkfinetune.spark.cluster.LocalDirs;
import java.io.IOException;
import java.io.Serializable;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.BarrierTaskContext;
import org.apache.spark.SparkEnv;
import scala.collection.Iterator;
import scala.collection.JavaConverters;
import scala.runtime.AbstractFunction1;

/** Rank of a barrier stage that examines its machine. Each rank connects to the other ranks as in training. */
final class MachineCheckTask extends AbstractFunction1<Iterator<Integer>, Iterator<MachineFacts>>
        implements Serializable {
    private static final long serialVersionUID = 1L;
    private static final int MILLIS = 5000;

    private final ClusterConfig cluster;

    MachineCheckTask(ClusterConfig cluster) {
        this.cluster = cluster;
    }

    @Override
    public Iterator<MachineFacts> apply(Iterator<Integer> rank) {
        SparkEnv env = SparkEnv.get();
        BarrierTaskContext context = BarrierTaskContext.get();
        List<String> unreached = new ArrayList<>();
        try (RankEndpoint endpoint = ExchangeNetwork.listen(env, cluster)) {
            for (String address : context.allGather(endpoint.address())) {
                if (!reaches(address.replaceFirst("#.*", ""))) {
                    unreached.add(address.replaceFirst("#.*", ""));
                }
            }
            // A rank must listen until all ranks have tried to connect.
            context.barrier();
        }
        String host = env.blockManager().blockManagerId().host();
        MachineFacts facts = MachineFacts.here(host, LocalDirs.first(env), unreached);
        return JavaConverters.asScalaIterator(List.of(facts).iterator());
    }

    private static boolean reaches(String address) {
        int colon = address.lastIndexOf(':');
        String host = address.substring(0, colon).replaceAll("[\\[\\]]", "");
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(host, Integer.parseInt(address.substring(colon + 1))), MILLIS);
            return true;
        } catch (IOException e) {
            return false;
        }
    }
}
