#include "ranvier/nir/from_network.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/net/shapes.hpp"
#include "ranvier/nir/from_layer.hpp"

#include <algorithm>
#include <set>

namespace ranvier {

namespace {

/// The specification that these graphs follow: neurons have v_reset.
constexpr const char* written_version = "1.0.7";
/// Seconds of a timestep in networks that leak; others have no time, and a step is 1.
constexpr double leaky_dt = 1e-4;

double timestep(const Network& network) {
    const bool leaks = std::ranges::any_of(network.layers, [](const Layer& layer) {
        const auto* activation = layer.as<Activation>();
        if (activation == nullptr) return false;
        const Neuron& n = activation->neuron;
        return (n.kind == NeuronKind::leaky_delayed || n.kind == NeuronKind::leaky_same_step) &&
               n.leak > 0 && n.leak < 1;
    });
    return leaks ? leaky_dt : 1.0;
}

bool wants_planes(const Layer& layer) {
    return layer.as<Convolution>() != nullptr || layer.as<AveragePool>() != nullptr ||
           layer.as<MaxPool>() != nullptr || layer.as<GlobalAveragePool>() != nullptr ||
           layer.as<Shortcut>() != nullptr;
}

/// HDF5 allows no '/' in names.
std::string node_name(std::string name) {
    constexpr std::size_t longest = 200;  // leaves room for what is put behind
    for (char& c : name)
        if (c == '/' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '_';
    if (name.size() > longest) name.resize(longest);
    return name.empty() || name == "." ? "_" : name;
}

class Exporter {
public:
    Exporter(const Network& network, bool lossy)
        : network_(network), shapes_(infer_shapes(network)), dt_(timestep(network)), lossy_(lossy) {
        for (const Layer& layer : network.layers) taken_.insert(node_name(layer.name));
    }

    NirExport run() {
        require_timing();
        for (std::size_t l = 0; l < network_.layers.size(); ++l) add_layer(l);
        NirNode& graph = result_.model.graph;
        graph.type = "NIRGraph";
        graph.parameters.emplace("metadata/dt", NirValue(dt_));
        graph.parameters.emplace("metadata/steps",
                                 NirValue(static_cast<std::int64_t>(network_.timing.steps)));
        std::ranges::sort(graph.nodes, {}, &NirNode::name);
        result_.model.version = written_version;
        return std::move(result_);
    }

private:
    void approximate(const std::string& where, const std::string& what) {
        if (!lossy_) fail(Fault::unsupported, "{}: {} (--lossy writes it so)", where, what);
        result_.approximations.push_back(where + ": " + what);
    }

    void require_timing() {
        const Timing& timing = network_.timing;
        if (is_phase_code(timing.input))
            fail(Fault::unsupported,
                 "network: phase codes are not in NIR, nor anything near; convert with --coding "
                 "rate");
        if (timing.input == InputCoding::poisson)
            approximate("network",
                        "makes Poisson spikes of its input, which NIR does not; takes its input "
                        "as current");
        if (timing.propagation == Propagation::delayed)
            approximate("network", "spikes arrive one step later; they arrive at once");
    }

    void add_layer(std::size_t l) {
        const Layer& layer = network_.layers[l];
        flat_.push_back(is_flat(l));
        const auto* activation = layer.as<Activation>();
        const Shape in = layer.inputs.empty() ? shapes_[l] : shapes_[layer.inputs[0]];
        std::vector<std::string> sources;
        for (const std::size_t source : layer.inputs) sources.push_back(node_of_[source]);
        bool flat_in = layer.inputs.empty() ? flat_[l] : flat_[layer.inputs[0]];
        if (layer.as<Linear>() != nullptr && !flat_in) {
            sources = {add_node(aside(layer, "flatten"), flatten_node(in), sources)};
            flat_in = true;
        }
        const auto tell = [&](const std::string& what) {
            approximate(fmt::format("layer '{}'", layer.name), what);
        };
        NirNode node = node_of_layer({layer, in, shapes_[l], flat_in, dt_, tell});
        const std::string name = node_name(layer.name);
        if (name != layer.name) node.parameters.emplace("metadata/name", NirValue(layer.name));
        std::string last = add_node(name, std::move(node), sources);
        if (const auto* input = layer.as<Input>()) last = add_normalization(layer, *input, last);
        if (activation != nullptr) last = add_amplitude(l, activation->neuron, last);
        node_of_.push_back(last);
    }

    bool is_flat(std::size_t l) const {
        const Layer& layer = network_.layers[l];
        if (layer.as<Linear>() != nullptr || layer.as<Flatten>() != nullptr) return true;
        if (wants_planes(layer)) return false;
        if (layer.inputs.empty()) {
            const auto read_as_planes = [&](const Layer& reader) {
                return std::ranges::count(reader.inputs, l) > 0 &&
                       (wants_planes(reader) || reader.as<Flatten>() != nullptr);
            };
            return shapes_[l].plane() == 1 && std::ranges::none_of(network_.layers, read_as_planes);
        }
        for (const std::size_t source : layer.inputs)
            if (flat_[source] != flat_[layer.inputs[0]])
                fail(Fault::unsupported,
                     "layer '{}' ({}): reads vectors and c x 1 x 1 together; put a flatten before",
                     layer.name, operation_name(layer.operation));
        return flat_[layer.inputs[0]];
    }

    static NirNode flatten_node(const Shape& in) {
        const Layer layer{"", {}, Flatten{}};
        return node_of_layer({layer, in, {in.size(), 1, 1}, false, 1, {}});
    }

    /// (pixel - mean) / std, as the simulators compute it: minus the mean, times 1 / std.
    std::string add_normalization(const Layer& layer, const Input& input, std::string last) {
        const bool shifts = std::ranges::any_of(input.mean, [](float m) { return m != 0; });
        const bool scales = std::ranges::any_of(input.std, [](float s) { return s != 1; });
        if (shifts) {
            if (flat_[0])
                fail(Fault::unsupported,
                     "layer '{}' (input): subtracts a mean from a vector; NIR can from c x h x w",
                     layer.name);
            std::vector<float> shift = input.mean;
            for (float& m : shift) m = -m;
            last = add_node(aside(layer, "mean"), shift_node(shift, input.shape), {last});
        }
        if (scales) {
            std::vector<float> factors = input.std;
            for (float& s : factors) s = 1.0F / s;
            last =
                add_node(aside(layer, "std"), scale_node(factors, input.shape, flat_[0]), {last});
        }
        return last;
    }

    std::string add_amplitude(std::size_t l, const Neuron& neuron, const std::string& last) {
        const Layer& layer = network_.layers[l];
        if (std::ranges::all_of(neuron.amplitude, [](float a) { return a == 1; })) return last;
        return add_node(aside(layer, "amplitude"),
                        scale_node(neuron.amplitude, shapes_[l], flat_[l]), {last});
    }

    std::string add_node(const std::string& name, NirNode node,
                         const std::vector<std::string>& sources) {
        NirNode& graph = result_.model.graph;
        for (const std::string& source : sources) {
            if (std::ranges::count(sources, source) > 1)
                fail(Fault::unsupported,
                     "layer '{}': adds '{}' to itself; NIR has one edge from a node to another",
                     name, source);
            graph.edges.push_back({source, name});
        }
        node.name = name;
        graph.nodes.push_back(std::move(node));
        return name;
    }

    /// A name for a node that a layer needs besides its own.
    std::string aside(const Layer& layer, const std::string& what) {
        const std::string wanted = node_name(layer.name) + "." + what;
        std::string name = wanted;
        for (int k = 2; !taken_.insert(name).second; ++k) name = fmt::format("{}_{}", wanted, k);
        return name;
    }

    const Network& network_;
    std::vector<Shape> shapes_;
    double dt_;
    bool lossy_;
    std::set<std::string> taken_;
    std::vector<bool> flat_;            ///< [n_layers] its node's output is a vector
    std::vector<std::string> node_of_;  ///< [n_layers] the node that has the layer's output
    NirExport result_;
};

/// Node names of different layers must not become the same.
void require_names(const Network& network) {
    std::set<std::string> names;
    for (const Layer& layer : network.layers)
        if (!names.insert(node_name(layer.name)).second)
            fail(Fault::unsupported,
                 "layer '{}': another layer has this name with '_' in the place of '/', which "
                 "names in NIR files cannot have; rename one",
                 layer.name);
}

}  // namespace

NirExport nir_from_network(const Network& network, bool lossy) {
    require_names(network);
    return Exporter(network, lossy).run();
}

}  // namespace ranvier
