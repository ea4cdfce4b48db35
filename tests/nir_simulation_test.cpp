// NIR graphs that other programs wrote, run by the simulators, against recursions written here from
// the equations of the specification and the nodes' own parameters.
#include "ranvier/nir/nir_file.hpp"
#include "ranvier/nir/nir_test_graphs.hpp"
#include "ranvier/nir/to_network.hpp"
#include "ranvier/sim/reference_run.hpp"

#include <gtest/gtest.h>

namespace ranvier {
namespace {

const NirNode& node_of(const NirModel& model, const std::string& name) {
    return *std::ranges::find(model.graph.nodes, name, &NirNode::name);
}

const std::vector<float>& floats(const NirModel& model, const std::string& node,
                                 const std::string& name) {
    return std::get<std::vector<float>>(node_of(model, node).parameters.at(name).values);
}

std::int64_t integer(const NirModel& model, const std::string& node, const std::string& name) {
    return std::get<std::vector<std::int64_t>>(node_of(model, node).parameters.at(name).values)[0];
}

/// tau dv/dt = (v_leak - v) + r I by forward Euler; a spike where v > v_threshold.
struct Lif {
    double tau, r, v_leak, v_threshold;
    bool subtracts;
    double v = 0;

    int step(double current, double dt) {
        v += dt / tau * ((v_leak - v) + r * current);
        if (!(v > v_threshold)) return 0;
        v = subtracts ? v - v_threshold : 0;
        return 1;
    }
};

struct LifCase {
    const char* file;
    const char* weights;
    const char* neuron;
    Reset reset;
};

class LifGraph : public ::testing::TestWithParam<LifCase> {};

TEST_P(LifGraph, SpikesAsItsEquationSays) {
    const auto path = testing::shared_nir() / GetParam().file;
    if (!std::filesystem::exists(path)) GTEST_SKIP() << "needs ../shared/data/nir";
    const NirModel model = read_nir(path);
    const auto one = [&](const char* name) {
        return static_cast<double>(floats(model, GetParam().neuron, name)[0]);
    };
    const double weight = floats(model, GetParam().weights, "weight")[0];
    const double dt = 1e-4;
    Lif lif{one("tau"), one("r"), one("v_leak"), one("v_threshold"),
            GetParam().reset == Reset::subtract};
    const ReferencePlan plan(network_from_nir(model, {.missing_reset = GetParam().reset}, "file"));
    ReferenceRun run(plan);
    Random random(5, 0);
    int spikes = 0;
    for (int t = 0; t < 2000; ++t) {
        const std::vector<float> frame = {random.uniform(-1, 4)};
        t == 0 ? run.start(frame) : run.present(frame);
        run.step();
        const int expected = lif.step(weight * static_cast<double>(frame[0]), dt);
        ASSERT_EQ(run.emitted(2)[0], static_cast<float>(expected)) << "step " << t;
        spikes += expected;
    }
    EXPECT_GT(spikes, 100);
    EXPECT_LT(spikes, 1900);
}

INSTANTIATE_TEST_SUITE_P(Graphs, LifGraph,
                         ::testing::Values(LifCase{"lif_norse.nir", "0", "1", Reset::zero},
                                           LifCase{"lif_norse.nir", "0", "1", Reset::subtract},
                                           LifCase{"lif_rockpool.nir", "0_LinearTorch",
                                                   "1_LIFNeuronTorch", Reset::zero},
                                           LifCase{"lif_rockpool.nir", "0_LinearTorch",
                                                   "1_LIFNeuronTorch", Reset::subtract}));

/// Values of one place of the graph, [channels][height][width].
struct Map {
    std::int64_t channels, height, width;
    std::vector<double> values;
};

/// A convolution (or, with weight null, a sum per channel) of `in`, padded by zeros.
Map window_sums(const Map& in, const std::vector<float>* weight, std::int64_t n_out,
                std::int64_t kernel, std::int64_t stride, std::int64_t padding) {
    const std::int64_t h = (in.height + 2 * padding - kernel) / stride + 1;
    const std::int64_t w = (in.width + 2 * padding - kernel) / stride + 1;
    Map out{n_out, h, w, std::vector<double>(static_cast<std::size_t>(n_out * h * w))};
    for (std::int64_t o = 0; o < n_out * h * w; ++o)
        for (std::int64_t k = 0; k < in.channels * kernel * kernel; ++k) {
            const std::int64_t to = o / (h * w), from = k / (kernel * kernel);
            const std::int64_t y = o / w % h * stride + k / kernel % kernel - padding;
            const std::int64_t x = o % w * stride + k % kernel - padding;
            if (y < 0 || y >= in.height || x < 0 || x >= in.width) continue;
            const double factor = weight == nullptr
                                      ? static_cast<double>(to == from)
                                      : static_cast<double>((*weight)[static_cast<std::size_t>(
                                            to * in.channels * kernel * kernel + k)]);
            out.values[static_cast<std::size_t>(o)] +=
                factor * in.values[static_cast<std::size_t>((from * in.height + y) * in.width + x)];
        }
    return out;
}

/// cnn_sinabs.nir step by step: dv/dt = r I with dt = 1; its biases are all 0.
class SinabsNetwork {
public:
    SinabsNetwork(const NirModel& model, bool subtracts) : model_(model), subtracts_(subtracts) {}

