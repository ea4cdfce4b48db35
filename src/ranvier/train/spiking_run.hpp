#pragma once

#include "ranvier/train/spiking_model.hpp"

#include <cstdint>
#include <vector>

// Includes LibTorch: only for source files of this part.
namespace ranvier {

/// What a network is shown in one pass.
struct SpikingPass {
    Pass pass{};  ///< its activations: [steps * n] images per layer, steps in turn
    /// If defined: what enters the first layers in every step, instead of the coded pixels.
    torch::Tensor frames;  ///< [steps][n][channels][height][width]
    std::vector<torch::Tensor>
        masks;                ///< [n_layers], if not empty: dropout, instead of random ones
    int chunk_steps = 0;      ///< steps that go through a layer together; 0: chosen
    bool find_fault = false;  ///< look at membranes and output sums: NumericalFault
    /// If not null: filled with the membranes behind each step and its reset, as pass.activations.
    std::vector<torch::Tensor>* membranes = nullptr;
};

/// The first value that is not finite.
struct NumericalFault {
    bool found = false;
    std::size_t layer = 0;
    int step = 0;
};

/// One batch through a spiking network and back. Layers are passed in order by a chunk of timesteps
/// at a time, the steps side by side in the batch; what is constant in time is computed once. Kept
/// for the way back: the membrane of every neuron and step (or of the last `checkpoint_steps`).
class SpikingRun {
public:
    /// @param pixels  [n][channels][height][width] in [0, 1].
    /// @param keep    whether backward will be called.
    SpikingRun(const SpikingModel& model, const torch::Tensor& pixels, SpikingPass pass, bool keep);

    /// [n][n_out], summed over time.
    [[nodiscard]] torch::Tensor forward();

    struct Gradients {
        std::vector<torch::Tensor> parameters;  ///< as model.parameters
        /// Of the pixels. The encoder counts as the identity: sums over all steps.
        torch::Tensor pixels;
    };
    enum class Wanted { parameters, pixels, both };
    /// @param logits_gradient  [n][n_out], or [steps][n][n_out]: one for what each step adds.
    /// @param wanted  with `pixels`, the parameters' gradients are not computed and stay undefined.
    [[nodiscard]] Gradients backward(const torch::Tensor& logits_gradient, Wanted wanted);

    /// [n_layers][steps] spikes of the batch; empty for layers without neurons.
    [[nodiscard]] const std::vector<std::vector<std::uint64_t>>& spikes() const { return spikes_; }
    [[nodiscard]] const NumericalFault& fault() const { return fault_; }

private:
    /// Steps [first, first + n) and what is computed for them, [n * samples] images per layer.
    struct Chunk {
        std::size_t index = 0;  ///< in its segment
        std::int64_t first = 0, n = 0;
        std::vector<torch::Tensor> values;     ///< [n_layers], undefined: not (or no longer) there
        std::vector<torch::Tensor> gradients;  ///< [n_layers]
    };
    /// State that a stretch of steps begins with, [n_layers].
    struct Segment {
        std::int64_t first = 0, n = 0;
        std::vector<torch::Tensor> membrane, since;
    };

    [[nodiscard]] std::vector<Chunk> chunks_of(const Segment& segment) const;
    [[nodiscard]] torch::Tensor encoded(const Chunk& chunk) const;
    [[nodiscard]] const torch::Tensor& mask(std::size_t l);
    [[nodiscard]] torch::Tensor masked(std::size_t l, const torch::Tensor& values);
    [[nodiscard]] SpikingLayer layer_at(std::size_t l, const Chunk& chunk) const;
    [[nodiscard]] torch::Tensor apply(std::size_t l, const std::vector<torch::Tensor>& in) const;
    /// A layer's value in a chunk, computed again if need be.
    [[nodiscard]] torch::Tensor value(std::size_t l, Chunk& chunk);
    /// What layer `l` reads, one image per sample and step.
    [[nodiscard]] std::vector<torch::Tensor> inputs(std::size_t l, Chunk& chunk);

    void compute_constants();
    void enter(const Segment& segment);
    void leave(const Segment& segment, Segment& next) const;
    /// @param logits  null: only the membranes are wanted, again.
    void run_segment(const Segment& segment, torch::Tensor* logits);
    void run_chunk(Chunk& chunk, torch::Tensor* logits);
    void run_neurons_of(std::size_t l, Chunk& chunk, bool count);
    void check(std::size_t l, const Chunk& chunk);
    void check_sums(std::size_t l, std::int64_t step, const torch::Tensor& sums);
    void show(std::size_t l, const Chunk& chunk);

    void run_chunk_backward(Chunk& chunk, const torch::Tensor& logits_gradient);
    void layer_backward(std::size_t l, Chunk& chunk);
    void neurons_backward(std::size_t l, Chunk& chunk);
    void weighted_backward(std::size_t l, Chunk& chunk);
    void linear_map_backward(std::size_t l, Chunk& chunk);
    [[nodiscard]] bool wants_gradient(std::size_t l) const {
        return model_.trainable[l] || of_pixels_;
    }
    static void add_gradient(torch::Tensor& sum, const torch::Tensor& gradient);
    void pass_gradient(std::size_t l, Chunk& chunk, const torch::Tensor& gradient);
    [[nodiscard]] std::vector<std::int64_t> image_sizes(std::size_t l, const Chunk& chunk) const;
    void add_parameter_gradient(int place, const torch::Tensor& gradient);

    const SpikingModel& model_;
    SpikingPass pass_;
    std::int64_t n_samples_, n_steps_;
    torch::Tensor image_;  ///< normalized
    std::int64_t chunk_steps_ = 1;
    bool keep_;
    bool of_pixels_ = false, of_parameters_ = true;
    std::vector<bool> constant_;           ///< [n_layers] as the model's; none with frames
    Chunk constants_;                      ///< one step
    std::vector<torch::Tensor> membrane_;  ///< [n_layers] buffers of the segment that was run last
    std::vector<torch::Tensor> since_;     ///< [n_layers] STDB: behind the last step that was run
    std::vector<std::vector<torch::Tensor>> chunk_since_;  ///< [chunk of the segment][n_layers]
    std::vector<torch::Tensor> carry_;                     ///< [n_layers] backward
    std::vector<torch::Tensor> masks_;
    std::vector<Segment> segments_;
    std::int64_t current_ = 0;  ///< first step of the segment in the buffers
    std::vector<std::vector<std::uint64_t>> spikes_;
    Gradients result_;
    NumericalFault fault_;
};

}  // namespace ranvier
