#include "ranvier/c/model.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/c/guard.hpp"
#include "ranvier/engine/fast_engine.hpp"
#include "ranvier/net/counts.hpp"
#include "ranvier/net/model_file.hpp"
#include "ranvier/net/shapes.hpp"

#include <string_view>
#include <utility>

namespace ranvier::c_api {

namespace {

/// The fast engine also where the phase engine could: that one needs oneDNN.
std::unique_ptr<SpikingEngine> engine_for(const Network& network) {
    if (!network.spiking())
        fail(Fault::unsupported,
             "this is a float network, and libranvier runs spiking ones; convert it first: ranvier "
             "convert net.safetensors -o snn.safetensors");
    try {
        return make_fast_engine(network);
    } catch (const Error& error) {
        if (error.fault() != Fault::unsupported) throw;
        return make_reference_simulator(network);
    }
}

bool has_phases(const Network& network) {
    if (is_phase_code(network.timing.input)) return true;
    for (const Layer& layer : network.layers)
        if (const auto* activation = layer.as<Activation>();
            activation != nullptr && activation->neuron.kind == NeuronKind::one_spike)
            return true;
    return false;
}

ranvier_network_info describe(const Model& model) {
    const Shape& in = model.network().input().shape;
    ranvier_network_info info{};
    info.channels = static_cast<std::size_t>(in.channels);
    info.height = static_cast<std::size_t>(in.height);
    info.width = static_cast<std::size_t>(in.width);
    info.n_inputs = model.n_inputs();
    info.n_outputs = model.n_outputs();
    info.n_layers = model.network().layers.size();
    info.n_neurons = total_size(layer_sizes(model.network())).neurons;
    info.steps = model.network().timing.steps;
    info.phases = model.phase_coded() ? 1 : 0;
    return info;
}

/// Makes a handle of the network that `load` gives.
template <typename Load>
int open(ranvier_network** network, const Load& load) noexcept {
    if (network != nullptr) *network = nullptr;
    return guard([&] {
        require_pointer(network, "network");
        *network = models().add(std::make_shared<const Model>(load()));
    });
}

}  // namespace

Model::Model(Network network)
    : network_(std::move(network)),
      engine_(engine_for(network_)),
      n_inputs_(static_cast<std::size_t>(network_.input().shape.size())),
      n_outputs_(static_cast<std::size_t>(infer_shapes(network_).back().size())),
      phase_coded_(has_phases(network_)) {}

std::shared_ptr<const FastPlan> Model::plan() const {
    const std::scoped_lock lock(planning_);
    if (plan_ == nullptr) plan_ = std::make_shared<const FastPlan>(network_);
    return plan_;
}

Handles<ranvier_network, const Model>& models() {
    // Not destroyed: a program may close handles while it exits.
    static auto& all = *new Handles<ranvier_network, const Model>;
    return all;
}

}  // namespace ranvier::c_api

using namespace ranvier;  // what follows are C functions
using namespace ranvier::c_api;

const char* ranvier_version(void) {
    return RANVIER_VERSION;
}

const char* ranvier_last_error(void) {
    return last_error();
}

int ranvier_open_network(const char* file, ranvier_network** network) {
    return open(network, [&] {
        require_pointer(file, "file");
        return load_network(file);
    });
}

int ranvier_open_network_in_memory(const void* bytes, size_t n_bytes, ranvier_network** network) {
    return open(network, [&] {
        require_pointer(bytes, "bytes");
        return decode_network({static_cast<const char*>(bytes), n_bytes}, "model in memory");
    });
}

void ranvier_close_network(ranvier_network* network) {
    (void)guard([&] { models().remove(network); });
}

int ranvier_describe(const ranvier_network* network, ranvier_network_info* info) {
    return guard([&] { write_struct(info, describe(*models().find(network, "network")), "info"); });
}
