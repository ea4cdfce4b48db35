#pragma once

#include "ranvier/base/random.hpp"
#include "ranvier/nir/graph.hpp"

#include "tests/support/networks.hpp"
#include <algorithm>
#include <bit>
#include <cmath>
#include <filesystem>
#include <string>

namespace ranvier::testing {

/// The graphs that other programs wrote; tests that need them are skipped without them.
inline std::filesystem::path shared_nir() {
    return std::filesystem::path(RANVIER_SOURCE_DIR) / ".." / "shared" / "data" / "nir";
}

inline NirNode nir_node(const std::string& name, const std::string& type,
                        std::map<std::string, NirValue> parameters) {
    return {name, type, std::move(parameters), {}, {}};
}

inline NirValue nir_floats(std::vector<float> values) {
    const auto n = static_cast<std::int64_t>(values.size());
    return {{n}, std::move(values)};
}

inline NirValue nir_integers(std::vector<std::int64_t> values) {
    const auto n = static_cast<std::int64_t>(values.size());
    return {{n}, std::move(values)};
}

inline NirNode nir_lif(const std::string& name, float tau, float threshold) {
    return nir_node(name, "LIF",
                    {{"tau", nir_floats({tau})},
                     {"r", nir_floats({1})},
                     {"v_leak", nir_floats({0})},
                     {"v_reset", nir_floats({0})},
                     {"v_threshold", nir_floats({threshold})}});
}

/// input [1] -> Affine 2 x + 0.5 -> `neuron` -> output [1]
inline NirModel nir_chain(NirNode neuron) {
    const std::string name = neuron.name;
    NirModel model{"1.0.7", nir_node("", "NIRGraph", {})};
    model.graph.nodes = {
        nir_node("fc", "Affine",
                 {{"weight", {{1, 1}, std::vector{2.0F}}}, {"bias", nir_floats({0.5F})}}),
        nir_node("input", "Input", {{"shape", nir_integers({1})}}), std::move(neuron),
        nir_node("output", "Output", {{"shape", nir_integers({1})}})};
    model.graph.edges = {{"input", "fc"}, {"fc", name}, {name, "output"}};
    std::ranges::sort(model.graph.nodes, {}, &NirNode::name);
    return model;
}

/// The node of this name, to be changed.
inline NirNode& node_at(NirModel& model, const std::string& name) {
    return *std::ranges::find(model.graph.nodes, name, &NirNode::name);
}

/// Any finite number, small and denormal ones too.
inline float any_float(Random& random) {
    const float value = std::bit_cast<float>(random.next());
    return std::isfinite(value) ? value : -0.0F;
}

inline NirValue random_value(Random& random) {
    std::vector<std::int64_t> dims;
    for (std::uint32_t axis = random.below(4); axis > 0; --axis)
        dims.push_back(static_cast<std::int64_t>(random.below(4)));
    std::size_t n = 1;
    for (const std::int64_t extent : dims) n *= static_cast<std::size_t>(extent);
    const auto fill = [&](auto make) {
        std::vector<decltype(make())> values;
        for (std::size_t k = 0; k < n; ++k) values.push_back(make());
        return NirValue(dims, std::move(values));
    };
    switch (random.below(4)) {
        case 0:
            return fill([&] { return any_float(random); });
        case 1:
            return fill([&] {
                return static_cast<double>(any_float(random)) * (1 + random.uniform() * 1e-9);
            });
        case 2:
            return fill([&] {
                const auto high = static_cast<std::uint64_t>(random.next()) << 32;
                return static_cast<std::int64_t>(high | random.next());
            });
        default:
            return fill([&] { return std::string(random.below(9), 'a') + "\xc3\xa4\n"; });
    }
}

/// A graph of nodes with any parameters, edges between any names, graphs inside.
inline NirNode random_graph(Random& random, int depth) {
    NirNode graph = nir_node("", "NIRGraph", {{"metadata/dt", random_value(random)}});
    const std::uint32_t n = 1 + random.below(6);
    for (std::uint32_t k = 0; k < n; ++k) {
        NirNode node = depth > 0 && random.below(4) == 0 ? random_graph(random, depth - 1)
                                                         : nir_node("", "Anything", {});
        node.name = "node " + std::to_string(k);
        for (std::uint32_t p = random.below(4); p > 0; --p)
            node.parameters["p" + std::to_string(p)] = random_value(random);
        if (random.below(2) == 0) node.parameters["metadata/inner/x"] = random_value(random);
        graph.nodes.push_back(std::move(node));
    }
    for (std::uint32_t e = random.below(8); e > 0; --e)
        graph.edges.push_back(
            {"node " + std::to_string(random.below(8)), "node " + std::to_string(random.below(8))});
    return graph;
}

}  // namespace ranvier::testing
