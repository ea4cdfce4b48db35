// Spikes, logits, losses and gradients of the authors' own programs (../shared/oracles).
#include "ranvier/sim/reference_run.hpp"
#include "ranvier/train/executor.hpp"
#include "ranvier/train/input_gradient.hpp"
#include "ranvier/train/layer_operations.hpp"
#include "ranvier/train/pixel_ball.hpp"
#include "ranvier/train/spiking_executor.hpp"

#include <gtest/gtest.h>

#include "tests/support/networks.hpp"
#include "tests/support/npy.hpp"

namespace ranvier {
namespace {

namespace fs = std::filesystem;

torch::Tensor tensor(const fs::path& file) {
    const Tensor values = testing::read_npy(file);
    return row_major(values, torch::kFloat32).contiguous();
}

Activation neurons(NeuronKind kind, float threshold, float leak) {
    Activation op;
    op.neuron.kind = kind;
    op.neuron.threshold = {threshold};
    op.neuron.leak = leak;
    return op;
}

/// Six weighted layers and five layers of neurons: README.md of the oracles.
Network oracle_network(const fs::path& folder, NeuronKind kind) {
    const bool of_attack = fs::exists(folder / "thresholds_effective.npy");
    const Tensor thresholds =
        testing::read_npy(folder / (of_attack ? "thresholds_effective.npy" : "thresholds.npy"));
    Tensor leaks = testing::read_npy(folder / (of_attack ? "leak.npy" : "leaks.npy"));
    if (of_attack) leaks.values.assign(thresholds.size(), leaks.values.at(0));
    const auto weight = [&](int k) {
        return testing::read_npy(folder / fmt::format("w{}.npy", k));
    };
    Network network;
    testing::append(network, "input", Input{{3, 8, 8}, {}, {}});
    const auto fire = [&](int k) {
        const auto i = static_cast<std::size_t>(k - 1);
        testing::append(network, fmt::format("neuron{}", k),
                        neurons(kind, thresholds.values[i], leaks.values[i]));
    };
    const auto convolve3x3 = [&](int k) {
        Convolution conv = testing::convolution3x3(weight(k));
        const fs::path bias = folder / fmt::format("b{}.npy", k);
        if (fs::exists(bias)) conv.bias = testing::read_npy(bias);
        testing::append(network, fmt::format("layer{}", k), conv);
        fire(k);
    };
    convolve3x3(1);
    testing::append(network, "pool1", testing::average_pool2());
    convolve3x3(2);
    convolve3x3(3);
    testing::append(network, "pool3", testing::average_pool2());
    testing::append(network, "flatten", Flatten{});
    for (int k = 4; k <= 6; ++k) {
        testing::append(network, fmt::format("layer{}", k), Linear{weight(k), {}});
        if (k < 6) fire(k);
    }
    testing::append(network, "output", Output{});
    return network;
}

/// Largest difference relative to the largest value.
double relative_error(const torch::Tensor& found, const torch::Tensor& expected) {
    const double largest = expected.abs().max().item<double>();
    return (found - expected).abs().max().item<double>() / std::max(largest, 1e-12);
}

/// The tolerances of the oracles' README: other orders of summation move them no further.
constexpr double gradient_tolerance = 5e-6;
constexpr double logits_tolerance = 5e-5;
constexpr double membrane_tolerance = 5e-5;

/// Of every neuron behind every step, [steps * n] images and [steps][n]...
void compare_membranes(const torch::Tensor& found, const torch::Tensor& expected,
                       const std::string& where) {
    EXPECT_LT((found.contiguous().view(expected.sizes()) - expected).abs().max().item<double>(),
              membrane_tolerance)
        << where;
}

class Oracle {
public:
    Oracle(const std::string& name, NeuronKind kind, const Surrogate& surrogate = {})
        : folder_(testing::oracle(name)), network_(oracle_network(folder_, kind)) {
        training_.surrogate = surrogate;
        const torch::Tensor spikes = tensor(folder_ / "spikes1.npy");
        network_.timing.steps = static_cast<int>(spikes.size(0));
    }
    SpikingPass& pass() { return pass_; }
    SpikeTraining& training() { return training_; }
    [[nodiscard]] torch::Tensor read(const std::string& file) const {
        return tensor(folder_ / (file + ".npy"));
    }
    [[nodiscard]] std::size_t layer(const std::string& name) const {
        for (std::size_t l = 0; l < network_.layers.size(); ++l)
            if (network_.layers[l].name == name) return l;
        throw std::runtime_error(name);
    }

