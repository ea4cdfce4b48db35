#pragma once

#include "ranvier/sim/float_engine.hpp"
#include "ranvier/sim/float_graph.hpp"
#include "ranvier/sim/spike_tally.hpp"

#include <cstddef>
#include <dnnl.hpp>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <vector>

namespace ranvier {

/// A graph with its weights in the memory formats that the primitives want. Shared by the plans of
/// several batch sizes: a weight is reordered once per format, and there is usually only one.
class FloatModel {
public:
    /// @param network  must outlive the model.
    FloatModel(const Network& network, std::span<const std::size_t> observed);

    [[nodiscard]] const Network& network() const noexcept { return network_; }
    [[nodiscard]] const std::vector<Shape>& shapes() const noexcept { return shapes_; }
    [[nodiscard]] const FloatGraph& graph() const noexcept { return graph_; }
    [[nodiscard]] const std::vector<std::size_t>& observed() const noexcept { return observed_; }
    [[nodiscard]] dnnl::engine& engine() noexcept { return engine_; }

    /// The weights of node `place`, which lie in memory as `plain`, in the format `wanted`.
    dnnl::memory weight(std::size_t place, const dnnl::memory::desc& plain,
                        const dnnl::memory::desc& wanted);

private:
    const Network& network_;
    std::vector<Shape> shapes_;
    std::vector<std::size_t> observed_;
    FloatGraph graph_;
    dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
    std::map<std::size_t, std::vector<dnnl::memory>> weights_;
};

/// All primitives and buffers for one batch size. Buffers are reused as soon as the last reader of
/// their values has run, so memory is what the widest place of the network needs, not the sum.
class FloatPlan {
public:
    /// @throws dnnl::error
    FloatPlan(std::shared_ptr<FloatModel> model, std::size_t n);

    [[nodiscard]] std::size_t batch() const noexcept { return n_; }
    [[nodiscard]] const std::shared_ptr<FloatModel>& model() const noexcept { return model_; }

    /// @param images   [n][channels][height][width], not yet normalized.
    /// @param outputs  [n][n_out], written.
    void run(const float* images, float* outputs, const FloatEngine::Observer& observer);

    /// Adds the spikes since the last call to `spikes` (one_spike networks).
    void collect_spikes(SpikeCounts& spikes);

    struct Run {
        const float* images;
        float* outputs;
        const FloatEngine::Observer& observer;
        dnnl::stream& stream;
    };
    using Step = std::function<void(const Run&)>;

private:
    struct FreeAligned {
        void operator()(std::byte* bytes) const noexcept;
    };

    std::shared_ptr<FloatModel> model_;
    std::size_t n_;
    std::vector<Step> steps_;
    std::vector<std::shared_ptr<SpikeTally>> tallies_;  ///< that the steps count into
    std::vector<std::unique_ptr<std::byte[], FreeAligned>> buffers_;
};

}  // namespace ranvier
