#include "ranvier/train/spiking_run.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/sim/poisson_input.hpp"
#include "ranvier/train/dropout.hpp"
#include "ranvier/train/layer_operations.hpp"
#include "ranvier/train/spiking_neuron.hpp"

#include <ATen/Parallel.h>
#include <algorithm>

namespace ranvier {

namespace {

/// Enough images for a large linear layer's weights to be read, and their gradients written,
/// seldom; more would only cost memory.
constexpr std::int64_t images_together = 256;

/// One layer without state.
struct Apply {
    const torch::Tensor& weight;
    const torch::Tensor& bias;
    const std::vector<torch::Tensor>& in;
    const Shape& out;
    Precision precision;

    torch::Tensor operator()(const Convolution& op) const {
        return convolve(op, in[0], weight, bias, precision);
    }
    torch::Tensor operator()(const Linear&) const {
        return apply_linear(in[0], weight, bias, precision);
    }
    torch::Tensor operator()(const AveragePool& op) const { return pool_average(op, in[0], out); }
    torch::Tensor operator()(const GlobalAveragePool&) const { return in[0].mean({2, 3}, true); }
    torch::Tensor operator()(const Add&) const {
        torch::Tensor sum = in[0];
        for (std::size_t k = 1; k < in.size(); ++k) sum = sum + in[k];
        return sum;
    }
    torch::Tensor operator()(const Concat&) const { return torch::cat(in, 1); }
    torch::Tensor operator()(const Flatten&) const { return as_image(in[0].flatten(1)); }
    torch::Tensor operator()(const Shortcut& op) const { return take_shortcut(op, in[0]); }
    /// Input, neurons and output are no such layers, and the model refuses all others.
    template <typename Other>
    torch::Tensor operator()(const Other&) const {
        fail(Fault::internal, "train: a layer with state where none can be");
    }
};

/// [steps * n] images as [steps][n] images; no copy.
torch::Tensor by_step(const torch::Tensor& images, std::int64_t steps) {
    return images.view(
        {steps, images.size(0) / steps, images.size(1), images.size(2), images.size(3)});
}

/// Whether a layer's value is nobody else's memory.
bool is_fresh(const Layer& layer) {
    return layer.as<Convolution>() != nullptr || layer.as<Linear>() != nullptr ||
           layer.as<AveragePool>() != nullptr ||
           (layer.as<Add>() != nullptr && layer.inputs.size() > 1);
}

}  // namespace

SpikingRun::SpikingRun(const SpikingModel& model, const torch::Tensor& pixels, SpikingPass pass,
                       bool keep)
    : model_(model),
      pass_(std::move(pass)),
      n_samples_(pass_.frames.defined() ? pass_.frames.size(1) : pixels.size(0)),
      n_steps_(model.network.timing.steps),
      keep_(keep),
      constant_(model.constant),
      masks_(pass_.masks) {
    const std::size_t n_layers = model.network.layers.size();
    if (pass_.frames.defined()) {
        constant_.assign(n_layers, false);
    } else {
        image_ = pixels.to(model.options);
        if (model.mean.defined()) image_ = image_ - model.mean;
        if (model.scale.defined()) image_ = image_ * model.scale;
        image_ = image_.contiguous(channels_last);
    }
    chunk_steps_ = pass_.chunk_steps > 0 ? pass_.chunk_steps : images_together / n_samples_;
    chunk_steps_ = std::clamp<std::int64_t>(chunk_steps_, 1, n_steps_);
    const std::int64_t wanted = model.training.checkpoint_steps;
    const std::int64_t length = !keep ? chunk_steps_ : wanted == 0 ? n_steps_ : wanted;
    for (std::int64_t first = 0; first < n_steps_; first += length)
        segments_.push_back({first, std::min(length, n_steps_ - first), {}, {}});
    if (pass_.pass.activations != nullptr) pass_.pass.activations->assign(n_layers, {});
    if (pass_.membranes != nullptr) pass_.membranes->assign(n_layers, {});
    masks_.resize(n_layers);
    membrane_.resize(n_layers);
    since_.resize(n_layers);
    spikes_.resize(n_layers);
    for (std::size_t l = 0; l < n_layers; ++l)
        if (model.network.layers[l].as<Activation>() != nullptr)
            spikes_[l].resize(static_cast<std::size_t>(n_steps_));
}

std::vector<SpikingRun::Chunk> SpikingRun::chunks_of(const Segment& segment) const {
    const std::size_t n_layers = constant_.size();
    std::vector<Chunk> chunks;
    for (std::int64_t t = 0; t < segment.n; t += chunk_steps_) {
        Chunk chunk{
            chunks.size(), segment.first + t, std::min(chunk_steps_, segment.n - t), {}, {}};
        chunk.values.resize(n_layers);
        chunk.gradients.resize(n_layers);
        chunks.push_back(std::move(chunk));
    }
    return chunks;
}

torch::Tensor SpikingRun::encoded(const Chunk& chunk) const {
    if (pass_.frames.defined())
        return pass_.frames.narrow(0, chunk.first, chunk.n)
            .flatten(0, 1)
            .to(model_.options)
            .contiguous(channels_last);
    if (model_.network.timing.input == InputCoding::direct) return image_;
    const torch::Tensor planes = image_.to(torch::kCPU, torch::kFloat32).contiguous();
    std::vector<std::int64_t> sizes = planes.sizes().vec();
    sizes[0] *= chunk.n;
    torch::Tensor spikes = torch::empty(sizes, torch::kFloat32);
    const auto size = static_cast<std::size_t>(planes.numel() / n_samples_);
    const std::uint64_t first =
        pass_.pass.training
            ? ((pass_.pass.iteration + 1) << 32) + static_cast<std::uint64_t>(pass_.pass.part.first)
            : pass_.pass.sample + static_cast<std::uint64_t>(pass_.pass.part.first);
    at::parallel_for(0, chunk.n * n_samples_, 1, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) {
            const auto sample = static_cast<std::size_t>(i % n_samples_);
            draw_poisson({pass_.pass.seed, first + sample,
                          static_cast<std::uint32_t>(chunk.first + i / n_samples_)},
                         model_.network.timing.input_rate,
                         {planes.data_ptr<float>() + sample * size, size},
                         {spikes.data_ptr<float>() + static_cast<std::size_t>(i) * size, size});
        }
    });
    return spikes.to(model_.options).contiguous(channels_last);
}