    void compare(bool frames) {
        network_.timing.input = frames ? InputCoding::poisson : InputCoding::direct;
        SpikingExecutor executor(network_, training_);
        std::vector<torch::Tensor> emitted, membranes;
        pass_.pass.activations = &emitted;
        pass_.membranes = &membranes;
        if (frames) pass_.frames = read("input_spikes");
        const torch::Tensor pixels = frames ? torch::Tensor() : read("input");
        const torch::Tensor logits = executor.forward(pixels, pass_);
        for (int k = 1; k <= 5; ++k) {
            const std::size_t l = layer(fmt::format("neuron{}", k));
            torch::Tensor expected = read(fmt::format("spikes{}", k));
            if (!pass_.masks.empty() && pass_.masks[l].defined())
                expected = expected * pass_.masks[l].view(expected.sizes().slice(1));
            const torch::Tensor found = emitted[l];
            EXPECT_TRUE(((found.contiguous().view(expected.sizes()) != 0) == (expected != 0))
                            .all()
                            .item<bool>())
                << "spikes of neuron layer " << k;
            compare_membranes(membranes[l], read(fmt::format("membrane{}", k)),
                              fmt::format("layer {}", k));
        }
        EXPECT_LT((logits - read("logits")).abs().max().item<double>(), logits_tolerance);
        const torch::Tensor loss =
            torch::cross_entropy_loss(logits, read("label").to(torch::kInt64));
        EXPECT_NEAR(loss.item<double>(), read("loss").item<double>(), 1e-5);
        loss.backward();
        for (const NamedTensor& parameter : executor.parameters()) compare_gradient(parameter);
    }

private:
    void compare_gradient(const NamedTensor& parameter) const {
        const std::string& name = parameter.name;
        const std::size_t digit = name.find_first_of("123456");
        const std::string k = name.substr(digit, 1);
        const torch::Tensor& found = parameter.tensor.grad();
        torch::Tensor expected;
        if (name.find("weight") != std::string::npos) expected = read("grad_w" + k);
        if (name.find("bias") != std::string::npos) expected = read("grad_b" + k);
        for (const char* what : {"threshold", "leak"}) {
            const std::string file = fmt::format("grad_{}s", what);
            if (name.find(what) == std::string::npos || !fs::exists(folder_ / (file + ".npy")))
                continue;
            const torch::Tensor all = read(file);
            const std::int64_t i = std::stoi(k) - 1;
            const double scale = std::max(all.abs().max().item<double>(), 1e-12);
            EXPECT_LT(std::abs(found.item<double>() - all[i].item<double>()) / scale,
                      gradient_tolerance)
                << name;
        }
        if (!expected.defined()) return;
        EXPECT_LT(relative_error(found.contiguous(), expected), gradient_tolerance) << name;
    }

