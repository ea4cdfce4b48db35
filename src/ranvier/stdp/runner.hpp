#pragma once

#include "ranvier/stdp/encoder.hpp"
#include "ranvier/stdp/model.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace ranvier {

/// What happened while one image was shown, all its showings together.
struct StdpResponse {
    std::vector<std::uint32_t> spikes;  ///< [n_neurons] excitatory, in the last showing
    std::uint64_t input_spikes = 0;
    std::uint64_t synaptic_events = 0;    ///< input spikes times the synapses that they met
    std::uint64_t conducting_events = 0;  ///< of these with a weight; only of frozen networks
    std::uint64_t excitatory_spikes = 0;
    std::uint64_t inhibitory_spikes = 0;  ///< each meets n_neurons - 1 synapses
    std::uint32_t shows = 0;
};

/// Shows images to a network: event-driven, and in whole vectors. Its state is that of one image,
/// so that each thread may have its own runner for one network with frozen weights. Spikes and
/// weights are those of StdpReference, to the last bit.
class StdpRunner {
public:
    explicit StdpRunner(const StdpModel& model);

    /// Shows an image to a network that does not change, again and again until it answers.
    /// @param pixels [n_inputs], in [0, 1]. @param showing its attempt is ignored.
    const StdpResponse& respond(const StdpModel& model, std::span<const float> pixels,
                                Showing showing);
    /// The same, and the network learns: weights, thresholds. Weights are normalized afterwards.
    const StdpResponse& learn(StdpModel& model, std::span<const float> pixels, Showing showing);

    /// Only the thresholds learn: they settle after the weights have been changed from outside.
    const StdpResponse& settle(StdpModel& model, std::span<const float> pixels, Showing showing);

    /// One showing of given spikes. @param learning null: nothing changes; or the model
    /// itself.
    void show(const StdpModel& model, StdpModel* learning, const InputSpikes& spikes,
              bool weights_learn = true);
    [[nodiscard]] const StdpResponse& response() const { return response_; }

private:
    struct Neurons {
        explicit Neurons(std::size_t n_padded);
        void reset(float rest);
        LeakyNeurons view(const float* theta);
        AlignedVector<float> membrane, wait, exc, inh;
        std::vector<std::uint64_t> bits;
    };

    const StdpResponse& present(const StdpModel& model, StdpModel* learning, bool weights_learn,
                                std::span<const float> pixels, Showing showing);
    void begin_showing(const StdpModel& model);
    void add_input(const StdpModel& model, const InputSpikes& spikes, std::uint32_t step);
    void fire(StdpModel* learning, bool weights_learn, std::uint32_t step);
    void trace_inputs(std::uint32_t step);
    void learn_neuron(StdpModel& model, std::size_t neuron);
    void inhibit(float weight, std::size_t n_fired);
    void normalize_changed(StdpModel& model);

    std::size_t n_neurons_, n_padded_;
    LeakyRule exc_rule_, inh_rule_;
    float to_inhibitory_;
    Neurons exc_, inh_;
    AlignedVector<float> theta_;             ///< [n_padded], infinite behind the neurons
    AlignedVector<float> no_theta_;          ///< the inhibitory neurons'
    std::vector<std::uint32_t> conducting_;  ///< [n_inputs] of the model as it was given
    std::vector<std::int32_t> last_spike_;   ///< [n_inputs] step; -1: none
    std::vector<float> faded_;               ///< [steps + 1] a trace so many steps after its spike
    AlignedVector<float> column_, trace_;    ///< [n_inputs] of one neuron
    std::vector<bool> changed_;              ///< [n_neurons] weights, since they were normalized
    PoissonEncoder encoder_;
    InputSpikes spikes_;
    StdpResponse response_;
};

/// [steps + 1] how a trace fades: 1, d, d d, ... with d = exp(-step / tau).
[[nodiscard]] std::vector<float> fading(const StdpOptions& options);

}  // namespace ranvier