const torch::Tensor& SpikingRun::mask(std::size_t l) {
    if (masks_[l].defined() || !pass_.pass.training || !model_.drops[l]) return masks_[l];
    const Shape& shape = model_.shapes[l];
    Tensor mask({n_samples_, shape.channels, shape.height, shape.width});
    const auto begin = static_cast<std::uint64_t>(pass_.pass.part.first * shape.size());
    fill_dropout_mask(model_.training.dropout, {pass_.pass.seed, pass_.pass.iteration, l, begin},
                      mask.values);
    masks_[l] = row_major(mask, model_.options).contiguous(channels_last);
    return masks_[l];
}

torch::Tensor SpikingRun::masked(std::size_t l, const torch::Tensor& values) {
    if (const torch::Tensor& factor = mask(l); factor.defined())
        by_step(values, values.size(0) / n_samples_).mul_(factor);
    return values;
}

SpikingLayer SpikingRun::layer_at(std::size_t l, const Chunk& chunk) const {
    return {
        model_.neurons[l],
        chunk.n,
        membrane_[l].narrow(0, (chunk.first - current_) * n_samples_, (chunk.n + 1) * n_samples_),
        {}};
}

torch::Tensor SpikingRun::apply(std::size_t l, const std::vector<torch::Tensor>& in) const {
    return std::visit(
        Apply{model_.weight[l], model_.bias[l], in, model_.shapes[l], model_.precision},
        model_.network.layers[l].operation);
}

torch::Tensor SpikingRun::value(std::size_t l, Chunk& chunk) {
    if (constant_[l]) return constants_.values[l];
    torch::Tensor& kept = chunk.values[l];
    if (kept.defined()) return kept;
    const Layer& layer = model_.network.layers[l];
    if (l == 0)
        kept = encoded(chunk);
    else if (layer.as<Activation>() != nullptr)
        kept = masked(l, layer_at(l, chunk).spikes());
    else
        kept = apply(l, inputs(l, chunk));
    return kept;
}

std::vector<torch::Tensor> SpikingRun::inputs(std::size_t l, Chunk& chunk) {
    std::vector<torch::Tensor> in;
    for (const std::size_t source : model_.network.layers[l].inputs) {
        in.push_back(value(source, chunk));
        if (constant_[source] && !constant_[l])
            in.back() = in.back().repeat({chunk.n, 1, 1, 1}).contiguous(channels_last);
    }
    return in;
}

void SpikingRun::compute_constants() {
    constants_ = {0, 0, 1, std::vector<torch::Tensor>(constant_.size()),
                  std::vector<torch::Tensor>(constant_.size())};
    for (std::size_t l = 0; l < constant_.size(); ++l)
        if (constant_[l])
            constants_.values[l] = l == 0 ? encoded(constants_) : apply(l, inputs(l, constants_));
}

void SpikingRun::enter(const Segment& segment) {
    current_ = segment.first;
    for (std::size_t l = 0; l < constant_.size(); ++l) {
        if (spikes_[l].empty()) continue;
        const Shape& shape = model_.shapes[l];
        if (!membrane_[l].defined())
            membrane_[l] = torch::empty(
                {(segments_[0].n + 1) * n_samples_, shape.channels, shape.height, shape.width},
                model_.options, channels_last);
        torch::Tensor start = membrane_[l].narrow(0, 0, n_samples_);
        const bool first = segment.membrane.empty();
        first ? start.zero_() : start.copy_(segment.membrane[l]);
        if (model_.training.surrogate.kind != SurrogateKind::stdb || !keep_) continue;
        since_[l] =
            torch::empty(start.sizes(), start.options().dtype(torch::kUInt8), channels_last);
        first ? since_[l].fill_(std::int64_t{no_spike_yet}) : since_[l].copy_(segment.since[l]);
    }
}

