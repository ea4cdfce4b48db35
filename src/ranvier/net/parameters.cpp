#include "ranvier/net/parameters.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/net/shapes.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/ranges.h>
#include <map>

namespace ranvier {

namespace {

/// visit(suffix, tensor, needed): the arrays of a layer; a bias is not needed.
template <typename L, typename Visit>
void visit_arrays(L& layer, const Visit& visit) {
    const auto weighted = [&](auto& op) {
        visit(".weight", op.weight, true);
        visit(".bias", op.bias, false);
    };
    if (auto* convolution = layer.template as<Convolution>()) weighted(*convolution);
    if (auto* linear = layer.template as<Linear>()) weighted(*linear);
    if (auto* embedding = layer.template as<NodeEmbedding>())
        visit(".weight", embedding->weight, true);
    if (auto* norm = layer.template as<BatchNorm>()) {
        visit(".weight", norm->scale, true);
        visit(".bias", norm->shift, true);
        visit(".running_mean", norm->mean, true);
        visit(".running_var", norm->variance, true);
    }
}

void forget_format(Layer& layer) {
    if (auto* convolution = layer.as<Convolution>()) convolution->format = {};
    if (auto* linear = layer.as<Linear>()) linear->format = {};
}

/// The given arrays that no layer has taken yet.
class Given {
public:
    explicit Given(const std::vector<Parameter>& given) {
        for (const Parameter& parameter : given)
            if (!left_.emplace(parameter.name, &parameter.values).second)
                fail(Fault::bad_input, "weights: '{}' is there twice", parameter.name);
    }

    /// Null if it is not there.
    const Tensor* take(const std::string& name) {
        const auto found = left_.find(name);
        if (found == left_.end()) return nullptr;
        const Tensor* tensor = found->second;
        left_.erase(found);
        return tensor;
    }

    void require_all_taken() const {
        if (!left_.empty())
            fail(Fault::bad_input,
                 "weights: no layer of the network has '{}' ({} such); leave it out or rename it",
                 left_.begin()->first, left_.size());
    }

private:
    std::map<std::string, const Tensor*> left_;
};

void require_fitting(const std::string& name, const Tensor& given,
                     const std::vector<std::int64_t>& wanted) {
    if (given.dims != wanted || given.size() != Tensor::count(wanted))
        fail(Fault::bad_input, "weights: '{}' has shape [{}]; the network wants [{}]", name,
             fmt::join(given.dims, ", "), fmt::join(wanted, ", "));
    if (!std::all_of(given.values.begin(), given.values.end(),
                     [](float value) { return std::isfinite(value); }))
        fail(Fault::bad_input, "weights: '{}' has a value that is not finite", name);
}

}  // namespace

std::vector<Parameter> parameters(const Network& network) {
    std::vector<Parameter> all;
    for (const Layer& layer : network.layers)
        visit_arrays(layer, [&](const char* suffix, const Tensor& values, bool) {
            if (!values.empty()) all.push_back({layer.name + suffix, values});
        });
    return all;
}

Network with_parameters(Network network, const std::vector<Parameter>& given) {
    Given left(given);
    for (Layer& layer : network.layers) {
        std::int64_t n_out = 0;
        visit_arrays(layer, [&](const char* suffix, Tensor& values, bool needed) {
            const std::string name = layer.name + suffix;
            if (needed && n_out == 0) n_out = values.dims.at(0);
            const Tensor* found = left.take(name);
            if (found == nullptr && needed)
                fail(Fault::bad_input, "weights: '{}' is missing; the network wants [{}]", name,
                     fmt::join(values.dims, ", "));
            if (found != nullptr)
                require_fitting(name, *found, needed ? values.dims : std::vector{n_out});
            values = found != nullptr ? *found : Tensor();
        });
        forget_format(layer);
    }
    left.require_all_taken();
    (void)infer_shapes(network);
    return network;
}

}  // namespace ranvier
