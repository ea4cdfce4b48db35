#include "ranvier/convert/diagnose.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/base/parallel.hpp"
#include "ranvier/convert/code_fit.hpp"
#include "ranvier/data/subset_samples.hpp"
#include "ranvier/net/shapes.hpp"
#include "ranvier/sim/float_engine.hpp"
#include "ranvier/sim/reference_run.hpp"

#include <algorithm>
#include <cmath>
#include <memory>

namespace ranvier {

namespace {

using Values = std::vector<float>;

/// Sums over one layer's neurons and images.
struct ErrorSums {
    double squared_error = 0, squared = 0, error = 0, sum = 0, own_squared_error = 0;
    double active = 0, saturated = 0, silenced = 0;

    void add(float a, float s, double largest, double own) {
        squared_error += (double{s} - a) * (double{s} - a);
        own_squared_error += (own - a) * (own - a);
        squared += double{a} * a;
        error += double{s} - a;
        sum += a;
        if (!(a > 0)) return;
        ++active;
        if (a > largest) ++saturated;
        if (s == 0) ++silenced;
    }
    [[nodiscard]] LayerError result(const std::string& name, bool dense) const {
        const auto share = [](double part, double whole) { return whole > 0 ? part / whole : 0; };
        return {name,
                std::sqrt(share(squared_error, squared)),
                share(error, sum),
                dense ? std::sqrt(share(own_squared_error, squared)) : -1,
                share(saturated, active),
                share(silenced, active)};
    }
};

/// The values that a neuron can express.
class CodeOf {
public:
    CodeOf(const Neuron& neuron, int steps)
        : neuron_(neuron), code_(neuron.base, steps, neuron.threshold_shift) {}
    [[nodiscard]] double largest(std::size_t channel) const {
        const double amplitude = of_channel(neuron_.amplitude, channel);
        return neuron_.kind == NeuronKind::one_spike ? amplitude * code_.worth[0] : amplitude;
    }
    [[nodiscard]] double encode(double membrane, std::size_t channel) const {
        const double u = membrane / of_channel(neuron_.threshold, channel);
        for (std::size_t k = 0; k < code_.worth.size(); ++k)
            if (u >= code_.threshold[k])
                return code_.worth[k] * of_channel(neuron_.amplitude, channel);
        return 0;
    }

private:
    static double of_channel(const std::vector<float>& values, std::size_t channel) {
        return values.size() == 1 ? values[0] : values[channel];
    }
    const Neuron& neuron_;
    UnitCode code_;
};

/// Every layer's values for one image; only those of `wanted` layers are filled.
std::vector<Values> float_values(FloatEngine& engine, const Network& network, const Tensor& image,
                                 const std::vector<std::size_t>& wanted) {
    std::vector<Values> values(network.layers.size());
    const Tensor output =
        engine.run(image, wanted, [&](std::size_t l, std::span<const float> v, std::size_t) {
            values[l].assign(v.begin(), v.end());
        });
    values.back() = output.values;
    return values;
}

/// The same of a spiking network that has to be stepped; rate coding: divided by the steps.
std::vector<Values> stepped_values(const ReferencePlan& plan, ReferenceRun& run,
                                   const Tensor& image, const std::vector<std::size_t>& wanted) {
    std::vector<Values> values(plan.shapes.size());
    for (const std::size_t l : wanted)
        values[l].assign(static_cast<std::size_t>(plan.shapes[l].size()), 0.0F);
    run.start(image.values);
    for (int t = 0; t < plan.n_steps; ++t) {
        run.step();
        for (const std::size_t l : wanted) {
            const Values emitted = run.emitted(l);
            for (std::size_t i = 0; i < emitted.size(); ++i) values[l][i] += emitted[i];
        }
    }
    values.back() = run.logits();
    if (!plan.phase_coded)
        for (Values& of_layer : values)
            for (float& v : of_layer) v /= static_cast<float>(plan.n_steps);
    return values;
}

std::size_t argmax(const Values& values) {
    return static_cast<std::size_t>(std::max_element(values.begin(), values.end()) -
                                    values.begin());
}

void require_pair(const Network& reference, const Network& spiking) {
    bool same = reference.layers.size() == spiking.layers.size();
    for (std::size_t l = 0; same && l < reference.layers.size(); ++l)
        same = reference.layers[l].operation.index() == spiking.layers[l].operation.index();
    if (!same)
        fail(Fault::unsupported,
             "diagnosis: the spiking network does not have the float network's layers; keep the "
             "scale in the thresholds");
}

class Comparison {
public:
    Comparison(const Network& reference, const Network& spiking)
        : reference_(reference),
          spiking_(spiking),
          shapes_(infer_shapes(spiking)),
          dense_(runs_densely(spiking)),
          sums_(shapes_.size()) {
        for (std::size_t l = 0; l < shapes_.size(); ++l)
            if (const auto* activation = spiking.layers[l].as<Activation>()) {
                neurons_.push_back(l);
                observed_.push_back(l);
                observed_.push_back(reference.layers[l].inputs[0]);
                codes_.emplace_back(activation->neuron, spiking.timing.steps);
            }
        std::sort(observed_.begin(), observed_.end());
        observed_.erase(std::unique(observed_.begin(), observed_.end()), observed_.end());
    }

