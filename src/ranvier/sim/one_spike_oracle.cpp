#include "ranvier/sim/one_spike_oracle.hpp"

#include "ranvier/net/shapes.hpp"
#include "ranvier/sim/float_reference.hpp"

#include <algorithm>
#include <cmath>

namespace ranvier {

namespace {

class Oracle {
public:
    Oracle(const Network& network, std::span<const float> image, double margin, const TieRule& tie)
        : network_(network),
          shapes_(infer_shapes(network)),
          image_(image),
          margin_(margin),
          tie_(tie),
          depth_(network.layers.size(), 0) {
        int deepest = 0;
        for (std::size_t l = 0; l < depth_.size(); ++l) {
            for (const std::size_t s : network.layers[l].inputs)
                depth_[l] = std::max(depth_[l], depth_[s]);
            if (network.layers[l].as<Activation>() != nullptr) ++depth_[l];
            deepest = std::max(deepest, depth_[l]);
        }
        n_steps_ = deepest * timing().wait + timing().steps + 1;
    }

    OracleResult run() {
        for (std::size_t l = 0; l < shapes_.size(); ++l) {
            const Layer& layer = network_.layers[l];
            result_.emitted.emplace_back(
                static_cast<std::size_t>(n_steps_),
                std::vector<double>(static_cast<std::size_t>(shapes_[l].size())));
            if (l == 0)
                send_pixels();
            else if (const auto* activation = layer.as<Activation>())
                fire(l, activation->neuron);
            else if (const auto* pool = layer.as<MaxPool>())
                pass_first(l, *pool);
            else
                for (int step = 0; step < n_steps_; ++step) carry(l, step);
        }
        return std::move(result_);
    }

private:
    const Timing& timing() const { return network_.timing; }
    Train& train(std::size_t l) { return result_.emitted[l]; }

    void send_pixels() {
        const Input& input = network_.input();
        const auto plane = static_cast<std::size_t>(input.shape.plane());
        for (std::size_t i = 0; i < image_.size(); ++i) {
            const double mean = input.mean.empty() ? 0 : double{input.mean[i / plane]};
            const double std = input.std.empty() ? 1 : double{input.std[i / plane]};
            train(0)[0][i] = -mean / std;
            if (timing().input == InputCoding::binary_phase)
                send_digits(i, std);
            else
                send_one(i, std);
        }
    }
    void send_digits(std::size_t i, double std) {
        const double scale = std::pow(2, timing().steps);
        double rest = std::min(std::nearbyint(double{image_[i]} * scale), scale - 1) / scale;
        for (int phase = 1; phase <= timing().steps; ++phase) {
            const double worth = std::pow(2, -phase);
            if (rest < worth) continue;
            rest -= worth;
            train(0)[static_cast<std::size_t>(phase)][i] = worth / std;
        }
    }
    void send_one(std::size_t i, double std) {
        const double base = double{timing().input_base};
        for (int phase = 1; phase <= timing().steps; ++phase) {
            const double worth = std::pow(base, -phase);
            if (double{image_[i]} < (1 + 1 / base) / 2 * worth) continue;
            train(0)[static_cast<std::size_t>(phase)][i] = worth / std;
            return;
        }
    }

    /// One step through a layer without memory.
    void carry(std::size_t l, int step) {
        const auto t = static_cast<std::size_t>(step);
        const Layer& layer = network_.layers[l];
        std::vector<double>& out = train(l)[t];
        if (layer.as<Add>() != nullptr) {
            for (const std::size_t s : layer.inputs)
                for (std::size_t i = 0; i < out.size(); ++i) out[i] += train(s)[t][i];
        } else if (layer.as<Concat>() != nullptr) {
            auto to = out.begin();
            for (const std::size_t s : layer.inputs) to = std::ranges::copy(train(s)[t], to).out;
        } else if (layer.as<Output>() != nullptr || layer.as<Flatten>() != nullptr) {
            out = train(layer.inputs[0])[t];
        } else {
            carry_alone(layer, step, out);
        }
    }
    /// The layer as a float network of its own; its bias counts at step 0 only.
    void carry_alone(const Layer& layer, int step, std::vector<double>& out) {
        const std::vector<double>& in = train(layer.inputs[0])[static_cast<std::size_t>(step)];
        if (step > 0 && std::ranges::all_of(in, [](double v) { return v == 0; })) return;
        Network alone;
        alone.layers.push_back({"in", {}, Input{shapes_[layer.inputs[0]], {}, {}}});
        alone.layers.push_back({"layer", {0}, layer.operation});
        alone.layers.push_back({"out", {1}, Output{}});
        if (auto* conv = alone.layers[1].as<Convolution>(); conv != nullptr && step > 0)
            conv->bias = {};
        if (auto* linear = alone.layers[1].as<Linear>(); linear != nullptr && step > 0)
            linear->bias = {};
        const std::vector<float> values(in.begin(), in.end());
        std::ranges::copy(reference_forward(alone, values)[1], out.begin());
    }

