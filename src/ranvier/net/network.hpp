#pragma once

#include "ranvier/base/shape.hpp"
#include "ranvier/base/sparse_matrix.hpp"
#include "ranvier/base/tensor.hpp"
#include "ranvier/net/neuron.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace ranvier {

/// Kernel, stride and padding of a convolution or pooling.
struct Window {
    std::int64_t kernel_h = 1, kernel_w = 1;
    std::int64_t stride_h = 1, stride_w = 1;
    std::int64_t pad_top = 0, pad_left = 0, pad_bottom = 0, pad_right = 0;
    std::int64_t dilation_h = 1, dilation_w = 1;
    friend bool operator==(const Window&, const Window&) = default;
};

/// Images in [0, 1]; what enters the network is (pixel - mean) / std.
struct Input {
    Shape shape;
    std::vector<float> mean;  ///< [channels], or empty: 0
    std::vector<float> std;   ///< [channels], or empty: 1
    friend bool operator==(const Input&, const Input&) = default;
};

enum class WeightKind { float32, int8, binary };

/// How weights are stored in hardware and in model files. The weight tensor holds their values as
/// float32 in either case, so that every engine works on it; whatever changes the values sets the
/// format back to float32.
struct WeightFormat {
    WeightKind kind = WeightKind::float32;
    /// int8: each weight is an integer in [-127, 127] times its scale; binary: plus or minus its
    /// scale. [1] or [n_out]. float32: empty.
    std::vector<float> scales;
    friend bool operator==(const WeightFormat&, const WeightFormat&) = default;
};

struct Convolution {
    Window window;
    std::int64_t groups = 1;
    Tensor weight;  ///< [n_out][n_in / groups][kernel_h][kernel_w]
    Tensor bias;    ///< [n_out], or empty; always float32
    WeightFormat format = {};
    friend bool operator==(const Convolution&, const Convolution&) = default;
};

/// Takes a vector (n x 1 x 1).
struct Linear {
    Tensor weight;  ///< [n_out][n_in]
    Tensor bias;    ///< [n_out], or empty; always float32
    WeightFormat format = {};
    friend bool operator==(const Linear&, const Linear&) = default;
};

/// scale * (x - mean) / sqrt(variance + epsilon) + shift, per channel.
struct BatchNorm {
    Tensor scale, shift, mean, variance;  ///< each [channels]
    float epsilon = 1e-5F;
    friend bool operator==(const BatchNorm&, const BatchNorm&) = default;
};

struct AveragePool {
    Window window;  ///< no dilation
    bool ceil_mode = false;
    bool count_include_pad = false;
    friend bool operator==(const AveragePool&, const AveragePool&) = default;
};

/// How a max pool decides in a spiking network; ignored in a float network.
enum class MaxRule {
    /// Emits whenever the largest spike count of the window so far has grown: its output count is
    /// the maximum of the input counts, exactly. With one-spike neurons: the first spike passes.
    running_count,
    /// Emits the largest value of the current step, so several inputs' spikes can add up.
    current_step,
};

struct MaxPool {
    Window window;
    bool ceil_mode = false;
    MaxRule rule = MaxRule::running_count;
    friend bool operator==(const MaxPool&, const MaxPool&) = default;
};

struct GlobalAveragePool {
    friend bool operator==(const GlobalAveragePool&, const GlobalAveragePool&) = default;
};

/// Sum of two or more layers of equal shape.
struct Add {
    friend bool operator==(const Add&, const Add&) = default;
};

/// Joins layers of equal height and width along the channels.
struct Concat {
    friend bool operator==(const Concat&, const Concat&) = default;
};

/// c x h x w -> (c h w) x 1 x 1, channel-major.
struct Flatten {
    friend bool operator==(const Flatten&, const Flatten&) = default;
};

/// Identity that takes every stride-th row and column and adds zero channels on both sides
/// (ResNet shortcut, option A).
struct Shortcut {
    std::int64_t stride = 1;
    std::int64_t channels_before = 0, channels_after = 0;
    friend bool operator==(const Shortcut&, const Shortcut&) = default;
};

/// Random zeros in training, nothing at all elsewhere.
struct Dropout {
    float probability = 0.5F;  ///< in [0, 1)
    friend bool operator==(const Dropout&, const Dropout&) = default;
};

/// The graph that a graph network works on: n_nodes x n_nodes weights, row i what node i takes from
/// its neighbors. All layers of a network share one, copies of the network too.
struct Adjacency {
    std::shared_ptr<const SparseMatrix> matrix;  ///< not null in a sound network (sparse_fault)
    friend bool operator==(const Adjacency& a, const Adjacency& b) {
        return a.matrix == b.matrix || (a.matrix && b.matrix && *a.matrix == *b.matrix);
    }
};

/// 1 x n_nodes x 1 -> 1 x n_edges x 1: each stored entry of the adjacency times its source's value.
/// On ones these are the entries themselves, A X for X = I.
struct EdgeValues {
    Adjacency adjacency;
    friend bool operator==(const EdgeValues&, const EdgeValues&) = default;
};

