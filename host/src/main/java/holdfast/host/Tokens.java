package holdfast.host;

import holdfast.host.HostProblem.Kind;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Who may use the API from elsewhere. What is kept of a token is its SHA-256: it has 256 random bits, so that nobody finds it by trying, and
/// who reads the file cannot use what is in it.
final class Tokens {
    private static final int BYTES = 32;
    private static final int TOKENS_MAX = 1000;

    /// By which a token that has got somewhere it should not be is found there.
    private static final String PREFIX = "hft_";

    private final Path file;
    private final SecureRandom random = new SecureRandom();
    private List<Kept> kept;

    /// @param role by its name, in small letters
    /// @param hash SHA-256 of the whole token, in hexadecimal
    private record Kept(String name, String role, String hash, String created) {
        TokenView view() {
            return new TokenView(name, role, created);
        }
    }

    private record File(List<Kept> tokens) {}

    /// @throws IOException when the file is there and cannot be read
    Tokens(Path file) throws IOException {
        this.file = file;
        kept = Files.exists(file) ? Json.read(file, File.class).tokens() : List.of();
    }

    synchronized List<TokenView> list() {
        return kept.stream().map(Kept::view).toList();
    }

    /// Makes one, which is not to be had again.
    ///
    /// @throws HostProblem when the name is taken, or is none
    synchronized NewToken add(@Nullable String wanted, @Nullable String role) throws IOException {
        String name = VmName.check(wanted);
        Role meant = Role.of(role);
        if (kept.stream().anyMatch(token -> token.name().equals(name))) {
            throw new HostProblem(Kind.CONFLICT, "token " + name, "is there already", "remove it first, or take another name");
        }
        if (kept.size() >= TOKENS_MAX) {
            throw new HostProblem(Kind.CONFLICT, "the daemon", "has " + kept.size() + " tokens, and may have no more", "remove some: holdfast token rm");
        }
        byte[] secret = new byte[BYTES];
        random.nextBytes(secret);
        String token = PREFIX + Base64.getUrlEncoder().withoutPadding().encodeToString(secret);
        var added = new Kept(name, meant.toString(), hash(token), Instant.now().toString());
        var all = new ArrayList<>(kept);
        all.add(added);
        keep(List.copyOf(all));
        return new NewToken(added.name(), added.role(), token);
    }

    synchronized TokenView remove(String name) throws IOException {
        Kept gone = kept.stream()
                .filter(token -> token.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new HostProblem(Kind.NOT_FOUND, "token " + name, "is not there", "see 'holdfast token ls'"));
        keep(kept.stream().filter(token -> !token.name().equals(name)).toList());
        return gone.view();
    }

    /// Whose token this is.
    synchronized Optional<Caller> find(String token) {
        byte[] hash = hash(token).getBytes(StandardCharsets.US_ASCII);
        return kept.stream()
                .filter(each -> MessageDigest.isEqual(each.hash().getBytes(StandardCharsets.US_ASCII), hash))
                .findFirst()
                .map(each -> new Caller(each.name(), Role.of(each.role())));
    }

    private void keep(List<Kept> tokens) throws IOException {
        Json.write(file, new File(tokens));
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        kept = tokens;
    }

    private static String hash(String token) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