    fs::path folder_;
    Network network_;
    SpikeTraining training_;
    SpikingPass pass_;
};

TEST(SpikingOracle, HybridNetworks) {
    for (const char* name :
         {"n2_hybrid_linear_if", "n2_hybrid_linear_leak095", "n2_hybrid_linear_ties"}) {
        RANVIER_NEEDS_ORACLE(name);
        SCOPED_TRACE(name);
        Oracle(name, NeuronKind::leaky_delayed).compare(true);
    }
}

TEST(SpikingOracle, HybridWithStdbInAnyChunks) {
    RANVIER_NEEDS_ORACLE("n2_hybrid_stdb_if");
    for (const int checkpoint : {0, 1, 5})
        for (const int chunk : {1, 5, 12}) {
            SCOPED_TRACE(fmt::format("checkpoint {}, chunk {}", checkpoint, chunk));
            Oracle oracle("n2_hybrid_stdb_if", NeuronKind::leaky_delayed,
                          {SurrogateKind::stdb, 0.3, 0.01});
            oracle.training().checkpoint_steps = checkpoint;
            oracle.pass().chunk_steps = chunk;
            oracle.compare(true);
        }
}

TEST(SpikingOracle, HybridWithDropout) {
    RANVIER_NEEDS_ORACLE("n2_hybrid_linear_dropout");
    Oracle oracle("n2_hybrid_linear_dropout", NeuronKind::leaky_delayed);
    std::vector<torch::Tensor>& masks = oracle.pass().masks;
    masks.resize(oracle.layer("output") + 1);
    const std::pair<const char*, const char*> places[] = {
        {"neuron2", "mask1"}, {"neuron4", "mask2"}, {"neuron5", "mask3"}};
    for (const auto& [layer, file] : places) {
        torch::Tensor mask = oracle.read(file);
        if (mask.dim() == 2) mask = as_image(mask);
        masks[oracle.layer(layer)] = mask.contiguous(channels_last);
    }
    oracle.compare(true);
}

TEST(SpikingOracle, DietAndIirNetworks) {
    for (const char* name : {"n3_diet_T5", "n3_diet_ties", "n3_iir_bias_T3", "n3_iir_bias_T1"}) {
        RANVIER_NEEDS_ORACLE(name);
        SCOPED_TRACE(name);
        Oracle(name, NeuronKind::leaky_same_step).compare(false);
    }
    RANVIER_NEEDS_ORACLE("n2_diet_imagenet_variant");
    Oracle("n2_diet_imagenet_variant", NeuronKind::leaky_delayed).compare(false);
}

/// A block: neuron(conv2(neuron(conv1(x))) + shortcut(x)).
Network oracle_block(const fs::path& folder, NeuronKind kind) {
    const Tensor frames = testing::read_npy(folder / "input_spikes.npy");
    const Tensor thresholds = testing::read_npy(folder / "thresholds.npy");
    const Tensor leaks = testing::read_npy(folder / "leaks.npy");
    const fs::path shortcut_file = folder / "w_shortcut.npy";
    Network network;
    network.timing = {.steps = static_cast<int>(frames.dims[0]), .input = InputCoding::poisson};
    const std::size_t input = testing::append(
        network, "input", Input{{frames.dims[2], frames.dims[3], frames.dims[4]}, {}, {}});
    Convolution first = testing::convolution3x3(testing::read_npy(folder / "w1.npy"));
    if (fs::exists(shortcut_file)) first.window.stride_h = first.window.stride_w = 2;
    testing::append(network, "conv1", first);
    testing::append(network, "neuron1", neurons(kind, thresholds.values[0], leaks.values[0]));
    const std::size_t branch = testing::append(
        network, "conv2", testing::convolution3x3(testing::read_npy(folder / "w2.npy")));
    std::size_t trunk = input;
    if (fs::exists(shortcut_file)) {
        Convolution projection;
        projection.window.stride_h = projection.window.stride_w = 2;
        projection.weight = testing::read_npy(shortcut_file);
        network.layers.push_back({"shortcut", {input}, projection});
        trunk = network.layers.size() - 1;
    }
    network.layers.push_back({"add", {branch, trunk}, Add{}});
    testing::append(network, "neuron2", neurons(kind, thresholds.values[1], leaks.values[1]));
    testing::append(network, "output", Output{});
    return network;
}

/// The places of a block's two layers of neurons.
std::vector<std::size_t> neuron_layers(const Network& network) {
    std::vector<std::size_t> places;
    for (std::size_t l = 0; l < network.layers.size(); ++l)
        if (network.layers[l].as<Activation>() != nullptr) places.push_back(l);
    return places;
}

/// Every spike and membrane of both layers in every timestep, as the trainer and as the simulator
/// have them.
void compare_block_steps(const fs::path& folder, Network network) {
    const torch::Tensor frames = tensor(folder / "input_spikes.npy");
    std::vector<torch::Tensor> emitted, membranes;
    SpikingPass pass;
    pass.frames = frames;
    pass.chunk_steps = 3;  // 8 and 6 steps: also a shorter one
    pass.pass.activations = &emitted;
    pass.membranes = &membranes;
    (void)SpikingExecutor(network, {}).forward({}, pass);
    const std::vector<std::size_t> layers = neuron_layers(network);
    ASSERT_EQ(layers.size(), 2U);
    std::vector<torch::Tensor> spikes, membrane;
    for (const int k : {1, 2}) {
        spikes.push_back(tensor(folder / fmt::format("spikes{}.npy", k)));
        membrane.push_back(tensor(folder / fmt::format("membrane{}.npy", k)));
        const std::size_t l = layers[static_cast<std::size_t>(k - 1)];
        EXPECT_TRUE(emitted[l].contiguous().view(spikes.back().sizes()).equal(spikes.back())) << k;
        compare_membranes(membranes[l], membrane.back(), fmt::format("trainer, layer {}", k));
    }
    network.timing.input = InputCoding::direct;  // the frames are spikes already
    const ReferencePlan plan(network);
    for (std::int64_t i = 0; i < frames.size(1); ++i) {
        ReferenceRun run(plan);
        for (std::int64_t t = 0; t < frames.size(0); ++t) {
            const std::vector<float> frame = to_ranvier(frames[t][i]).values;
            if (t == 0)
                run.start(frame);
            else
                run.present(frame);
            run.step();
            for (const std::size_t k : {0U, 1U}) {
                const std::string where = fmt::format("simulator, layer {}, step {}", k + 1, t);
                EXPECT_EQ(run.emitted(layers[k]), to_ranvier(spikes[k][t][i]).values) << where;
                const Tensor expected = to_ranvier(membrane[k][t][i]);
                compare_membranes(
                    row_major(Tensor(expected.dims, run.membrane(layers[k])), torch::kFloat32),
                    membrane[k][t][i], where);
            }
        }
    }
}

void compare_block_gradients(const fs::path& folder, const Network& network) {
    // The block's loss weighs every step's spikes.
    const torch::Tensor weights = tensor(folder / "loss_weights.npy");
    EXPECT_NEAR((weights * tensor(folder / "spikes2.npy")).sum().item<double>(),
                tensor(folder / "loss.npy").item<double>(), 1e-4);
    SpikingPass pass;
    pass.frames = tensor(folder / "input_spikes.npy");
    const SpikingModel model(network, {}, torch::kFloat32, torch::kCPU);
    SpikingRun run(model, {}, pass, true);
    (void)run.forward();
    const SpikingRun::Gradients gradients =
        run.backward(weights.flatten(2), SpikingRun::Wanted::both);
    EXPECT_LT(
        relative_error(gradients.pixels.contiguous(), tensor(folder / "grad_input.npy").sum(0)),
        gradient_tolerance);
    for (std::size_t p = 0; p < model.parameters.size(); ++p) {
        const std::string& parameter = model.parameters[p].name;
        torch::Tensor expected;
        torch::Tensor found = gradients.parameters[p].contiguous();
        if (parameter == "conv1.weight") expected = tensor(folder / "grad_w1.npy");
        if (parameter == "conv2.weight") expected = tensor(folder / "grad_w2.npy");
        if (parameter == "shortcut.weight") expected = tensor(folder / "grad_w_shortcut.npy");
        for (const char* what : {"threshold", "leak"}) {
            const fs::path file = folder / fmt::format("grad_{}s.npy", what);
            if (parameter.find(what) == std::string::npos || !fs::exists(file)) continue;
            expected = tensor(file).narrow(0, parameter.find('2') == std::string::npos ? 0 : 1, 1);
        }
        if (!expected.defined()) continue;
        EXPECT_LT(relative_error(found, expected), gradient_tolerance) << parameter;
    }
}

TEST(SpikingOracle, ResidualBlocks) {
    for (const char* kind : {"identity", "conv_shortcut"}) {
        for (const char* neuron : {"n2", "n3"}) {
            const std::string name = fmt::format("resblock_{}_{}", neuron, kind);
            RANVIER_NEEDS_ORACLE(name);
            SCOPED_TRACE(name);
            const fs::path folder = testing::oracle(name);
            const Network network = oracle_block(
                folder, neuron[1] == '2' ? NeuronKind::leaky_delayed : NeuronKind::leaky_same_step);
            compare_block_steps(folder, network);
            compare_block_gradients(folder, network);
        }
    }
}

/// Of the sum over images of the loss, for the spikes that the authors' encoder drew.
torch::Tensor network_gradient(const fs::path& folder, const std::string& spikes) {
    const torch::Tensor frames = tensor(folder / (spikes + ".npy"));
    Network network = oracle_network(folder, NeuronKind::leaky_delayed);
    network.timing = {.steps = static_cast<int>(frames.size(0)), .input = InputCoding::poisson};
    SpikingPass pass;
    pass.frames = frames;
    return InputGradient(network, {})({}, tensor(folder / "label.npy").to(torch::kInt64), pass);
}

/// The gradient that the authors' attacks follow. Their loss is the mean over images.
void compare_input_gradient(const fs::path& folder, const std::string& spikes,
                            const std::string& gradient) {
    const torch::Tensor found = network_gradient(folder, spikes);
    const torch::Tensor expected = tensor(folder / (gradient + ".npy"));
    EXPECT_LT(relative_error(found / found.size(0), expected), gradient_tolerance) << gradient;
    EXPECT_TRUE(found.sign().equal(expected.sign())) << gradient;
}

TEST(SpikingOracle, AttackedImagesAreTheAuthors) {
    constexpr double epsilon = 8.0 / 255, step = 2.0 / 255, tolerance = 1e-6;
    for (const char* name : {"attack_snn_leak099", "attack_snn_if_targeted"}) {
        RANVIER_NEEDS_ORACLE(name);
        SCOPED_TRACE(name);
        const fs::path folder = testing::oracle(name);
        const torch::Tensor image = tensor(folder / "image.npy");
        const bool targeted = std::string(name).ends_with("targeted");
        const torch::Tensor found = PixelBall(image, epsilon)
                                        .step(image, network_gradient(folder, "input_spikes"),
                                              targeted ? -epsilon : epsilon);
        const torch::Tensor expected = tensor(folder / "adversarial_fgsm.npy");
        EXPECT_TRUE(found.allclose(expected, 0, tolerance));
        EXPECT_FALSE(image.allclose(expected, 0, tolerance));
    }
    RANVIER_NEEDS_ORACLE("attack_snn_leak099");
    const fs::path folder = testing::oracle("attack_snn_leak099");
    const PixelBall ball(tensor(folder / "image.npy"), epsilon);
    torch::Tensor x = tensor(folder / "pgd_start_image.npy");
    for (const int k : {1, 2, 3}) {
        const torch::Tensor seen = tensor(folder / fmt::format("pgd_image_normalized{}.npy", k));
        EXPECT_TRUE(((x - 0.5) / 0.5).allclose(seen, 0, tolerance)) << k;
        x = ball.step(x, network_gradient(folder, fmt::format("pgd_input_spikes{}", k)), step);
    }
    EXPECT_TRUE(x.allclose(tensor(folder / "pgd_adversarial.npy"), 0, tolerance));
}

TEST(SpikingOracle, AttackedNetworksEmitTheAuthorsSpikes) {
    for (const char* name : {"attack_snn_leak099", "attack_snn_if_targeted"}) {
        RANVIER_NEEDS_ORACLE(name);
        SCOPED_TRACE(name);
        const fs::path folder = testing::oracle(name);
        const torch::Tensor frames = tensor(folder / "input_spikes.npy");
        Network network = oracle_network(folder, NeuronKind::leaky_delayed);
        network.timing = {.steps = static_cast<int>(frames.size(0)), .input = InputCoding::poisson};
        SpikingPass pass;
        pass.frames = frames;
        SpikingExecutor executor(network, {});
        const torch::Tensor sums = executor.forward({}, pass).detach();
        EXPECT_TRUE(sums.allclose(tensor(folder / "logits_sum.npy"), 1e-5, 1e-5));
        std::size_t k = 0;
        for (const std::vector<std::uint64_t>& steps : executor.spikes()) {
            if (steps.empty()) continue;
            const torch::Tensor expected =
                tensor(folder / fmt::format("spikes{}.npy", ++k)).flatten(1).sum(1);
            for (std::size_t t = 0; t < steps.size(); ++t)
                EXPECT_EQ(static_cast<double>(steps[t]),
                          expected[static_cast<std::int64_t>(t)].item<double>())
                    << "layer " << k << ", step " << t;
        }
        EXPECT_EQ(k, 5U);
    }
}

TEST(SpikingOracle, AttacksFollowTheAuthorsGradient) {
    for (const char* name : {"attack_snn_leak099", "attack_snn_if_targeted"}) {
        RANVIER_NEEDS_ORACLE(name);
        SCOPED_TRACE(name);
        compare_input_gradient(testing::oracle(name), "input_spikes", "grad_input");
    }
    for (const int k : {1, 2, 3})
        compare_input_gradient(testing::oracle("attack_snn_leak099"),
                               fmt::format("pgd_input_spikes{}", k),
                               fmt::format("pgd_grad_input{}", k));
}

}  // namespace
}  // namespace ranvier
