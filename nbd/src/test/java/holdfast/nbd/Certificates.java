package holdfast.nbd;

import holdfast.testkit.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// An authority in a directory of its own, and certificates of it, as openssl makes them.
record Certificates(Path authority) {
    static Certificates in(Path directory) throws IOException, InterruptedException {
        var made = new Certificates(Files.createDirectory(directory));
        openssl(directory, "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -keyout ca-key.pem -out ca-cert.pem"
                + " -subj /CN=authority -addext keyUsage=critical,keyCertSign");
        return made;
    }

    /// Makes `WHO-cert.pem` and `WHO-key.pem`, for this machine.
    ///
    /// @param days how long it is valid; it has run out already when negative
    void make(Path directory, String who, int days) throws IOException, InterruptedException {
        Files.writeString(directory.resolve("extensions"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n");
        openssl(directory, "openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout " + who + "-key.pem -out request.pem -subj /CN=" + who);
        openssl(directory, "openssl x509 -req -in request.pem -CA " + authority + "/ca-cert.pem -CAkey " + authority
                + "/ca-key.pem -CAcreateserial -days " + days + " -extfile extensions -out " + who + "-cert.pem");
    }

    /// Lets those who use the directory trust this authority.
    void trustIn(Path directory) throws IOException {
        Files.copy(authority.resolve("ca-cert.pem"), directory.resolve("ca-cert.pem"));
    }

    private static void openssl(Path directory, String command) throws IOException, InterruptedException {
        Program.output(new ProcessBuilder(command.split(" ")).directory(directory.toFile()).redirectErrorStream(true), Program.LIMIT);
    }
}
