#include "ranvier/sim/float_graph.hpp"

#include "ranvier/net/shapes.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace ranvier {

namespace {

/// Weights and bias after a batch norm: w' = w * factor, b' = (b - mean) * factor + shift.
void fold(FloatNode& node, const BatchNorm& norm) {
    Tensor weight = node.weight();
    const std::size_t n_out = norm.scale.size();
    Tensor bias = node.bias().empty() ? Tensor({static_cast<std::int64_t>(n_out)}) : node.bias();
    const std::size_t per_output = weight.size() / n_out;
    for (std::size_t o = 0; o < n_out; ++o) {
        const double factor =
            norm.scale.values[o] / std::sqrt(double{norm.variance.values[o]} + norm.epsilon);
        for (std::size_t k = 0; k < per_output; ++k) {
            float& w = weight.values[o * per_output + k];
            w = static_cast<float>(w * factor);
        }
        bias.values[o] = static_cast<float>(
            (double{bias.values[o]} - norm.mean.values[o]) * factor + norm.shift.values[o]);
    }
    node.folded_weight = std::move(weight);
    node.folded_bias = std::move(bias);
}

class GraphMaker {
public:
    GraphMaker(const Network& network, std::span<const std::size_t> observed)
        : network_(network),
          observed_(observed),
          shapes_(infer_shapes(network)),
          uses_(shapes_.size(), 0) {}

    FloatGraph make() {
        share();
        count_uses();
        for (std::size_t l = 0; l < network_.layers.size(); ++l)
            if (graph_.source[l] == l) add(l);
        find_last_uses();
        return std::move(graph_);
    }

private:
    /// Layers that only pass their input on share its values.
    void share() {
        graph_.nodes.resize(shapes_.size());
        for (std::size_t l = 0; l < network_.layers.size(); ++l) {
            const Layer& layer = network_.layers[l];
            const bool flat =
                layer.as<Flatten>() != nullptr && shapes_[layer.inputs[0]].plane() == 1;
            const bool shares =
                flat || layer.as<Dropout>() != nullptr || layer.as<Output>() != nullptr;
            graph_.source.push_back(shares ? graph_.source[layer.inputs[0]] : l);
        }
    }

    void count_uses() {
        for (std::size_t l = 0; l < network_.layers.size(); ++l) {
            if (graph_.source[l] != l) continue;
            for (const std::size_t input : network_.layers[l].inputs) ++uses_[graph_.source[input]];
        }
        for (const std::size_t l : observed_) ++uses_[graph_.source[l]];
        ++uses_[graph_.source.back()];
    }

    void add(std::size_t l) {
        const Layer& layer = network_.layers[l];
        FloatNode node;
        node.operation = &layer.operation;
        for (const std::size_t input : layer.inputs) node.inputs.push_back(graph_.source[input]);
        if (fuse_batch_norm(l, node) || fuse_relu(l, node) || fuse_add(l, node)) return;
        if (layer.as<Linear>() != nullptr) skip_flatten(node);
        graph_.nodes[l] = std::move(node);
    }

    /// A weighted node without relu that only one place reads: it can do more before it stores.
    [[nodiscard]] bool open(std::size_t place) const {
        const auto& node = graph_.nodes[place];
        return node && node->weighted() && !node->relu && uses_[place] == 1;
    }

    FloatNode& take_over(std::size_t from, std::size_t to) {
        graph_.nodes[to] = std::move(graph_.nodes[from]);
        graph_.nodes[from].reset();
        return *graph_.nodes[to];
    }

    bool fuse_batch_norm(std::size_t l, const FloatNode& node) {
        const auto* norm = std::get_if<BatchNorm>(node.operation);
        if (norm == nullptr || !open(node.inputs[0]) || graph_.nodes[node.inputs[0]]->addend)
            return false;
        fold(take_over(node.inputs[0], l), *norm);
        return true;
    }

    bool fuse_relu(std::size_t l, const FloatNode& node) {
        const auto* activation = std::get_if<Activation>(node.operation);
        if (activation == nullptr || activation->neuron.kind != NeuronKind::relu ||
            !open(node.inputs[0]))
            return false;
        take_over(node.inputs[0], l).relu = true;
        return true;
    }

    bool fuse_add(std::size_t l, const FloatNode& node) {
        if (std::get_if<Add>(node.operation) == nullptr || node.inputs.size() != 2) return false;
        // The later one is computed anyway when the other is known.
        std::size_t first = std::min(node.inputs[0], node.inputs[1]);
        std::size_t second = std::max(node.inputs[0], node.inputs[1]);
        const auto can_add = [&](std::size_t p) { return open(p) && !graph_.nodes[p]->addend; };
        if (!can_add(second)) std::swap(first, second);
        if (first == second || !can_add(second)) return false;
        take_over(second, l).addend = first;
        return true;
    }

    /// A linear layer can read [channels][height][width] as it stands.
    void skip_flatten(FloatNode& node) {
        const std::size_t flat = node.inputs[0];
        const auto& flatten = graph_.nodes[flat];
        if (!flatten || std::get_if<Flatten>(flatten->operation) == nullptr) return;
        node.inputs[0] = flatten->inputs[0];
        ++uses_[node.inputs[0]];
        if (--uses_[flat] > 0) return;
        --uses_[node.inputs[0]];
        graph_.nodes[flat].reset();
    }

    void find_last_uses() {
        graph_.last_use.assign(graph_.source.size(), 0);
        const auto use = [&](std::size_t place, std::size_t reader) {
            graph_.last_use[place] = std::max(graph_.last_use[place], reader);
        };
        for (std::size_t l = 0; l < graph_.nodes.size(); ++l) {
            if (!graph_.nodes[l]) continue;
            for (const std::size_t input : graph_.nodes[l]->inputs) use(input, l);
            if (graph_.nodes[l]->addend) use(*graph_.nodes[l]->addend, l);
        }
        for (const std::size_t l : observed_) use(graph_.source[l], l);
        use(graph_.source.back(), graph_.source.size() - 1);
    }

    const Network& network_;
    std::span<const std::size_t> observed_;
    std::vector<Shape> shapes_;
    std::vector<std::size_t> uses_;
    FloatGraph graph_;
};

}  // namespace

bool FloatNode::weighted() const {
    return std::holds_alternative<Convolution>(*operation) ||
           std::holds_alternative<Linear>(*operation);
}

const Tensor& FloatNode::weight() const {
    if (!folded_weight.empty()) return folded_weight;
    if (const auto* linear = std::get_if<Linear>(operation)) return linear->weight;
    return std::get<Convolution>(*operation).weight;
}

const Tensor& FloatNode::bias() const {
    if (!folded_bias.empty()) return folded_bias;
    if (const auto* linear = std::get_if<Linear>(operation)) return linear->bias;
    return std::get<Convolution>(*operation).bias;
}

FloatGraph make_float_graph(const Network& network, std::span<const std::size_t> observed) {
    return GraphMaker(network, observed).make();
}

}  // namespace ranvier