/// 1 x n_edges x 1 -> n_out x n_nodes x 1: a node sums over its edges the edge's value times the
/// vector of the node at its other end: (A X) W for X = I.
struct NodeEmbedding {
    Adjacency adjacency;
    Tensor weight;  ///< [n_nodes][n_out]
    friend bool operator==(const NodeEmbedding&, const NodeEmbedding&) = default;
};

/// c x n_nodes x 1 -> c x n_nodes x 1: A H, channel by channel.
struct GraphPropagation {
    Adjacency adjacency;
    friend bool operator==(const GraphPropagation&, const GraphPropagation&) = default;
};

struct Activation {
    Neuron neuron;
    friend bool operator==(const Activation&, const Activation&) = default;
};

/// The last layer; sums what it receives over time in a spiking network.
struct Output {
    friend bool operator==(const Output&, const Output&) = default;
};

using Operation = std::variant<Input, Convolution, Linear, BatchNorm, AveragePool, MaxPool,
                               GlobalAveragePool, Add, Concat, Flatten, Shortcut, Dropout,
                               EdgeValues, NodeEmbedding, GraphPropagation, Activation, Output>;

struct Layer {
    std::string name;                 ///< unique; as in the imported model
    std::vector<std::size_t> inputs;  ///< indices of earlier layers
    Operation operation;

    template <typename T>
    [[nodiscard]] T* as() {
        return std::get_if<T>(&operation);
    }
    template <typename T>
    [[nodiscard]] const T* as() const {
        return std::get_if<T>(&operation);
    }
    friend bool operator==(const Layer&, const Layer&) = default;
};

/// How an image becomes input over time.
enum class InputCoding {
    direct,           ///< the normalized pixels as constant current at every step
    binary_phase,     ///< the pixel's binary digits, most significant first, one per step
    one_spike_phase,  ///< at most one spike per pixel, worth input_base^-phase
    poisson,          ///< random spikes of the normalized pixel's sign (sim/poisson_input.hpp)
};

/// Whether pixels come in as phases of a code, each worth another amount, for one_spike neurons.
[[nodiscard]] constexpr bool is_phase_code(InputCoding coding) {
    return coding == InputCoding::binary_phase || coding == InputCoding::one_spike_phase;
}

/// When a spike reaches the next layer.
enum class Propagation {
    same_step,  ///< within the step
    delayed,    ///< one step later, for every population including the input (B-SNN's default)
};

/// How a spiking network is run. A float network has steps = 0.
struct Timing {
    int steps = 0;  ///< timesteps per sample (rate), phases T per layer (one_spike)
    int wait = 0;   ///< one_spike: phases W that a layer waits before it may fire
    InputCoding input = InputCoding::direct;
    Propagation propagation = Propagation::same_step;
    float input_base = 2.0F;  ///< one_spike_phase: Q of the code that pixels come in, > 1
    float input_rate = 1.0F;  ///< poisson: spikes per step of a normalized pixel of 1, > 0
    friend bool operator==(const Timing&, const Timing&) = default;
};

/// A feed-forward network: layers in an order in which every layer stands behind its inputs. The
/// first is the only Input, the last the only Output. Float or spiking is a matter of the neurons.
struct Network {
    std::vector<Layer> layers;
    Timing timing;
    /// Where it comes from and what was done to it, free text by key ("source", "passes", ...).
    std::map<std::string, std::string> notes;

    [[nodiscard]] const Input& input() const { return std::get<Input>(layers.front().operation); }
    [[nodiscard]] Input& input() { return std::get<Input>(layers.front().operation); }
    [[nodiscard]] bool spiking() const noexcept { return timing.steps > 0; }
    friend bool operator==(const Network&, const Network&) = default;
};

/// "convolution", "max_pool", ...: the name of an operation in files and messages.
[[nodiscard]] const char* operation_name(const Operation& operation);

/// Whether spikes that reach the layer meet synapses: convolution, linear, and the graph's layers.
[[nodiscard]] bool has_synapses(const Layer& layer);

/// The graph of a layer that works on one, else null.
[[nodiscard]] const Adjacency* adjacency_of(const Layer& layer);

/// For each layer the indices of the layers that read it.
[[nodiscard]] std::vector<std::vector<std::size_t>> consumers(const Network& network);

/// Removes layer `index`, which has one input; its readers read that input instead.
void remove_layer(Network& network, std::size_t index);

/// Puts `layer` directly behind layer `after` (its inputs are set to {after}); all readers of
/// `after` read the new layer instead. Returns its index, after + 1.
std::size_t insert_after(Network& network, std::size_t after, Layer layer);

/// Puts `layer` between `source` and one of its readers, `reader`, and nowhere else; its inputs
/// are set to {source}. Returns its index; `reader` and all later layers move up by one.
std::size_t insert_between(Network& network, std::size_t source, std::size_t reader, Layer layer);

/// A name not yet used in `network`: `wanted`, or `wanted` with a number behind it.
[[nodiscard]] std::string unused_name(const Network& network, const std::string& wanted);

}  // namespace ranvier
