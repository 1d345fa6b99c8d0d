package io.github.sparkfinetune.extra.evidence;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.util.Base64;
import org.apache.hadoop.conf.Configuration;

/** A new pair of keys in PEM files, as openssl writes them. */
record Keys(Path privateFile, Path publicFile) {
    static Keys in(Path folder, String name) throws IOException, GeneralSecurityException {
        return in(folder, name, "Ed25519");
    }

    static Keys in(Path folder, String name, String algorithm) throws IOException, GeneralSecurityException {
        KeyPair pair = KeyPairGenerator.getInstance(algorithm).generateKeyPair();
        return new Keys(
                pem(folder.resolve(name + ".pem"), "PRIVATE KEY", pair.getPrivate()),
                pem(folder.resolve(name + "-public.pem"), "PUBLIC KEY", pair.getPublic()));
    }

    private static Path pem(Path file, String kind, Key key) throws IOException {
        String body = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(key.getEncoded());
        return Files.writeString(file, "-----BEGIN " + kind + "-----\n" + body + "\n-----END " + kind + "-----\n");
    }

    PrivateKey privateKey() {
        return IndexSignature.privateKey(privateFile.toString(), new Configuration());
    }

    PublicKey publicKey() {
        return IndexSignature.publicKey(publicFile.toString(), new Configuration());
    }
}
