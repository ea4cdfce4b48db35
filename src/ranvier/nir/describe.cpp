#include "ranvier/nir/graph.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <set>
#include <type_traits>

namespace ranvier {

namespace {

template <typename T>
constexpr const char* type_name = std::is_same_v<T, float>          ? "float32"
                                  : std::is_same_v<T, double>       ? "float64"
                                  : std::is_same_v<T, std::int64_t> ? "int64"
                                                                    : "text";

template <typename T>
bool all_equal(const std::vector<T>& values) {
    return std::ranges::all_of(values, [&](const T& v) { return v == values.front(); });
}

/// "weight [10][256] float32", "r [256] float32, all 1", "groups 1".
std::string value_text(const std::string& name, const NirValue& value) {
    return std::visit(
        [&]<typename T>(const std::vector<T>& values) -> std::string {
            constexpr std::size_t few = 4;
            if (value.dims.empty() && values.size() == 1)
                return fmt::format("{} {}", name, values[0]);
            if (std::is_integral_v<T> && values.size() <= few)
                return fmt::format("{} ({})", name, fmt::join(values, ", "));
            std::string text = name + " ";
            for (const std::int64_t extent : value.dims) text += fmt::format("[{}]", extent);
            text += fmt::format(" {}", type_name<T>);
            if (!values.empty() && all_equal(values)) text += fmt::format(", all {}", values[0]);
            return text;
        },
        value.values);
}

/// Texts of the file may hold anything.
std::string on_one_line(std::string text) {
    for (char& c : text)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
    return text;
}

void add_graph(const NirNode& graph, const std::string& indent, std::string& text) {
    std::set<std::string> names;
    std::map<std::string, std::vector<std::string>> readers;
    for (const NirEdge& edge : graph.edges) readers[edge.from].push_back(edge.to);
    for (const NirNode& node : graph.nodes) {
        names.insert(node.name);
        const std::vector<std::string>& targets = readers[node.name];
        text += fmt::format("{}{} ({}){}{}\n", indent, node.name, node.type,
                            targets.empty() ? "" : " -> ", fmt::join(targets, ", "));
        for (const auto& [name, value] : node.parameters)
            text += fmt::format("{}    {}\n", indent, on_one_line(value_text(name, value)));
        if (node.type == "NIRGraph") add_graph(node, indent + "    ", text);
    }
    for (const NirEdge& edge : graph.edges)
        for (const std::string& name : {edge.from, edge.to})
            if (!names.contains(name))
                text += fmt::format("{}edge '{}' -> '{}': there is no node '{}'\n", indent,
                                    edge.from, edge.to, name);
}

}  // namespace

std::string nir_text(const NirModel& model, const std::string& name) {
    std::string text =
        fmt::format("{}: NIR graph, version {}, {} nodes, {} edges\n", name, model.version,
                    model.graph.nodes.size(), model.graph.edges.size());
    for (const auto& [parameter, value] : model.graph.parameters)
        text += on_one_line(value_text(parameter, value)) + "\n";
    add_graph(model.graph, "  ", text);
    return text;
}

}  // namespace ranvier
