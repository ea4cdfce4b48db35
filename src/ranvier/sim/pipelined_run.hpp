#pragma once

#include "ranvier/sim/reference_run.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace ranvier {

/// A one_spike network as a pipeline, one timestep at a time: image n enters at step n * T, and
/// every layer serves several images at once.
///
///     PipelinedRun run(plan);  run.start(images);  while (!run.done()) run.step();
///
/// Each layer has only as many membranes per neuron as membrane_banks says; a bank is cleared when
/// a new image takes it. This is the judge of the formulas in latency.hpp, and the plain
/// description of a machine that runs such a network: any layer that would need another bank, or
/// fire for two images in one step, is an error.
class PipelinedRun {
public:
    /// Values that a layer emits in one step for one image. Of neurons there is one at most; sums
    /// and concatenations of branches with different depths pass on values of several images.
    struct Emission {
        std::int64_t image = 0;
        StepValues values;
    };
    struct Answer {
        std::int64_t image = 0;
        std::int64_t step = 0;      ///< after so many steps the output was complete
        std::vector<float> logits;  ///< [n_out]
    };

    /// @param plan  of a one_spike network; must outlive the run.
    explicit PipelinedRun(const ReferencePlan& plan);

    /// @param images  [n][channels][height][width] in [0, 1], one after the other.
    void start(std::span<const float> images);
    /// @throws Error(internal) if the pipeline does not work as latency.hpp says.
    void step();
    [[nodiscard]] bool done() const noexcept {
        return answers_.size() == static_cast<std::size_t>(n_images_);
    }

    /// Of the last step, ascending by image.
    [[nodiscard]] const std::vector<Emission>& emitted(std::size_t layer) const {
        return emissions_[layer];
    }
    /// In the order in which they came.
    [[nodiscard]] const std::vector<Answer>& answers() const noexcept { return answers_; }

private:
    /// What one layer holds of one image.
    struct Bank {
        std::optional<std::int64_t> image;   ///< none: free
        std::vector<float> membrane;         ///< neurons; output: sums, [n_out]
        std::vector<std::uint32_t> arrived;  ///< max pools: spikes of each input
        std::vector<std::uint32_t> passed;   ///< spikes of each output
    };

    void step_layer(std::size_t l);
    void step_input();
    void step_synapses(std::size_t l);
    void step_neuron(std::size_t l, const Neuron& neuron);
    void step_max_pool(std::size_t l, const MaxPool& pool);
    void step_output(std::size_t l);
    void fire(std::size_t l, const Neuron& neuron, Bank& bank, int phase);

    /// Step of the image's own time, from 1.
    [[nodiscard]] std::int64_t local_step(std::int64_t image) const;
    void open_banks(std::size_t l);
    void close_banks(std::size_t l);
    [[nodiscard]] Bank& bank_of(std::size_t l, std::int64_t image);
    /// An all-zero emission for `image`, to be filled.
    [[nodiscard]] Emission silence(std::size_t l, std::int64_t image) const;

    const ReferencePlan& plan_;
    PixelEncoder encoder_;
    std::vector<int> first_source_;
    std::vector<std::vector<float>> fresh_;  ///< [n_layers] membranes before step 1: biases
    std::vector<std::vector<Bank>> banks_;   ///< [n_layers][membrane_banks]
    std::vector<std::vector<Emission>> emissions_;
    std::span<const float> images_;
    std::int64_t n_images_ = 0;
    std::int64_t step_ = 0;
    std::vector<Answer> answers_;
};

}  // namespace ranvier