    void fire(std::size_t l, const Neuron& neuron) {
        const auto plane = static_cast<std::size_t>(shapes_[l].plane());
        const auto size = static_cast<std::size_t>(shapes_[l].size());
        const auto of = [&](const std::vector<float>& values, std::size_t i) {
            return double{values.size() == 1 ? values[0] : values[i / plane]};
        };
        for (std::size_t i = 0; i < size; ++i)
            run_neuron(l, i, double{neuron.base}, of(neuron.threshold, i), of(neuron.amplitude, i));
    }
    /// Algorithm 1. Local time k = 1 ... T + W begins with the phases of the layer before; what
    /// came earlier (biases, branches that skip layers) is in the membrane at k = 0.
    void run_neuron(std::size_t l, std::size_t i, double q_out, double peak, double amplitude) {
        const Train& in = train(network_.layers[l].inputs[0]);
        const int wait = timing().wait;
        const double q_in = depth_[l] == 1 ? 2.0 : q_out;
        const int start = (depth_[l] - 1) * wait;
        double u = 0;
        for (int step = 0; step <= start; ++step) u += in[static_cast<std::size_t>(step)][i];
        double threshold = peak * (1 + 1 / q_out) / 2 * std::pow(q_in, wait + 1) / q_out;
        for (int k = 1; k <= timing().steps + wait; ++k) {
            const int step = start + k;
            u = q_in * u + in[static_cast<std::size_t>(step)][i] * std::pow(q_in, k);
            if (k <= wait) continue;
            bool fires = u >= threshold;
            if (std::abs(u - threshold) < margin_ * std::pow(q_in, k)) {
                fires = tie_(l, step, i);
                ++result_.n_ties;
            }
            if (fires) {
                train(l)[static_cast<std::size_t>(step)][i] =
                    amplitude * std::pow(q_out, -(k - wait));
                return;
            }
            threshold *= q_in / q_out;
        }
    }

    /// Of every window the first spike, and of several at once the largest.
    void pass_first(std::size_t l, const MaxPool& pool) {
        const std::size_t source = network_.layers[l].inputs[0];
        const Shape& in = shapes_[source];
        const Shape& out = shapes_[l];
        const Window& w = pool.window;
        for (std::int64_t o = 0; o < out.size(); ++o) {
            const std::int64_t c = o / out.plane();
            const std::int64_t top = o % out.plane() / out.width * w.stride_h - w.pad_top;
            const std::int64_t left = o % out.width * w.stride_w - w.pad_left;
            for (int step = 0; step < n_steps_; ++step) {
                double largest = 0;
                for (std::int64_t ky = 0; ky < w.kernel_h; ++ky)
                    for (std::int64_t kx = 0; kx < w.kernel_w; ++kx) {
                        const std::int64_t y = top + ky * w.dilation_h;
                        const std::int64_t x = left + kx * w.dilation_w;
                        if (y < 0 || y >= in.height || x < 0 || x >= in.width) continue;
                        const auto i = static_cast<std::size_t>((c * in.height + y) * in.width + x);
                        largest =
                            std::max(largest, train(source)[static_cast<std::size_t>(step)][i]);
                    }
                train(l)[static_cast<std::size_t>(step)][static_cast<std::size_t>(o)] = largest;
                if (largest > 0) break;
            }
        }
    }

    const Network& network_;
    std::vector<Shape> shapes_;
    std::span<const float> image_;
    double margin_;
    const TieRule& tie_;
    std::vector<int> depth_;
    int n_steps_ = 0;
    OracleResult result_;
};

}  // namespace

OracleResult one_spike_oracle(const Network& network, std::span<const float> image, double margin,
                              const TieRule& tie) {
    return Oracle(network, image, margin, tie).run();
}

}  // namespace ranvier
