#include "ranvier/sim/float_engine.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/base/parallel.hpp"
#include "ranvier/net/counts.hpp"
#include "ranvier/net/shapes.hpp"
#include "ranvier/sim/float_loops.hpp"
#include "ranvier/sim/float_plan.hpp"
#include "ranvier/sim/float_reference.hpp"

#include <algorithm>
#include <list>
#include <utility>

namespace ranvier {

namespace {

/// Full batches and the last, smaller one.
constexpr std::size_t max_plans = 2;

/// Multiply-accumulates and stored values of one layer that pay for waking one more thread: some
/// 10 us, about what waking and waiting for it costs on an idle machine. On a busy one it costs
/// far more, so small networks should not.
constexpr double work_per_thread = 5e5;

/// Mean work of a layer for one sample, in units of work_per_thread.
double work_per_layer(const Network& network) {
    double work = 0;
    for (const LayerSize& size : layer_sizes(network))
        work += static_cast<double>(size.macs) + static_cast<double>(size.out.size());
    return work / work_per_thread / static_cast<double>(network.layers.size());
}

template <typename Work>
decltype(auto) with_onednn_errors(const Work& work) {
    try {
        return work();
    } catch (const dnnl::error& error) {
        fail(Fault::internal, "float forward pass: oneDNN refused: {} (status {})", error.what(),
             static_cast<int>(error.status));
    }
}

}  // namespace

class FloatEngine::Impl {
public:
    Impl(const Network& network, int n_threads)
        : network_(network),
          shapes_(infer_shapes(network_)),
          work_per_layer_(work_per_layer(network_)),
          max_threads_(thread_count(n_threads)) {
        if (!runs_densely(network_)) require_float_neurons(network_);
        if (network_.spiking())
            for (const Layer& layer : network_.layers) {
                const bool spikes = layer.as<Activation>() != nullptr ||
                                    layer.as<MaxPool>() != nullptr || layer.as<Input>() != nullptr;
                const std::size_t l = spikes_.size();
                spikes_.emplace_back(spikes ? static_cast<std::size_t>(shapes_[l].size()) : 0);
            }
    }

    void collect_spikes(SpikeCounts& spikes) {
        for (FloatPlan& plan : plans_) plan.collect_spikes(spikes_);
        for (std::size_t l = 0; l < spikes_.size(); ++l)
            for (std::size_t i = 0; i < spikes_[l].size(); ++i)
                spikes[l][i] += std::exchange(spikes_[l][i], 0U);
    }

    Tensor run(const Tensor& images, std::span<const std::size_t> layers,
               const Observer& observer) {
        require_image_batch(shapes_.front(), images);
        const std::vector<std::size_t> observed = sorted(layers);
        Tensor outputs({images.dims[0], shapes_.back().size()});
        if (images.dims[0] == 0) return outputs;
        const ThreadScope threads(useful_threads(images.dims[0]));
        with_onednn_errors([&] {
            FloatPlan& plan = plan_for(static_cast<std::size_t>(images.dims[0]), observed);
            plan.run(images.values.data(), outputs.values.data(), observer);
        });
        return outputs;
    }

private:
    [[nodiscard]] int useful_threads(std::int64_t n) const {
        const double useful = work_per_layer_ * static_cast<double>(n);
        return useful >= max_threads_ ? max_threads_ : std::max(1, static_cast<int>(useful));
    }

    [[nodiscard]] std::vector<std::size_t> sorted(std::span<const std::size_t> layers) const {
        std::vector<std::size_t> observed(layers.begin(), layers.end());
        std::sort(observed.begin(), observed.end());
        observed.erase(std::unique(observed.begin(), observed.end()), observed.end());
        if (!observed.empty() && observed.back() >= shapes_.size())
            fail(Fault::bad_input,
                 "float forward pass: layer {} is to be observed; the network has {} layers",
                 observed.back(), shapes_.size());
        return observed;
    }

    FloatPlan& plan_for(std::size_t n, const std::vector<std::size_t>& observed) {
        std::shared_ptr<FloatModel> model;
        for (auto plan = plans_.begin(); plan != plans_.end(); ++plan) {
            if (plan->model()->observed() != observed) continue;
            model = plan->model();
            if (plan->batch() != n) continue;
            plans_.splice(plans_.begin(), plans_, plan);
            return plans_.front();
        }
        if (plans_.size() == max_plans) {
            plans_.back().collect_spikes(spikes_);
            plans_.pop_back();  // the one used longest ago
        }
        if (model == nullptr) model = std::make_shared<FloatModel>(network_, observed);
        return plans_.emplace_front(model, n);
    }

    Network network_;
    std::vector<Shape> shapes_;
    double work_per_layer_;
    int max_threads_;
    std::list<FloatPlan> plans_;  ///< the one used last is first
    SpikeCounts spikes_;          ///< of plans that are gone
};

FloatEngine::FloatEngine(const Network& network, int n_threads)
    : impl_(std::make_unique<Impl>(network, n_threads)) {}
FloatEngine::~FloatEngine() = default;
FloatEngine::FloatEngine(FloatEngine&&) noexcept = default;
FloatEngine& FloatEngine::operator=(FloatEngine&&) noexcept = default;

Tensor FloatEngine::run(const Tensor& images) {
    return impl_->run(images, {}, {});
}

Tensor FloatEngine::run(const Tensor& images, std::span<const std::size_t> layers,
                        const Observer& observer) {
    return impl_->run(images, layers, observer);
}

void FloatEngine::collect_spikes(SpikeCounts& spikes) {
    impl_->collect_spikes(spikes);
}

bool runs_densely(const Network& network) {
    const Timing& timing = network.timing;
    if (network.spiking() && (timing.wait < timing.steps || !is_phase_code(timing.input)))
        return false;
    return std::all_of(network.layers.begin(), network.layers.end(), [&](const Layer& layer) {
        // A pool that takes each step's maximum adds up spikes of several phases.
        if (const auto* pool = layer.as<MaxPool>())
            return !network.spiking() || pool->rule == MaxRule::running_count;
        const auto* activation = layer.as<Activation>();
        if (activation == nullptr) return true;
        return network.spiking() ? activation->neuron.kind == NeuronKind::one_spike
                                 : !activation->neuron.spiking();
    });
}

}  // namespace ranvier
