// The extension module `_ranvier`; ranvier/__init__.py is what users import. Long work is done
// without Python's lock, so other threads go on meanwhile.
#include "ranvier/base/error.hpp"
#include "ranvier/data/digits.hpp"
#include "ranvier/engine/fast_engine.hpp"
#include "ranvier/engine/fast_plan.hpp"
#include "ranvier/engine/stream.hpp"
#include "ranvier/net/architectures.hpp"
#include "ranvier/net/counts.hpp"
#include "ranvier/net/model_file.hpp"
#include "ranvier/net/parameters.hpp"
#include "ranvier/net/shapes.hpp"
#include "ranvier/python/arrays.hpp"
#include "ranvier/python/convert_options.hpp"
#include "ranvier/python/errors.hpp"
#include "ranvier/recipe/names.hpp"
#include "ranvier/recipe/on_samples.hpp"
#include "ranvier/report/json.hpp"

#include <array>
#include <filesystem>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>
#include <string>
#include <utility>
#include <vector>

namespace ranvier::python {
namespace {

namespace py = pybind11;
namespace fs = std::filesystem;

template <typename Work>
auto without_lock(const Work& work) {
    const py::gil_scoped_release released;
    return work();
}

/// Never changes after it was made, so that threads can share it.
struct PyNetwork {
    explicit PyNetwork(Network made, py::object how = py::none())
        : network(std::make_shared<const Network>(std::move(made))), conversion(std::move(how)) {}
    std::shared_ptr<const Network> network;
    py::object conversion;  ///< dict, or None
};

py::tuple shape_tuple(const Shape& shape) {
    return py::make_tuple(shape.channels, shape.height, shape.width);
}

std::string coding_of(const Network& network) {
    if (!network.spiking()) return "float";
    for (const Layer& layer : network.layers)
        if (const auto* activation = layer.as<Activation>();
            activation != nullptr && activation->neuron.kind == NeuronKind::one_spike)
            return "one_spike";
    return "rate";
}

std::string describe(const PyNetwork& self) {
    const Network& network = *self.network;
    return fmt::format("<ranvier.Network: {}, {} layers, input {}, {} outputs>", coding_of(network),
                       network.layers.size(), to_string(network.input().shape),
                       infer_shapes(network).back().size());
}

py::list layers_of(const PyNetwork& self) {
    const Network& network = *self.network;
    const std::vector<LayerSize> sizes = layer_sizes(network);
    py::list rows;
    for (std::size_t l = 0; l < sizes.size(); ++l) {
        py::dict row;
        py::list inputs;
        for (const std::size_t source : network.layers[l].inputs)
            inputs.append(network.layers[source].name);
        row["name"] = network.layers[l].name;
        row["kind"] = operation_name(network.layers[l].operation);
        row["inputs"] = inputs;
        row["shape"] = shape_tuple(sizes[l].out);
        row["neurons"] = sizes[l].neurons;
        row["parameters"] = sizes[l].parameters;
        row["macs"] = sizes[l].macs;
        rows.append(row);
    }
    return rows;
}

py::dict plan_of(const PyNetwork& self) {
    const Network& network = *self.network;
    py::dict plan;
    py::list rows;
    if (network.spiking() && why_not_fast(network).empty())
        for (const PlanLine& line : FastPlan(network).lines()) {
            py::dict row;
            row["layer"] = line.layer;
            row["does"] = line.does;
            row["kernel"] = line.kernel;
            rows.append(row);
        }
    plan["engine"] = network.spiking() ? make_spiking_engine(network)->name() : "float";
    plan["layers"] = rows;
    return plan;
}

py::dict parameters_of(const PyNetwork& self) {
    py::dict arrays;
    for (Parameter& parameter : parameters(*self.network))
        arrays[py::str(parameter.name)] = to_array(std::move(parameter.values));
    return arrays;
}

PyNetwork replace_parameters(const PyNetwork& self, const py::dict& arrays) {
    std::vector<Parameter> given;
    for (const auto& [key, value] : arrays) {
        const auto name = key.cast<std::string>();
        const auto array = as_floats(py::reinterpret_borrow<py::object>(value), name.c_str());
        given.push_back({name, to_tensor(array)});
    }
    return PyNetwork(with_parameters(*self.network, given));
}

RunContext run_context(int threads, std::uint64_t seed) {
    if (threads < 0 || threads > 4096)
        fail(Fault::usage, "threads is {}; allowed is 0 (all cores) to 4096", threads);
    RunContext context;
    context.seed = seed;
    context.n_threads = threads;
    context.command_line = "Python";
    return context;
}

PyNetwork convert_network(const PyNetwork& self, const py::object& images, int threads,
                          std::uint64_t seed, const py::kwargs& options) {
    const ConvertRequest request = convert_request(options);
    const RunContext context = run_context(threads, seed);
    const FloatArray floats = as_floats(images, "images");
    const auto samples = view_samples(*self.network, floats, {}, 0);
    ConvertOutcome outcome =
        without_lock([&] { return convert_samples(*self.network, *samples, request, context); });
    py::object how = to_python(conversion_json(outcome));
    return PyNetwork(std::move(outcome.network), std::move(how));
}

struct EvaluateWords {
    std::string engine, exit, energy, first_layer;
};

EvaluateRequest evaluate_request(int steps, float exit_threshold, const EvaluateWords& words) {
    if (steps < 0 || steps > 4096)
        fail(Fault::usage, "steps is {}; allowed is 0 (the network's own) to 4096", steps);
    EvaluateRequest request;
    request.network_file = "the network";
    request.data.set = "arrays";
    request.steps = steps;
    request.engine = value_named<EngineKind>(words.engine, "engine");
    request.exit = {value_named<ExitRule::Kind>(words.exit, "exit"), exit_threshold};
    request.energy = value_named<EnergyKind>(words.energy, "energy");
    request.first_layer = value_named<FirstLayer>(words.first_layer, "first_layer");
    return request;
}

py::dict evaluate_network(const PyNetwork& self, const py::object& images, const py::object& labels,
                          int steps, const std::string& engine, const std::string& exit,
                          float exit_threshold, const std::string& energy,
                          const std::string& first_layer, int threads, std::uint64_t seed) {
    const EvaluateRequest request =
        evaluate_request(steps, exit_threshold, {engine, exit, energy, first_layer});
    const RunContext context = run_context(threads, seed);
    const Network& network = *self.network;
    const FloatArray floats = as_floats(images, "images");
    const bool labelled = !labels.is_none();
    const auto n_out = static_cast<int>(infer_shapes(network).back().size());
    const auto samples = view_samples(
        network, floats, labelled ? as_labels(labels) : std::vector<int>(), labelled ? n_out : 0);
    Tensor logits;
    const EvaluationResult result =
        without_lock([&] { return evaluate_samples(network, samples, request, context, &logits); });
    auto json = to_json(result);
    for (const char* key : {"network_file", "data_set", "split", "command"}) json.erase(key);
    if (!labelled)
        for (const char* key :
             {"correct", "accuracy", "accuracy_standard_error", "accuracy_per_step"})
            json.erase(key);
    py::dict all = to_python(json);
    const FloatArray array = to_array(std::move(logits));
    all["predictions"] = largest_of_rows(array);
    all["logits"] = array;
    return all;
}

PyNetwork architecture(const std::string& name, const std::array<std::int64_t, 3>& shape,
                       int n_classes, std::uint64_t seed, const std::vector<float>& mean,
                       const std::vector<float>& std, double width, const std::string& pooling,
                       bool batch_norm) {
    const Input input{{shape[0], shape[1], shape[2]}, mean, std};
    const ArchitectureOptions options{width, value_named<PoolStyle>(pooling, "pooling"),
                                      batch_norm};
    return PyNetwork(make_architecture(name, input, n_classes, seed, options));
}

py::tuple digit_arrays(const std::string& split, std::size_t n, std::uint64_t seed) {
    const DigitSamples digits(seed, value_named<Split>(split, "split"), n);
    Tensor images = without_lock([&] { return read_batch(digits, 0, n); });
    py::array_t<std::int64_t> labels(static_cast<py::ssize_t>(n));
    for (std::size_t i = 0; i < n; ++i)
        labels.mutable_at(static_cast<py::ssize_t>(i)) = digits.label(i);
    return py::make_tuple(to_array(std::move(images)), labels);
}

/// A Stream that refuses two threads at once, which may meet in it without Python's lock.
class PyStream {
public:
    PyStream(const PyNetwork& network, int threads)
        : network_(network.network),
          stream_(*network_, {.n_threads = run_context(threads, 1).n_threads}) {}

