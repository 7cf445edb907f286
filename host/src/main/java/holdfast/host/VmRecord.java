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
/// @param specGeneration one more with each change of its name or its spec
/// @param applied what its [Order] is made from: one that runs does so with that, and one that was saved goes on with it
/// @param again of one that runs: nobody has asked it to stop; of one that has ended: it is to be started again
record VmRecord(
        String id, String name, long generation, Phase phase, VmSpec spec, long seed, String created, String token, String ended,
        String address, long specGeneration, VmSpec applied, Boolean again) {
    /// One that was written by an older build may have no address, and has an order that was made from its spec.
    VmRecord(
            String id, String name, long generation, Phase phase, VmSpec spec, long seed, String created, String token, String ended,
            @Nullable String address, long specGeneration, @Nullable VmSpec applied, @Nullable Boolean again) {
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
        this.specGeneration = specGeneration;
        this.applied = applied == null ? spec : applied;
        this.again = again == null ? phase == Phase.STARTED : again;
    }

    /// One that is to be made.
    static VmRecord creating(String id, String name, VmSpec spec, long seed, String created, String address) {
        return new VmRecord(id, name, 0, Phase.CREATING, spec, seed, created, "", "", address, 1, spec, false);
    }

    /// Its network card's address, in hexadecimal with colons: of an id, so that no two machines of a host have the same.
    String card() {
        return "52:54:" + id.replaceAll("(..)(?=.)", "$1:");
    }

    /// What is asked of it is something else from now on. One that waits to be started again does so no more when its policy does not hold now.
    VmRecord asked(String newName, VmSpec newSpec) {
        boolean still = again && (phase == Phase.STARTED || RestartPolicy.of(newSpec.restart()).holdsFor(ended));
        return new VmRecord(id, newName, generation, phase, newSpec, seed, created, token, ended, address, specGeneration + 1, applied, still);
    }

    /// A change of what is asked of it has come to nothing: that is as it was before, and so is its generation.
    VmRecord takenBack(VmRecord before) {
        return new VmRecord(
                id, before.name, generation, phase, before.spec, seed, created, token, ended, address, before.specGeneration, applied, again);
    }

    /// @param anew whether it begins anew, with what its spec says by now, and does not go on where it was saved
    VmRecord started(String newToken, boolean anew) {
        return new VmRecord(
                id, name, generation + 1, Phase.STARTED, spec, seed, created, newToken, "", address, specGeneration, anew ? spec : applied, true);
    }

    VmRecord stopped(String how) {
        boolean policy = again && RestartPolicy.of(spec.restart()).holdsFor(how);
        return new VmRecord(id, name, generation, Phase.STOPPED, spec, seed, created, "", how, address, specGeneration, applied, policy);
    }

    /// Whether its policy is to be followed when it has ended.
    VmRecord again(boolean wanted) {
        return new VmRecord(id, name, generation, phase, spec, seed, created, token, ended, address, specGeneration, applied, wanted);
    }

    VmRecord removing() {
        return new VmRecord(id, name, generation, Phase.REMOVING, spec, seed, created, "", ended, address, specGeneration, applied, false);
    }
}
