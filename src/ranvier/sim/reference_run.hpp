#pragma once

#include "ranvier/net/network.hpp"
#include "ranvier/sim/phase_input.hpp"
#include "ranvier/sim/poisson_input.hpp"
#include "ranvier/sim/simulator.hpp"
#include "ranvier/sim/synapses.hpp"

#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace ranvier {

/// What the reference simulator knows of a spiking network before it sees an image; shared by all
/// runs, never changed.
struct ReferencePlan {
    /// @throws Error(unsupported) naming the layer if the network is not a spiking one.
    explicit ReferencePlan(Network network_in);

    Network network;
    std::vector<Shape> shapes;
    std::vector<std::unique_ptr<Synapses>> synapses;  ///< [n_layers], null where there are none
    std::vector<bool> delayed;  ///< [n_layers] readers see this layer's output one step later
    std::vector<bool> spikes;   ///< [n_layers] emits spikes, which are counted
    std::vector<int>
        depth;  ///< [n_layers] neurons on the longest path from the input, self included
    /// [n_layers][channels] of activation layers, one value per channel in any case.
    std::vector<std::vector<float>> thresholds, amplitudes;
    bool phase_coded = false;  ///< one_spike
    int n_steps = 0;  ///< steps of one run; phase coding: bias step 0 and all layers' windows
};

/// One image going through the network, one timestep at a time:
///
///     ReferenceRun run(plan);  run.start(image);  while (...) run.step();  run.logits();
///
/// State: per neuron one membrane, per value one or two floats; independent of the number of steps.
class ReferenceRun {
public:
    explicit ReferenceRun(const ReferencePlan& plan);

    /// Forgets everything and presents an image, [channels][height][width] in [0, 1].
    /// @param draw  Poisson input: its seed and sample.
    void start(std::span<const float> image, const PoissonDraw& draw = {});
    /// Rate coding: another frame of the same shape from the next step on; nothing else changes.
    /// @throws Error(unsupported) for one-spike coding, whose phases belong to one image.
    void present(std::span<const float> frame);
    void step();

    /// What has reached the output so far, [n_out].
    [[nodiscard]] const std::vector<float>& logits() const noexcept { return logits_; }
    /// Values that layer emitted in the last step, [channels][height][width].
    [[nodiscard]] std::vector<float> emitted(std::size_t layer) const;
    /// Membranes of an activation layer after the last step, [channels][height][width].
    [[nodiscard]] std::vector<float> membrane(std::size_t layer) const;
    /// What the last step's spikes cost. @param costs  of this network.
    [[nodiscard]] std::uint64_t step_cost(const SpikeCosts& costs) const;
    /// Spikes of this and all earlier images, [n_layers][channels][height][width].
    [[nodiscard]] std::vector<std::vector<std::uint64_t>> spike_counts() const;

private:
    /// A neuron's spikes of one step.
    struct Sent {
        std::size_t neuron = 0;  ///< [height][width][channels]
        int n_spikes = 0;
    };
    struct State {
        StepValues now, before;              ///< emitted in this step and (delayed layers) the last
        std::vector<float> membrane;         ///< neurons
        std::vector<std::uint32_t> arrived;  ///< max pools: spikes so far of each input
        std::vector<std::uint32_t> passed;   ///< spikes of this image: of each output
        std::vector<std::uint64_t> spikes;   ///< spikes of all images
        std::vector<Sent> sent;              ///< in this step
    };

    void read_image(std::span<const float> image);
    void step_layer(std::size_t l);
    void step_input(std::size_t l);
    void step_poisson_input(State& state);
    void step_synapses(std::size_t l);
    void step_neuron(std::size_t l, const Neuron& neuron);
    void step_one_spike(std::size_t l, const Neuron& neuron);
    void step_max_pool(std::size_t l, const MaxPool& pool);
    [[nodiscard]] const StepValues& read(std::size_t source) const;
    void emit(State& state, std::size_t i, float value, int n_spikes);
    [[nodiscard]] std::vector<float> to_planes(std::size_t layer,
                                               const std::vector<float>& values) const;

    const ReferencePlan& plan_;
    std::vector<State> states_;
    std::vector<float> image_;  ///< [height][width][channels], as the input layer emits it
    bool new_image_ = false;    ///< rate coding: the input layer has not emitted it yet
    std::optional<PixelEncoder> encoder_;  ///< one_spike
    std::vector<std::uint32_t> codes_;     ///< one_spike: what the encoder made of each pixel
    PoissonDraw draw_;                     ///< Poisson input: seed and sample
    std::vector<float> logits_;
    int step_ = 0;
};

}  // namespace ranvier