    /// @return the spikes of the last layer.
    std::vector<double> step(const std::vector<float>& frame) {
        Map x{2, 34, 34, {frame.begin(), frame.end()}};
        for (int n = 0; n < 13; ++n) x = node(std::to_string(n), x);
        return x.values;
    }

private:
    Map node(const std::string& name, Map x) {
        const std::string& type = node_of(model_, name).type;
        if (type == "IF") return fire(name, std::move(x));
        if (type == "Flatten") return {x.channels * x.height * x.width, 1, 1, x.values};
        if (type == "SumPool2d")
            return window_sums(x, nullptr, x.channels, integer(model_, name, "kernel_size"),
                               integer(model_, name, "stride"), 0);
        const std::vector<float>& weight = floats(model_, name, "weight");
        const auto& dims = node_of(model_, name).parameters.at("weight").dims;
        if (type == "Affine") return window_sums(x, &weight, dims[0], 1, 1, 0);
        return window_sums(x, &weight, dims[0], dims[2], integer(model_, name, "stride"),
                           integer(model_, name, "padding"));
    }

    Map fire(const std::string& name, Map x) {
        std::vector<double>& v = membrane_[name];
        v.resize(x.values.size());
        const std::vector<float>& r = floats(model_, name, "r");
        const std::vector<float>& threshold = floats(model_, name, "v_threshold");
        for (std::size_t i = 0; i < v.size(); ++i) {
            v[i] += static_cast<double>(r[i]) * x.values[i];
            const bool spike = v[i] > static_cast<double>(threshold[i]);
            if (spike) v[i] = subtracts_ ? v[i] - static_cast<double>(threshold[i]) : 0;
            x.values[i] = static_cast<double>(spike);
        }
        return x;
    }

    const NirModel& model_;
    bool subtracts_;
    std::map<std::string, std::vector<double>> membrane_;
};

class SinabsGraph : public ::testing::TestWithParam<Reset> {};

/// Sums are float32 there and double here; membranes closer to their threshold than that rounding
/// would spike in one and not in the other. With these frames none does.
TEST_P(SinabsGraph, SpikesAsItsEquationsSay) {
    const auto path = testing::shared_nir() / "cnn_sinabs.nir";
    if (!std::filesystem::exists(path)) GTEST_SKIP() << "needs ../shared/data/nir";
    const NirModel model = read_nir(path);
    const Network network =
        network_from_nir(model, {.steps = 40, .missing_reset = GetParam()}, "file");
    const ReferencePlan plan(network);
    ReferenceRun run(plan);
    SinabsNetwork expected(model, GetParam() == Reset::subtract);
    Random random(3, 0);
    double spikes = 0;
    for (int t = 0; t < 40; ++t) {
        std::vector<float> frame(2 * 34 * 34);
        for (float& v : frame) v = static_cast<float>(random.below(4) == 0);
        t == 0 ? run.start(frame) : run.present(frame);
        run.step();
        const std::vector<double> out = expected.step(frame);
        const std::vector<float> found = run.emitted(network.layers.size() - 2);
        ASSERT_EQ(std::vector<double>(found.begin(), found.end()), out) << "step " << t;
        for (const double s : out) spikes += s;
    }
    EXPECT_GT(spikes, 5);
}

INSTANTIATE_TEST_SUITE_P(Resets, SinabsGraph, ::testing::Values(Reset::subtract, Reset::zero));

}  // namespace
}  // namespace ranvier
