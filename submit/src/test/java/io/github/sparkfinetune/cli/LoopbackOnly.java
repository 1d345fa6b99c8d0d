package io.github.sparkfinetune.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.Permission;
import java.util.Set;
import java.util.TreeSet;

/**
 * A security manager that refuses connections, datagrams and look-ups of names, except for this machine's. It adds each
 * refusal to the file of the system property {@code loopback.seen}, because the caller may hide the exception.
 */
@SuppressWarnings("removal")
public final class LoopbackOnly extends SecurityManager {
    static final String SEEN = "loopback.seen";

    private final Path seen = Path.of(System.getProperty(SEEN));
    private final Set<String> own = new TreeSet<>(Set.of("localhost", "0.0.0.0", "0:0:0:0:0:0:0:0"));

    /** Collects the names and addresses of this machine, without a look-up. */
    public LoopbackOnly() throws IOException {
        own.add(Files.readString(Path.of("/proc/sys/kernel/hostname")).strip());
        NetworkInterface.networkInterfaces()
                .flatMap(NetworkInterface::inetAddresses)
                .forEach(address -> own.add(withoutScope(address.getHostAddress())));
    }

    private static String withoutScope(String address) {
        return address.replaceFirst("%.*", "");
    }

    @Override
    public void checkPermission(Permission permission) {
        // All but the network is allowed.
    }

    @Override
    public void checkConnect(String host, int port) {
        String name = withoutScope(host);
        if (own.contains(name) || isLoopback(name)) {
            return;
        }
        SecurityException refusal = new SecurityException(host + ":" + port + " is another machine");
        StringBuilder line = new StringBuilder(refusal.getMessage());
        for (StackTraceElement frame : refusal.getStackTrace()) {
            line.append(" < ").append(frame.getClassName()).append('.').append(frame.getMethodName());
        }
        try {
            Files.writeString(seen, line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        throw refusal;
    }

    @Override
    public void checkConnect(String host, int port, Object context) {
        checkConnect(host, port);
    }

    @Override
    public void checkMulticast(InetAddress group) {
        checkConnect(group.getHostAddress(), -1);
    }

    /** Returns whether a text is an address of the loopback interface; a name is none. */
    private static boolean isLoopback(String text) {
        return text.matches("127(\\.\\d+){3}") || text.equals("0:0:0:0:0:0:0:1") || text.equals("::1");
    }
}
