package holdfast.image;

import java.util.List;

/// A place that apt fetches packages from.
///
/// @param uri the mirror's address
/// @param suite a release, or a release's updates: `trixie`, `trixie-updates`, `trixie-security`
/// @param signedBy a keyring file, or an ASCII-armoured key in the form of sources.list(5)'s multi-line field; empty when the entry
///     names none
record AptSource(String uri, String suite, List<String> components, String signedBy) {

    /// The entry in deb822 form (sources.list(5)).
    String stanza(String architecture) {
        return """
                Types: deb
                URIs: %s
                Suites: %s
                Components: %s
                Architectures: %s
                Signed-By: %s
                """
                .formatted(uri, suite, String.join(" ", components), architecture, signedBy);
    }
}
