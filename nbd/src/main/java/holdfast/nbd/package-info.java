/// Network block devices: the NBD protocol's server and client.
///
/// Source: the NBD protocol, `doc/proto.md` of github.com/NetworkBlockDevice/nbd. Everything on the wire is big-endian.
@NullMarked
package holdfast.nbd;

import org.jspecify.annotations.NullMarked;
