package holdfast.host;

/// What the inventory knows of a machine.
///
/// @param id of it for ever, and the name of its directory
/// @param generation one more with each start
/// @param seed of its addresses and randomness
/// @param created in ISO 8601, UTC
/// @param token what its process must show to be the one that was started last
/// @param ended how its last run ended; empty when it has not run yet, or runs
record VmRecord(
        String id, String name, long generation, Phase phase, VmSpec spec, long seed, String created, String token, String ended) {

    VmRecord named(String newName) {
        return new VmRecord(id, newName, generation, phase, spec, seed, created, token, ended);
    }

    VmRecord started(String newToken) {
        return new VmRecord(id, name, generation + 1, Phase.STARTED, spec, seed, created, newToken, "");
    }

    VmRecord stopped(String how) {
        return new VmRecord(id, name, generation, Phase.STOPPED, spec, seed, created, "", how);
    }

    VmRecord removing() {
        return new VmRecord(id, name, generation, Phase.REMOVING, spec, seed, created, "", ended);
    }
}