    void step(const py::object& frame) {
        const auto lock = enter();
        if (frame.is_none()) return without_lock([&] { stream_.step(); });
        const FloatArray floats = as_floats(frame, "frame");
        const std::span values(floats.data(), static_cast<std::size_t>(floats.size()));
        without_lock([&] { stream_.step(values); });
    }
    void reset() {
        const auto lock = enter();
        stream_.reset();
    }
    [[nodiscard]] FloatArray logits() {
        const auto lock = enter();
        const auto sums = stream_.logits();
        return to_array({{static_cast<std::int64_t>(sums.size())}, {sums.begin(), sums.end()}});
    }
    [[nodiscard]] std::size_t prediction() {
        const auto lock = enter();
        return stream_.prediction();
    }
    [[nodiscard]] std::uint64_t steps() {
        const auto lock = enter();
        return stream_.steps();
    }
    [[nodiscard]] py::dict spikes() {
        const auto lock = enter();
        const SpikeCounts counts = stream_.spike_counts();
        const std::vector<Shape> shapes = infer_shapes(*network_);
        py::dict all;
        for (std::size_t l = 0; l < counts.size(); ++l) {
            if (counts[l].empty()) continue;
            const std::vector<py::ssize_t> dims = {shapes[l].channels, shapes[l].height,
                                                   shapes[l].width};
            all[py::str(network_->layers[l].name)] =
                py::array_t<std::uint64_t>(dims, counts[l].data());
        }
        return all;
    }

private:
    std::unique_lock<std::mutex> enter() {
        std::unique_lock lock(in_use_, std::try_to_lock);
        if (!lock.owns_lock())
            fail(Fault::usage, "stream: another thread is using it; make one for each thread");
        return lock;
    }

