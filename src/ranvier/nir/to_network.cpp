#include "ranvier/nir/to_network.hpp"

#include "ranvier/net/shapes.hpp"
#include "ranvier/nir/to_layer.hpp"
#include "ranvier/nir/wiring.hpp"

#include <algorithm>
#include <cmath>

namespace ranvier {

namespace {

constexpr int default_steps = 100;
/// The step that the graphs of NIR's authors were made with (their parameters divide by it).
constexpr double default_dt = 1e-4;

/// One number of the graph's metadata, or nothing.
std::optional<double> metadata(const NirNode& graph, const std::string& key) {
    if (!graph.parameters.contains("metadata/" + key)) return {};
    const std::vector<double> values = numbers(graph, "metadata/" + key);
    return values.size() == 1 ? std::optional(values[0]) : std::nullopt;
}

double timestep(const NirNode& graph, const std::vector<WiredNode>& nodes, double asked) {
    const bool timed = std::ranges::any_of(
        nodes, [](const WiredNode& wired) { return wired.node->parameters.contains("tau"); });
    const double dt = asked > 0 ? asked : metadata(graph, "dt").value_or(timed ? default_dt : 1.0);
    if (!(std::isfinite(dt) && dt > 0))
        fail(Fault::bad_input, "the timestep is {} s; it must be > 0", dt);
    return dt;
}

int steps_of(const NirNode& graph, int asked) {
    if (asked > 0) return asked;
    const double steps = metadata(graph, "steps").value_or(default_steps);
    if (!(steps >= 0 && steps <= 1 << 20 && steps == std::floor(steps)))
        fail(Fault::bad_input, "the metadata's steps are {}; allowed is 0 to {}", steps, 1 << 20);
    return static_cast<int>(steps);
}

/// The name that a layer had which was written to a node (HDF5 allows no '/' in names).
std::string layer_name(const WiredNode& wired) {
    const auto kept = wired.node->parameters.find("metadata/name");
    if (kept == wired.node->parameters.end()) return wired.name;
    const auto* texts = std::get_if<std::vector<std::string>>(&kept->second.values);
    return texts != nullptr && texts->size() == 1 ? texts->front() : wired.name;
}

class Builder {
public:
    Builder(const std::vector<WiredNode>& nodes, const NirArithmetic& arithmetic)
        : nodes_(nodes), arithmetic_(arithmetic) {}

    Network build() {
        for (std::size_t n = 0; n < nodes_.size(); ++n) layer_of_.push_back(add_node(n));
        return std::move(network_);
    }

private:
    /// @return the layer that has the node's output.
    std::size_t add_node(std::size_t n) {
        const WiredNode& wired = nodes_[n];
        if (wired.node->type == "Input" && !wired.passes)
            return add(layer_name(wired), {}, to_operation(*wired.node, {}, arithmetic_));
        std::vector<std::size_t> inputs;
        for (const std::size_t source : wired.sources) inputs.push_back(layer_of_[source]);
        if (is_plain_sum(*wired.node)) return add(layer_name(wired), inputs, Add{});
        if (inputs.size() > 1)
            inputs = {add(unused_name(network_, wired.name + ".sum"), inputs, Add{})};
        if (wired.passes || becomes_amplitude(wired, inputs[0])) return inputs[0];
        const Shape& in = shapes_[inputs[0]];
        if (wired.node->type == "Output") require_output(*wired.node, in);
        return add(layer_name(wired), inputs, to_operation(*wired.node, in, arithmetic_));
    }

    std::size_t add(const std::string& name, std::vector<std::size_t> inputs, Operation operation) {
        Layer layer{name, std::move(inputs), std::move(operation)};
        std::vector<Shape> in;
        for (const std::size_t source : layer.inputs) in.push_back(shapes_[source]);
        shapes_.push_back(output_shape(layer, in));
        network_.layers.push_back(std::move(layer));
        return network_.layers.size() - 1;
    }

    /// A Scale that is all that reads a neuron says what its spikes are worth.
    bool becomes_amplitude(const WiredNode& wired, std::size_t source) {
        if (wired.node->type != "Scale" || wired.sources.size() != 1) return false;
        const WiredNode& from = nodes_[wired.sources[0]];
        auto* activation = network_.layers[source].as<Activation>();
        const bool neuron = from.node->type != "Scale" && !from.passes;
        if (activation == nullptr || !neuron || from.n_readers != 1) return false;
        const std::vector<double> factors = per_channel(*wired.node, "scale", shapes_[source]);
        if (!std::ranges::all_of(factors, [](double f) { return static_cast<float>(f) > 0; }))
            return false;
        activation->neuron.amplitude.assign(factors.begin(), factors.end());
        return true;
    }

    static void require_output(const NirNode& node, const Shape& in) {
        const std::vector<std::int64_t> dims =
            integers(node, "shape", parameter(node, "shape").size());
        std::int64_t size = 1;
        for (const std::int64_t extent : dims) {
            if (extent < 1 || extent > in.size() / size)
                reject_node(Fault::bad_input, node, "its shape does not fit what it reads, {}",
                            to_string(in));
            size *= extent;
        }
        if (size != in.size())
            reject_node(Fault::bad_input, node, "has {} values and reads {}", size, in.size());
    }

    const std::vector<WiredNode>& nodes_;
    NirArithmetic arithmetic_;
    Network network_;
    std::vector<Shape> shapes_;          ///< [n_layers]
    std::vector<std::size_t> layer_of_;  ///< [n_nodes]
};

}  // namespace

Network network_from_nir(const NirModel& model, const NirOptions& options,
                         const std::string& name) {
    if (options.steps < 0 || !(options.dt >= 0))
        fail(
            Fault::usage,
            "import: {} timesteps of {} s cannot be used; both must be > 0, or 0: as the file says",
            options.steps, options.dt);
    return with_context(name, [&] {
        const std::vector<WiredNode> nodes = wire(model.graph);
        const double dt = timestep(model.graph, nodes, options.dt);
        Network network = Builder(nodes, {dt, options.missing_reset}).build();
        network.timing.steps = steps_of(model.graph, options.steps);
        network.notes["source"] = fmt::format("nir: version {}, timestep {} s", model.version, dt);
        (void)infer_shapes(network);
        return network;
    });
}

}  // namespace ranvier
