package io.github.sparkfinetune.core.collective.exchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.collective.address.Member;
import io.github.sparkfinetune.core.collective.address.RankAddress;
import io.github.sparkfinetune.core.collective.address.RankEndpoint;
import io.github.sparkfinetune.core.collective.address.UnixSocketServer;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Sockets that a rank listens on, and the socket that a peer connects to. */
@Timeout(600)
class RankAddressTest {
    @TempDir
    Path folder;

    @Test
    void parsesWhatItPrints() {
        assertThat(RankAddress.parse("[::1]:7#/a:b#c/rank"))
                .isEqualTo(RankAddress.of("::1", 7, Optional.of(Path.of("/a:b#c/rank"))))
                .hasToString("[::1]:7#/a:b#c/rank");
        assertThat(RankAddress.parse("127.0.0.1:7").socket()).hasToString("/127.0.0.1:7");
        assertThat(RankAddress.parse("[::1]:7#/rank").socket()).hasToString("/[0:0:0:0:0:0:0:1]:7");
        assertThatThrownBy(() -> RankAddress.parse("7").socket()).hasMessageContaining("'7' is not host:port");
    }

    @Test
    void createsAPrivateLocalSocketAndDeletesIt() throws Exception {
        Path socket;
        try (RankEndpoint endpoint = RankEndpoint.bind("127.0.0.1", 0)) {
            RankAddress address = RankAddress.parse(endpoint.address());
            assertThat(address.localSocket()).isPresent();
            socket = address.local().orElseThrow();
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket.getParent())))
                    .isEqualTo("rwx------");
        }
        assertThat(socket.getParent()).doesNotExist();
    }

    @Test
    void usesAShortFolderIfTheTemporaryFolderIsTooDeep() throws Exception {
        Path deep = Files.createDirectories(folder.resolve("application_1700000000000_0001/".repeat(4)));
        try (UnixSocketServer server = UnixSocketServer.open(1, deep).orElseThrow()) {
            assertThat(server.socket()).exists();
            assertThat(PosixFilePermissions.toString(
                            Files.getPosixFilePermissions(server.socket().getParent())))
                    .isEqualTo("rwx------");
        }
        try (UnixSocketServer server = UnixSocketServer.open(1, folder).orElseThrow()) {
            assertThat(server.socket()).startsWith(folder);
        }
    }

    @Test
    void triesTheNextPortIfOneIsTaken() {
        try (RankEndpoint one = RankEndpoint.bind("127.0.0.1", 0)) {
            int port = port(one);
            assertThatThrownBy(() -> RankEndpoint.bind("127.0.0.1", port).close())
                    .isInstanceOf(RunException.class)
                    .hasMessageContaining("cluster.port: cannot listen on port " + port + " of 127.0.0.1");
            try (RankEndpoint two = RankEndpoint.bind("127.0.0.1", "127.0.0.1", port, 16)) {
                assertThat(port(two)).isBetween(port + 1, port + 16);
            }
        }
    }

    @Test
    void connectsRanksByTheirAdvertisedAddress() throws Exception {
        List<RankEndpoint> endpoints = new ArrayList<>();
        for (int rank = 0; rank < 2; rank++) {
            endpoints.add(RankEndpoint.bind("0.0.0.0", "127.0.0.2", 0, 0));
        }
        List<String> published = endpoints.stream()
                .map(endpoint -> RankAddress.parse(endpoint.address()).tcp())
                .toList();
        assertThat(published).allMatch(address -> address.startsWith("127.0.0.2:"));
        try (Ranks ranks = Ranks.join(endpoints, published)) {
            assertSums(ranks);
        }
    }

    private static int port(RankEndpoint endpoint) {
        return RankAddress.parse(endpoint.address()).socket().getPort();
    }

    @Test
    void connectsRanksOfOneMachineByTheLocalSocket() throws Exception {
        // Nothing listens on rank 1's TCP port: only the local socket can have joined the ranks.
        try (Ranks ranks = Ranks.join(2, address -> "127.0.0.1:1" + address.substring(address.indexOf('#')))) {
            assertSums(ranks);
        }
    }

    @Test
    void fallsBackToTcpFromAStaleLocalSocket() throws Exception {
        Path stale = folder.resolve("rank");
        ServerSocketChannel.open(StandardProtocolFamily.UNIX)
                .bind(UnixDomainSocketAddress.of(stale))
                .close();
        assertThat(stale).exists();
        List<String> localSockets = new ArrayList<>(List.of("#" + stale, "#" + folder.resolve("other")));
        try (Ranks ranks =
                Ranks.join(2, address -> address.substring(0, address.indexOf('#')) + localSockets.remove(0))) {
            assertSums(ranks);
        }
    }

    @Test
    void dropsAStrangerOnTheLocalSocket() throws Exception {
        try (RankEndpoint first = RankEndpoint.bind("127.0.0.1", 0);
                RankEndpoint second = RankEndpoint.bind("127.0.0.1", 0)) {
            List<String> addresses = List.of(first.address(), second.address());
            Path socket = RankAddress.parse(first.address()).local().orElseThrow();
            try (SocketChannel stranger = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
                stranger.write(Handshake.dial(new Member(1, addresses, "test", Ranks.SECRET, false), 0, true)
                        .hello());
                stranger.write(ByteBuffer.allocate(Handshake.PROOF_BYTES));
                try (Ranks ranks = Ranks.join(List.of(first, second), addresses)) {
                    assertSums(ranks);
                }
            }
        }
    }

    private static void assertSums(Ranks ranks) throws Exception {
        List<float[]> sums = ranks.play(exchange -> {
            var floats = Ranks.floats(1, 2, exchange.rank());
            exchange.allReduceAsync(floats).get(5, TimeUnit.SECONDS);
            return Ranks.values(floats);
        });
        assertThat(sums).allSatisfy(sum -> assertThat(sum).containsExactly(2, 4, 1));
    }
}
