#include "ranvier/net/network.hpp"

#include "ranvier/base/error.hpp"

#include <algorithm>
#include <array>

namespace ranvier {

const char* operation_name(const Operation& operation) {
    static constexpr std::array names = {"input",
                                         "convolution",
                                         "linear",
                                         "batch_norm",
                                         "average_pool",
                                         "max_pool",
                                         "global_average_pool",
                                         "add",
                                         "concat",
                                         "flatten",
                                         "shortcut",
                                         "dropout",
                                         "edge_values",
                                         "node_embedding",
                                         "graph_propagation",
                                         "activation",
                                         "output"};
    static_assert(names.size() == std::variant_size_v<Operation>);
    return names.at(operation.index());
}

const Adjacency* adjacency_of(const Layer& layer) {
    if (const auto* edges = layer.as<EdgeValues>()) return &edges->adjacency;
    if (const auto* embedding = layer.as<NodeEmbedding>()) return &embedding->adjacency;
    if (const auto* propagation = layer.as<GraphPropagation>()) return &propagation->adjacency;
    return nullptr;
}

bool has_synapses(const Layer& layer) {
    return layer.as<Convolution>() != nullptr || layer.as<Linear>() != nullptr ||
           adjacency_of(layer) != nullptr;
}

std::vector<std::vector<std::size_t>> consumers(const Network& network) {
    std::vector<std::vector<std::size_t>> readers(network.layers.size());
    for (std::size_t l = 0; l < network.layers.size(); ++l)
        for (const std::size_t source : network.layers[l].inputs) readers.at(source).push_back(l);
    return readers;
}

namespace {

/// Makes room for one more layer at `position`: every index from there on moves up.
void shift_inputs(Network& network, std::size_t position) {
    for (Layer& layer : network.layers)
        for (std::size_t& source : layer.inputs)
            if (source >= position) ++source;
}

}  // namespace

void remove_layer(Network& network, std::size_t index) {
    const Layer& removed = network.layers.at(index);
    if (removed.inputs.size() != 1)
        fail(Fault::internal, "layer '{}' has {} inputs and cannot be removed", removed.name,
             removed.inputs.size());
    const std::size_t source = removed.inputs[0];
    for (Layer& layer : network.layers)
        for (std::size_t& input : layer.inputs) {
            if (input == index)
                input = source;
            else if (input > index)
                --input;
        }
    network.layers.erase(network.layers.begin() + static_cast<std::ptrdiff_t>(index));
}

std::size_t insert_after(Network& network, std::size_t after, Layer layer) {
    shift_inputs(network, after + 1);
    for (Layer& other : network.layers)
        std::replace(other.inputs.begin(), other.inputs.end(), after, after + 1);
    layer.inputs = {after};
    network.layers.insert(network.layers.begin() + static_cast<std::ptrdiff_t>(after) + 1,
                          std::move(layer));
    return after + 1;
}

std::size_t insert_between(Network& network, std::size_t source, std::size_t reader, Layer layer) {
    shift_inputs(network, reader);
    auto& inputs = network.layers.at(reader).inputs;
    std::replace(inputs.begin(), inputs.end(), source, reader);
    layer.inputs = {source};
    network.layers.insert(network.layers.begin() + static_cast<std::ptrdiff_t>(reader),
                          std::move(layer));
    return reader;
}

std::string unused_name(const Network& network, const std::string& wanted) {
    const auto used = [&](const std::string& name) {
        return std::any_of(network.layers.begin(), network.layers.end(),
                           [&](const Layer& layer) { return layer.name == name; });
    };
    std::string name = wanted;
    for (int k = 2; used(name); ++k) name = fmt::format("{}_{}", wanted, k);
    return name;
}

}  // namespace ranvier
