#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace ranvier {

/// A parameter of a NIR node: an array of any shape, or one value (no dims). Integers of any width
/// are held as 64 bits; float16 is held as float32; all others as the file has them.
struct NirValue {
    using Numbers = std::variant<std::vector<float>, std::vector<double>, std::vector<std::int64_t>,
                                 std::vector<std::string>>;
    std::vector<std::int64_t> dims;  ///< empty: one value
    Numbers values;                  ///< [product of dims]

    NirValue() = default;
    NirValue(std::vector<std::int64_t> dims_in, Numbers values_in)
        : dims(std::move(dims_in)), values(std::move(values_in)) {}
    /// One text, one integer, one number.
    explicit NirValue(std::string text) : values(std::vector{std::move(text)}) {}
    explicit NirValue(std::int64_t integer) : values(std::vector{integer}) {}
    explicit NirValue(double number) : values(std::vector{number}) {}

    [[nodiscard]] std::size_t size() const {
        return std::visit([](const auto& v) { return v.size(); }, values);
    }
    friend bool operator==(const NirValue&, const NirValue&) = default;
};

/// From one node's output to another's input.
struct NirEdge {
    std::string from, to;
    friend bool operator==(const NirEdge&, const NirEdge&) = default;
};

/// A node as the file has it. One of type "NIRGraph" holds nodes and edges; the edges may name
/// nodes that are not there, and may go in circles.
struct NirNode {
    std::string name;
    std::string type;  ///< "LIF", "Affine", ...
    /// By name; what stands in a group inside of the node has the group before it: "metadata/dt".
    std::map<std::string, NirValue> parameters;
    std::vector<NirNode> nodes;  ///< ascending by name
    std::vector<NirEdge> edges;  ///< in the order of the file
    friend bool operator==(const NirNode&, const NirNode&) = default;
};

struct NirModel {
    std::string version;  ///< of the specification that its writer followed
    NirNode graph;        ///< without a name
    friend bool operator==(const NirModel&, const NirModel&) = default;
};

/// What a graph holds, for reading by people: its nodes with the shapes of their parameters, its
/// edges, and what is odd about them.
[[nodiscard]] std::string nir_text(const NirModel& model, const std::string& name);

}  // namespace ranvier