    std::shared_ptr<const Network> network_;
    Stream stream_;
    std::mutex in_use_;
};

void add_network(py::module_& module) {
    py::class_<PyNetwork>(module, "Network",
                          "A network; it never changes, and threads may share it.")
        .def("__repr__", &describe)
        .def_property_readonly(
            "spiking", [](const PyNetwork& n) { return n.network->spiking(); },
            "Whether it is a spiking network.")
        .def_property_readonly(
            "coding", [](const PyNetwork& n) { return coding_of(*n.network); },
            "'float', 'rate' or 'one_spike'.")
        .def_property_readonly(
            "steps", [](const PyNetwork& n) { return n.network->timing.steps; },
            "Timesteps of an image (rate), phases of a layer's code (one_spike), 0 (float).")
        .def_property_readonly(
            "input_shape", [](const PyNetwork& n) { return shape_tuple(n.network->input().shape); },
            "(channels, height, width) of an image.")
        .def_property_readonly(
            "n_outputs", [](const PyNetwork& n) { return infer_shapes(*n.network).back().size(); },
            "Logits of an image.")
        .def_property_readonly(
            "notes", [](const PyNetwork& n) { return n.network->notes; },
            "Where it comes from and what was done to it.")
        .def_readonly(
            "conversion", &PyNetwork::conversion,
            "What convert() tried and found ('notes', 'tried', 'diagnosis'); None for others.")
        .def("layers", &layers_of,
             "A dict for each layer: name, kind, inputs, shape, neurons, parameters, macs.")
        .def("plan", &plan_of,
             "Which engine runs it, and what the fast engine's planner chose for each layer.")
        .def("parameters", &parameters_of,
             "Copies of all weights, by PyTorch's names ('LAYER.weight', ...).")
        .def("with_parameters", &replace_parameters, py::arg("arrays"),
             "The same network with these weights, all of them, by the names of parameters().")
        .def("convert", &convert_network, py::arg("images"), py::kw_only(), py::arg("threads") = 0,
             py::arg("seed") = 1,
             "A spiking network, calibrated on `images`. Options: those of `ranvier convert`, with "
             "'_' for '-'\n"
             "(convert_option_names()).")
        .def("evaluate", &evaluate_network, py::arg("images"), py::arg("labels") = py::none(),
             py::kw_only(), py::arg("steps") = 0, py::arg("engine") = "auto",
             py::arg("exit") = "none", py::arg("exit_threshold") = 0.0F, py::arg("energy") = "auto",
             py::arg("first_layer") = "per_step", py::arg("threads") = 0, py::arg("seed") = 1,
             "What `ranvier evaluate --json` writes, as a dict, with 'logits' and 'predictions'; "
             "without `labels`\n"
             "there is no accuracy. `images` is read where it lies if it is float32 and "
             "C-contiguous.")
        .def(
            "save",
            [](const PyNetwork& n, const fs::path& file) { save_network(*n.network, file); },
            py::arg("file"), "Writes a model file.")
        .def(
            "export",
            [](const PyNetwork& n, const fs::path& file, bool lossy) {
                return run_export(*n.network, file, lossy);
            },
            py::arg("file"), py::kw_only(), py::arg("lossy") = false,
            "Writes the format that the file's name ends with, as `ranvier export`. Returns what "
            "was approximated\n"
            "(NIR with `lossy`), one line each.");
}

void add_stream(py::module_& module) {
    py::class_<PyStream>(
        module, "Stream",
        "A rate-coded network that is fed one frame per timestep. For one thread at a time.")
        .def(py::init<const PyNetwork&, int>(), py::arg("network"), py::kw_only(),
             py::arg("threads") = 0)
        .def("step", &PyStream::step, py::arg("frame") = py::none(),
             "One timestep with this frame; None: the last one again.")
        .def("reset", &PyStream::reset, "Forgets all frames.")
        .def("spikes", &PyStream::spikes,
             "Spikes of every neuron since the stream began or was reset, by layer, [channels, "
             "height, width].")
        .def_property_readonly("logits", &PyStream::logits, "What has reached the output so far.")
        .def_property_readonly("prediction", &PyStream::prediction, "Index of the largest logit.")
        .def_property_readonly("steps", &PyStream::steps, "Timesteps so far.");
}

void add_functions(py::module_& module) {
    module.def(
        "load", [](const fs::path& file) { return PyNetwork(load_imported(file)); },
        py::arg("file"), "A network from a model file.");
    module.def(
        "import_network",
        [](const fs::path& file, const std::vector<float>& mean, const std::vector<float>& std,
           int steps, double dt, bool reset_to_zero) {
            const Reset missing = reset_to_zero ? Reset::zero : Reset::subtract;
            return PyNetwork(run_import({file, mean, std, {steps, dt, missing}}));
        },
        py::arg("file"), py::kw_only(), py::arg("mean") = std::vector<float>(),
        py::arg("std") = std::vector<float>(), py::arg("steps") = 0, py::arg("dt") = 0.0,
        py::arg("reset_to_zero") = false,
        "A network from ONNX, NIR or a model file; steps, dt and reset_to_zero are for NIR, as in "
        "`ranvier import`\n"
        "(0: what the file says); mean and std: what pixels in [0, 1] "
        "are\n"
        "normalized by, one number for each channel or one for all.");
    module.def("architecture", &architecture, py::arg("name"), py::arg("shape"),
               py::arg("n_classes"), py::kw_only(), py::arg("seed") = 1,
               py::arg("mean") = std::vector<float>(), py::arg("std") = std::vector<float>(),
               py::arg("width") = 1.0, py::arg("pooling") = "own", py::arg("batch_norm") = false,
               "A standard architecture with random weights.");
    module.def("architecture_names", &architecture_names, "The names that architecture() knows.");
    module.def("convert_option_names", &convert_option_names, "The options of Network.convert().");
    module.def(
        "digits", &digit_arrays, py::arg("split") = "test", py::arg("n") = 2000, py::kw_only(),
        py::arg("seed") = 1,
        "(images [n, 1, 28, 28], labels [n]): handwritten-looking digits that Ranvier draws.");
    module.def(
        "as_images", [](const py::object& array) { return as_floats(array, "images"); },
        py::arg("array"),
        "What evaluate() and convert() make of an array: itself if it is float32 and "
        "C-contiguous,\n"
        "else such a copy.");
}

}  // namespace

PYBIND11_MODULE(_ranvier, module) {
    module.doc() = "Bindings of Ranvier; import ranvier instead.";
    module.attr("__version__") = RANVIER_VERSION;
    add_errors(module);
    add_network(module);
    add_stream(module);
    add_functions(module);
}

}  // namespace ranvier::python
