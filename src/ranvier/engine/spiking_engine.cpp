// Apart from the fast engine, so that programs which use that one alone do not link oneDNN.
#include "ranvier/engine/fast_engine.hpp"
#include "ranvier/engine/fast_plan.hpp"
#include "ranvier/sim/float_engine.hpp"

namespace ranvier {

std::unique_ptr<SpikingEngine> make_spiking_engine(const Network& network, EngineKind kind) {
    const bool dense = network.spiking() && runs_densely(network);
    if (kind == EngineKind::phase || (kind == EngineKind::automatic && dense))
        return make_phase_engine(network);
    if (kind == EngineKind::fast ||
        (kind == EngineKind::automatic && network.spiking() && why_not_fast(network).empty()))
        return make_fast_engine(network);
    return make_reference_simulator(network);
}

}  // namespace ranvier