    /// @param nodes  of a graph: what is decided; else null.
    Diagnosis run(const Samples& samples, const NodeLabels* nodes, int n_threads,
                  Progress& progress) {
        FloatEngine engine(reference_, n_threads);
        std::unique_ptr<FloatEngine> dense;
        std::unique_ptr<ReferencePlan> plan;
        std::unique_ptr<ReferenceRun> stepped;
        if (dense_) {
            dense = std::make_unique<FloatEngine>(spiking_, n_threads);
        } else {
            plan = std::make_unique<ReferencePlan>(spiking_);
            stepped = std::make_unique<ReferenceRun>(*plan);
        }
        Diagnosis diagnosis;
        diagnosis.images = nodes != nullptr ? nodes->node.size() : samples.size();
        progress.start("diagnose", "images", samples.size());
        for (std::size_t i = 0; i < samples.size(); ++i) {
            const Tensor image = read_batch(samples, i, 1);
            const auto wanted = float_values(engine, reference_, image, observed_);
            const auto got = dense_ ? float_values(*dense, spiking_, image, neurons_)
                                    : stepped_values(*plan, *stepped, image, neurons_);
            for (std::size_t k = 0; k < neurons_.size(); ++k) compare(k, wanted, got);
            for (std::size_t o = 0; o < wanted.back().size(); ++o)
                outputs_.add(wanted.back()[o], got.back()[o], 0, 0);
            diagnosis.changed_decisions += changed(wanted.back(), got.back(), nodes);
            progress.advance(1);
        }
        progress.finish();
        diagnosis.changed_decisions /=
            static_cast<double>(std::max<std::size_t>(1, diagnosis.images));
        diagnosis.output_error = outputs_.result("", false).relative_error;
        for (const std::size_t l : neurons_)
            diagnosis.layers.push_back(sums_[l].result(spiking_.layers[l].name, dense_));
        return diagnosis;
    }

private:
    [[nodiscard]] double changed(const Values& wanted, const Values& got,
                                 const NodeLabels* nodes) const {
        if (nodes == nullptr) return argmax(wanted) != argmax(got) ? 1 : 0;
        const auto n_nodes = static_cast<std::size_t>(shapes_.back().height);
        const auto a = node_decisions(wanted, *nodes, n_nodes);
        const auto b = node_decisions(got, *nodes, n_nodes);
        double n = 0;
        for (std::size_t k = 0; k < a.size(); ++k) n += a[k] != b[k] ? 1 : 0;
        return n;
    }

    void compare(std::size_t k, const std::vector<Values>& wanted, const std::vector<Values>& got) {
        const std::size_t l = neurons_[k];
        const Values& membrane = wanted[reference_.layers[l].inputs[0]];
        const auto plane = static_cast<std::size_t>(shapes_[l].plane());
        for (std::size_t i = 0; i < wanted[l].size(); ++i)
            sums_[l].add(wanted[l][i], got[l][i], codes_[k].largest(i / plane),
                         dense_ ? codes_[k].encode(membrane[i], i / plane) : 0);
    }

    const Network& reference_;
    const Network& spiking_;
    std::vector<Shape> shapes_;
    bool dense_;
    std::vector<std::size_t> neurons_;   ///< activation layers
    std::vector<std::size_t> observed_;  ///< those and what they read
    std::vector<CodeOf> codes_;          ///< [neurons_.size()]
    std::vector<ErrorSums> sums_;        ///< [n_layers]
    ErrorSums outputs_;
};

}  // namespace

Diagnosis diagnose(const Network& reference, const Network& spiking, const Samples& samples,
                   const DiagnoseOptions& options, Progress& progress) {
    require_pair(reference, spiking);
    // Not owned: `samples` outlives the subset.
    const std::shared_ptr<const Samples> all(std::shared_ptr<void>(), &samples);
    return Comparison(reference, spiking)
        .run(SubsetSamples(all, options.images), samples.node_labels(), options.n_threads,
             progress);
}

}  // namespace ranvier
