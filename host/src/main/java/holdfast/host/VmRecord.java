package holdfast.host;

import org.jspecify.annotations.Nullable;

/// What the inventory knows of a machine.
///
/// @param id of it for ever, and the name of its directory
/// @param generation one more with each start
/// @param seed of its addresses and randomness
/// @param created in ISO 8601, UTC
/// @param token what its process must show to be the one that was started last
/// @param ended how its last run ended; empty when it has not run yet, or runs
/// @param address in its network; empty when it is in none
record VmRecord(
        String id, String name, long generation, Phase phase, VmSpec spec, long seed, String created, String token, String ended,
        String address) {
    /// One that was written by an older build has no address.
    VmRecord(
            String id, String name, long generation, Phase phase, VmSpec spec, long seed, String created, String token, String ended,
            @Nullable String address) {
        this.id = id;
        this.name = name;
        this.generation = generation;
        this.phase = phase;
        this.spec = spec;
        this.seed = seed;
        this.created = created;
        this.token = token;
        this.ended = ended;
        this.address = address == null ? "" : address;
    }

    /// Its network card's address, in hexadecimal with colons: of an id, so that no two machines of a host have the same.
    String card() {
        return "52:54:" + id.replaceAll("(..)(?=.)", "$1:");
    }

    VmRecord named(String newName) {
        return new VmRecord(id, newName, generation, phase, spec, seed, created, token, ended, address);
    }

    VmRecord with(VmSpec newSpec) {
        return new VmRecord(id, name, generation, phase, newSpec, seed, created, token, ended, address);
    }

    VmRecord started(String newToken) {
        return new VmRecord(id, name, generation + 1, Phase.STARTED, spec, seed, created, newToken, "", address);
    }

    VmRecord stopped(String how) {
        return new VmRecord(id, name, generation, Phase.STOPPED, spec, seed, created, "", how, address);
    }

    VmRecord removing() {
        return new VmRecord(id, name, generation, Phase.REMOVING, spec, seed, created, "", ended, address);
    }
}