void SpikingRun::leave(const Segment& segment, Segment& next) const {
    next.since.resize(since_.size());
    for (std::size_t l = 0; l < constant_.size(); ++l) {
        next.membrane.emplace_back();
        if (spikes_[l].empty()) continue;
        next.membrane[l] = membrane_[l].narrow(0, segment.n * n_samples_, n_samples_).clone();
        if (since_[l].defined()) next.since[l] = since_[l].clone();
    }
}

torch::Tensor SpikingRun::forward() {
    compute_constants();
    torch::Tensor logits = torch::zeros({n_samples_, model_.shapes.back().size()}, model_.options);
    for (std::size_t s = 0; s < segments_.size(); ++s) {
        enter(segments_[s]);
        run_segment(segments_[s], &logits);
        if (s + 1 < segments_.size()) leave(segments_[s], segments_[s + 1]);
        if (!keep_) segments_[s].membrane.clear();
    }
    if (!keep_) constants_ = {};
    return logits;
}

void SpikingRun::run_segment(const Segment& segment, torch::Tensor* logits) {
    chunk_since_.clear();
    for (Chunk& chunk : chunks_of(segment)) {
        chunk_since_.emplace_back(since_.size());
        run_chunk(chunk, logits);
    }
}

void SpikingRun::run_chunk(Chunk& chunk, torch::Tensor* logits) {
    for (std::size_t l = 0; l < constant_.size(); ++l) {
        const Layer& layer = model_.network.layers[l];
        if (layer.as<Activation>() != nullptr) {
            run_neurons_of(l, chunk, logits != nullptr);
        } else if (layer.as<Output>() != nullptr) {
            if (logits == nullptr) return;
            const torch::Tensor in = inputs(l, chunk)[0].flatten(1);
            for (std::int64_t t = 0; t < chunk.n; ++t) {  // in the simulator's order
                logits->add_(in.narrow(0, t * n_samples_, n_samples_));
                if (pass_.find_fault) check_sums(l, chunk.first + t, *logits);
            }
        } else if (!constant_[l]) {
            (void)value(l, chunk);
        }
        for (const std::size_t source : layer.inputs)
            if (model_.last_reader[source] == l) chunk.values[source].reset();
    }
}

void SpikingRun::run_neurons_of(std::size_t l, Chunk& chunk, bool count) {
    const std::size_t source = model_.network.layers[l].inputs[0];
    torch::Tensor currents = value(source, chunk);
    if (!constant_[source] && (model_.last_reader[source] != l || model_.n_readers[source] > 1 ||
                               !is_fresh(model_.network.layers[source])))
        currents = currents.clone();
    SpikingLayer layer = layer_at(l, chunk);
    if (since_[l].defined()) {
        chunk_since_[chunk.index][l] = since_[l].clone();
        layer.since = since_[l];
    }
    std::vector<std::uint64_t> again(static_cast<std::size_t>(chunk.n));  // was counted before
    chunk.values[l] = masked(l, layer.run(currents, constant_[source],
                                          count ? spikes_[l].data() + chunk.first : again.data()));
    if (count) show(l, chunk);
    if (pass_.find_fault) check(l, chunk);
}

/// To whoever asked for spikes or membranes.
void SpikingRun::show(std::size_t l, const Chunk& chunk) {
    const auto append = [](torch::Tensor& seen, const torch::Tensor& more) {
        seen = seen.defined() ? torch::cat({seen, more}) : more.clone();
    };
    if (pass_.pass.activations != nullptr) append(pass_.pass.activations->at(l), chunk.values[l]);
    if (pass_.membranes == nullptr) return;
    const SpikingLayer layer = layer_at(l, chunk);
    for (std::int64_t t = 0; t < chunk.n; ++t)
        append(pass_.membranes->at(l), layer.entering(t + 1));
}

void SpikingRun::check(std::size_t l, const Chunk& chunk) {
    const torch::Tensor membrane = layer_at(l, chunk).membrane;
    for (std::int64_t t = 0; t < chunk.n; ++t) {
        const int step = static_cast<int>(chunk.first + t);
        if (fault_.found && fault_.step <= step) return;
        const torch::Tensor now = membrane.narrow(0, (t + 1) * n_samples_, n_samples_);
        if (!now.isfinite().all().item<bool>()) fault_ = {true, l, step};
    }
}

/// What counts are their differences: the loss is a function of these.
void SpikingRun::check_sums(std::size_t l, std::int64_t step, const torch::Tensor& sums) {
    if (fault_.found && fault_.step <= step) return;
    if (!(sums - sums.amax(1, true)).isfinite().all().item<bool>())
        fault_ = {true, l, static_cast<int>(step)};
}

}  // namespace ranvier
