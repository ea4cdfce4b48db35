#include "ranvier/train/attack.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/base/random.hpp"
#include "ranvier/data/memory_samples.hpp"
#include "ranvier/sim/neuron_step.hpp"
#include "ranvier/sim/simulator.hpp"
#include "ranvier/train/input_gradient.hpp"
#include "ranvier/train/layer_operations.hpp"
#include "ranvier/train/spiking_executor.hpp"

#include <gtest/gtest.h>
#include <torch/autograd.h>

#include "tests/support/networks.hpp"
#include "tests/support/property.hpp"
#include <cmath>

namespace ranvier {
namespace {

enum class Kind { relu, delayed, same_step, poisson };

/// in 1x8x8 -> conv -> activation -> pool -> conv -> activation -> linear to 3 classes.
Network random_network(std::uint64_t seed, Kind kind) {
    Random random(seed, 6);
    Activation activation;
    if (kind != Kind::relu) {
        activation.neuron.kind =
            kind == Kind::delayed ? NeuronKind::leaky_delayed : NeuronKind::leaky_same_step;
        activation.neuron.threshold = {0.6F};
        activation.neuron.leak = 0.95F;
    }
    Network network;
    testing::append(network, "input", Input{{1, 8, 8}, {0.5F}, {0.5F}});
    testing::append(network, "conv1",
                    testing::convolution3x3(testing::random_tensor({4, 1, 3, 3}, random, 0.4F)));
    testing::append(network, "act1", activation);
    testing::append(network, "pool", testing::average_pool2());
    testing::append(network, "conv2",
                    testing::convolution3x3(testing::random_tensor({4, 4, 3, 3}, random, 0.4F)));
    testing::append(network, "act2", activation);
    testing::append(network, "flatten", Flatten{});
    testing::append(network, "fc", Linear{testing::random_tensor({3, 64}, random, 0.2F), {}});
    testing::append(network, "output", Output{});
    if (kind != Kind::relu) network.timing.steps = 5;
    if (kind == Kind::poisson) network.timing.input = InputCoding::poisson;
    return network;
}

/// 1x2x2 pixels straight to two classes: the loss is a convex function of the pixels.
Network linear_network(std::vector<float> weight) {
    Network network;
    testing::append(network, "input", Input{{1, 2, 2}, {}, {}});
    testing::append(network, "flatten", Flatten{});
    testing::append(network, "fc", Linear{Tensor({2, 4}, std::move(weight)), {}});
    testing::append(network, "output", Output{});
    return network;
}

struct Images {
    Tensor pixels;
    std::vector<int> labels;
};

Images random_images(std::uint64_t seed, std::size_t n, const Network& network, int n_classes) {
    Random random(seed, 7);
    const Shape& shape = network.input().shape;
    Images images{Tensor({static_cast<std::int64_t>(n), shape.channels, shape.height, shape.width}),
                  {}};
    for (float& v : images.pixels.values) v = std::clamp(random.uniform(-0.2F, 1.2F), 0.0F, 1.0F);
    for (std::size_t i = 0; i < n; ++i)
        images.labels.push_back(
            static_cast<int>(random.below(static_cast<std::uint32_t>(n_classes))));
    return images;
}

AttackOptions pgd(double epsilon) {
    AttackOptions options;
    options.method = AttackMethod::pgd;
    options.epsilon = epsilon;
    options.step = epsilon > 0 ? epsilon / 3 : 0.01;
    options.iterations = 3;
    return options;
}

/// Mean cross entropy of a network's outputs for the classes; of Poisson input, over several
/// drawings, which are the same whatever the images are, and others than an attack's.
double mean_loss(const Network& network, const Tensor& images, const std::vector<int>& classes) {
    const torch::NoGradGuard no_grad;
    const torch::Tensor pixels = row_major(images, torch::kFloat32);
    const torch::Tensor labels =
        torch::tensor(std::vector<std::int64_t>(classes.begin(), classes.end()));
    if (!network.spiking())
        return torch::cross_entropy_loss(Executor(network).forward(pixels), labels).item<double>();
    const std::uint64_t n_drawings = network.timing.input == InputCoding::poisson ? 32 : 1;
    SpikingExecutor executor(network, {});
    double sum = 0;
    for (std::uint64_t seed = 0; seed < n_drawings; ++seed) {
        SpikingPass pass;
        pass.pass.seed = seed;
        const torch::Tensor outputs = executor.forward(pixels, pass) / network.timing.steps;
        sum += torch::cross_entropy_loss(outputs, labels).item<double>();
    }
    return sum / static_cast<double>(n_drawings);
}

TEST(Attack, FgsmByHand) {
    // Class 1 minus class 0: (2, -1, 0, 1). An image of class 0 loses by following that sign.
    const Network network = linear_network({0, 1, 0, 0, 2, 0, 0, 1});
    const Tensor image({1, 1, 2, 2}, {0.5F, 0.5F, 0.5F, 0.875F});
    AttackOptions options;
    options.epsilon = 0.25;
    const std::vector<int> labels = {0};
    EXPECT_EQ(attack(network, image, labels, options).images.values,
              (std::vector<float>{0.75F, 0.25F, 0.5F, 1.0F}));
    options.goal = AttackGoal::fixed_class;  // of class 0 already: nothing to do
    EXPECT_EQ(attack(network, image, labels, options).images, image);
    options.target = 1;
    EXPECT_EQ(attack(network, image, labels, options).images.values,
              (std::vector<float>{0.75F, 0.25F, 0.5F, 1.0F}));
    EXPECT_EQ(attack(network, image, labels, options).targets, (std::vector<int>{1}));
}

TEST(Attack, PgdByHand) {
    // Three steps of 1/8 end at the ball's border, 1/4 away, and stop at 1.
    const Network network = linear_network({0, 1, 0, 0, 2, 0, 0, 1});
    const Tensor image({1, 1, 2, 2}, {0.5F, 0.5F, 0.5F, 0.875F});
    AttackOptions options = pgd(0.25);
    options.step = 0.125;
    options.random_start = false;
    const std::vector<int> labels = {0};
    options.iterations = 1;
    EXPECT_EQ(attack(network, image, labels, options).images.values,
              (std::vector<float>{0.625F, 0.375F, 0.5F, 1.0F}));
    options.iterations = 3;
    EXPECT_EQ(attack(network, image, labels, options).images.values,
              (std::vector<float>{0.75F, 0.25F, 0.5F, 1.0F}));
}

TEST(Attack, StaysInTheBallAndInTheDomain) {
    testing::check_property([](std::uint32_t seed) {
        Random random(seed, 8);
        const auto kind = static_cast<Kind>(random.below(4));
        const Network network = random_network(seed, kind);
        const Images images = random_images(seed, 3, network, 3);
        const double epsilon = random.below(4) == 0 ? 0 : static_cast<double>(random.uniform());
        AttackOptions options = pgd(epsilon);
        if (random.below(2) == 0) options.method = AttackMethod::fgsm;
        options.goal = static_cast<AttackGoal>(random.below(3));
        options.seed = seed;
        const Tensor found = attack(network, images.pixels, images.labels, options).images;
        for (std::size_t p = 0; p < found.size(); ++p) {
            const float change = std::abs(found.values[p] - images.pixels.values[p]);
            // Half a unit in the last place of numbers up to 2, from adding and from subtracting.
            RC_ASSERT(static_cast<double>(change) <= epsilon + 0x1p-23);
            RC_ASSERT(found.values[p] >= 0 && found.values[p] <= 1);
        }
        if (epsilon <= 0) RC_ASSERT(found == images.pixels);
    });
}

TEST(Attack, AnImagesResultIsItsOwn) {
    for (const Kind kind : {Kind::relu, Kind::delayed, Kind::same_step, Kind::poisson}) {
        const Network network = random_network(5, kind);
        const Images images = random_images(5, 70, network, 3);  // three blocks
        AttackOptions options = pgd(0.1);
        options.goal = AttackGoal::random_class;
        options.n_threads = 1;
        const AttackedImages whole = attack(network, images.pixels, images.labels, options);
        EXPECT_NE(whole.images, images.pixels);
        options.n_threads = 3;
        EXPECT_EQ(attack(network, images.pixels, images.labels, options).images, whole.images);
        for (const std::size_t n : {1U, 5U, 33U}) {
            Tensor first({static_cast<std::int64_t>(n), 1, 8, 8});
            std::copy_n(images.pixels.values.begin(), first.size(), first.values.begin());
            const AttackedImages found =
                attack(network, first, std::span(images.labels).first(n), options);
            std::copy_n(whole.images.values.begin(), first.size(), first.values.begin());
            EXPECT_EQ(found.images, first) << n;
        }
    }
}

TEST(Attack, RandomClassesAreWrongOnesAndAllOccur) {
    const Network network = random_network(1, Kind::relu);
    const Images images = random_images(1, 200, network, 3);
    AttackOptions options;
    options.goal = AttackGoal::random_class;
    const AttackedImages found = attack(network, images.pixels, images.labels, options);
    std::vector<int> counts(3);
    for (std::size_t i = 0; i < 200; ++i) {
        EXPECT_NE(found.targets[i], images.labels[i]);
        ++counts.at(static_cast<std::size_t>(found.targets[i]));
    }
    for (const int count : counts) EXPECT_GT(count, 40);  // 67 expected, sigma 7
    options.seed = 2;
    EXPECT_NE(attack(network, images.pixels, images.labels, options).targets, found.targets);
}

TEST(Attack, RandomStartsDifferBetweenImagesAndFillTheBall) {
    const Network network = linear_network(std::vector<float>(8));  // no gradient: the start stays
    const std::size_t n = 500;
    const Images images = {Tensor({n, 1, 2, 2}, std::vector<float>(4 * n, 0.5F)),
                           std::vector<int>(n)};
    AttackOptions options = pgd(0.25);
    const AttackedImages found = attack(network, images.pixels, images.labels, options);
    EXPECT_EQ(found.without_gradient, n);
    double sum = 0, squares = 0;
    for (const float v : found.images.values) {
        sum += static_cast<double>(v) - 0.5;
        squares += (static_cast<double>(v) - 0.5) * (static_cast<double>(v) - 0.5);
    }
    EXPECT_NEAR(sum / 2000, 0, 0.013);                           // 4 sigma
    EXPECT_NEAR(squares / 2000, 0.0625 / 3, 0.0625 / 3 * 0.08);  // 4 sigma
    const std::vector<float>& v = found.images.values;
    EXPECT_FALSE(std::equal(v.begin(), v.begin() + 4, v.begin() + 4));
    options.random_start = false;
    EXPECT_EQ(attack(network, images.pixels, images.labels, options).images, images.pixels);
}

/// Where the loss is convex, no attack can miss: of each single image.
TEST(Attack, LossOfALinearNetworkRisesAndThatOfATargetFalls) {
    testing::check_property([](std::uint32_t seed) {
        Random random(seed, 9);
        const Network network = linear_network(testing::random_tensor({8}, random).values);
        const Images images = random_images(seed, 1, network, 2);
        AttackOptions options = pgd(0.3);
        options.random_start = false;
        if (random.below(2) == 0) options.method = AttackMethod::fgsm;
        const Tensor worse = attack(network, images.pixels, images.labels, options).images;
        const double before = mean_loss(network, images.pixels, images.labels);
        RC_ASSERT(mean_loss(network, worse, images.labels) >= before - 1e-6);
        options.goal = AttackGoal::random_class;
        const AttackedImages led = attack(network, images.pixels, images.labels, options);
        RC_ASSERT(mean_loss(network, led.images, led.targets) <=
                  mean_loss(network, images.pixels, led.targets) + 1e-6);
    });
}

TEST(Attack, MeanLossRisesAndThatOfTargetsFalls) {
    for (const Kind kind : {Kind::relu, Kind::delayed, Kind::same_step, Kind::poisson}) {
        SCOPED_TRACE(static_cast<int>(kind));
        const Network network = random_network(11, kind);
        const Images images = random_images(11, 64, network, 3);
        for (const AttackMethod method : {AttackMethod::fgsm, AttackMethod::pgd}) {
            AttackOptions options = pgd(0.1);
            options.method = method;
            const Tensor worse = attack(network, images.pixels, images.labels, options).images;
            const double before = mean_loss(network, images.pixels, images.labels);
            EXPECT_GT(mean_loss(network, worse, images.labels), before * 1.01);
            options.goal = AttackGoal::random_class;
            const AttackedImages led = attack(network, images.pixels, images.labels, options);
            EXPECT_LT(mean_loss(network, led.images, led.targets),
                      mean_loss(network, images.pixels, led.targets) * 0.99);
        }
    }
}

TEST(InputGradient, WithoutParametersIsTheSame) {
    for (const Kind kind : {Kind::delayed, Kind::same_step, Kind::poisson}) {
        Network network = random_network(4, kind);
        const Images images = random_images(4, 6, network, 3);
        const torch::Tensor labels =
            torch::tensor(std::vector<std::int64_t>(images.labels.begin(), images.labels.end()));
        const torch::Tensor pixels = row_major(images.pixels, torch::kFloat32);
        SpikingExecutor executor(network, {});
        const torch::Tensor x = pixels.clone().set_requires_grad(true);
        const torch::Tensor loss =
            torch::cross_entropy_loss(executor.forward(x, SpikingPass{}) / network.timing.steps,
                                      labels, {}, at::Reduction::Sum);
        const torch::Tensor expected = torch::autograd::grad({loss}, {x})[0];
        const torch::Tensor found = InputGradient(network, {})(pixels, labels);
        EXPECT_GT(expected.abs().max().item<double>(), 0);
        EXPECT_TRUE(torch::allclose(found, expected, 1e-5, 1e-7));
    }
}

TEST(InputGradient, OfAFloatNetworkIsTheFiniteDifference) {
    const Network network = random_network(6, Kind::relu);
    const Images images = random_images(6, 2, network, 3);
    const torch::Tensor labels =
        torch::tensor(std::vector<std::int64_t>(images.labels.begin(), images.labels.end()));
    const torch::Tensor pixels = row_major(images.pixels, torch::kFloat32);
    const torch::Tensor gradient = InputGradient(network, {})(pixels, labels);
    Executor precise(network, torch::kFloat64);
    const auto loss = [&](const torch::Tensor& x) {
        const torch::NoGradGuard no_grad;
        return torch::cross_entropy_loss(precise.forward(x), labels, {}, at::Reduction::Sum)
            .item<double>();
    };
    constexpr double h = 1e-6;  // small enough that hardly any ReLU lies within it
    for (const std::int64_t p : {0, 9, 27, 63, 64, 100, 127}) {
        torch::Tensor up = pixels.to(torch::kFloat64), down = up.clone();
        up.flatten()[p] += h;
        down.flatten()[p] -= h;
        EXPECT_NEAR(gradient.flatten()[p].item<double>(), (loss(up) - loss(down)) / (2 * h), 1e-4);
    }
}

TEST(InputGradient, IntegrateFireCountsAsLeakySameStepWithoutLeak) {
    Network leaky = random_network(7, Kind::same_step);
    Network plain = leaky;
    for (const std::size_t l : {2, 5}) {
        leaky.layers[l].as<Activation>()->neuron.leak = 1;
        plain.layers[l].as<Activation>()->neuron.kind = NeuronKind::integrate_fire;
    }
    const Images images = random_images(7, 4, leaky, 3);
    EXPECT_EQ(attack(plain, images.pixels, images.labels, pgd(0.1)).images,
              attack(leaky, images.pixels, images.labels, pgd(0.1)).images);
}

/// Spiking networks that have no gradient through time.
enum class Other { max_pool, reset_to_zero, multi_spike, delayed, one_spike };
constexpr Other all_others[] = {Other::max_pool, Other::reset_to_zero, Other::multi_spike,
                                Other::delayed, Other::one_spike};

Network other_network(std::uint64_t seed, Other kind, int steps) {
    Network network = random_network(seed, Kind::same_step);
    network.timing.steps = steps;
    network.input().mean = network.input().std = {};  // phases are of pixels in [0, 1]
    if (kind == Other::max_pool) network.layers[3].operation = testing::max_pool2();
    if (kind == Other::delayed) network.timing.propagation = Propagation::delayed;
    if (kind == Other::one_spike) {
        network.timing.input = InputCoding::binary_phase;
        network.timing.wait = steps;
    }
    for (const std::size_t l : {2, 5}) {
        Neuron& neuron = network.layers[l].as<Activation>()->neuron;
        neuron.leak = 1;
        neuron.threshold = {0.6F, 0.9F, 0.7F, 0.8F};
        neuron.amplitude = {1.0F, 0.8F, 1.2F, 0.5F};
        neuron.kind = NeuronKind::integrate_fire;
        if (kind == Other::reset_to_zero) neuron.reset = Reset::zero;
        if (kind == Other::multi_spike) neuron.kind = NeuronKind::multi_spike;
        if (kind == Other::one_spike) {
            neuron.kind = NeuronKind::one_spike;
            neuron.base = 1.1F;
        }
    }
    return network;
}

/// Outputs of the simulator, [n][n_out]; per step where spikes come at a rate.
torch::Tensor simulated(const Network& network, const Images& images, const Tensor& pixels) {
    const MemorySamples samples({network.input().shape, 3, images.labels, pixels.values, "images"});
    SimulationOptions options;
    options.keep_logits = true;
    const Tensor sums =
        make_reference_simulator(network)->run(samples, options, no_progress()).logits;
    const torch::Tensor outputs = row_major(sums, torch::kFloat32);
    return is_phase_code(network.timing.input) ? outputs : outputs / network.timing.steps;
}

TEST(InputGradient, RatesAreWhatNeuronsPassOnInManySteps) {
    for (const Other kind : {Other::max_pool, Other::multi_spike, Other::delayed, Other::one_spike})
        for (std::uint64_t seed = 0; seed < 4; ++seed) {
            SCOPED_TRACE(static_cast<int>(kind));
            const Network network = other_network(seed, kind, kind == Other::one_spike ? 60 : 2000);
            const Images images = random_images(seed, 4, network, 3);
            const torch::NoGradGuard no_grad;
            Executor rates(network, torch::kFloat32, torch::kCPU, Precision::float32,
                           SpikingLayers::as_rates);
            const torch::Tensor expected = rates.forward(row_major(images.pixels, torch::kFloat32));
            const torch::Tensor found = simulated(network, images, images.pixels);
            EXPECT_GT(expected.abs().max().item<double>(), 0.1);
            // A code of base 1.1 rounds to 5 %; a rate of 2,000 steps to far less.
            EXPECT_LT((found - expected).abs().max().item<double>(),
                      kind == Other::one_spike ? 0.06 : 0.02);
        }
}

/// Pixel -> weight 2 -> neuron (threshold 4, amplitude 3) -> weights 1 and -1 to two classes.
Network one_neuron(NeuronKind kind) {
    Network network;
    Activation activation;
    activation.neuron.kind = kind;
    activation.neuron.threshold = {4};
    activation.neuron.amplitude = {3};
    testing::append(network, "input", Input{{1, 1, 1}, {}, {}});
    testing::append(network, "flatten", Flatten{});
    testing::append(network, "fc1", Linear{Tensor({1, 1}, {2.0F}), {}});
    testing::append(network, "act", activation);
    testing::append(network, "fc2", Linear{Tensor({2, 1}, {1.0F, -1.0F}), {}});
    testing::append(network, "output", Output{});
    network.timing.steps = 8;
    return network;
}

double rate_gradient(const Network& network, float pixel, std::int64_t label) {
    const InputGradient gradient(network, {}, torch::kCPU, SpikeGradient::rate);
    return gradient(torch::full({1, 1, 1, 1}, pixel), torch::tensor({label})).item<double>();
}

TEST(InputGradient, OfRatesByHand) {
    Network network = one_neuron(NeuronKind::integrate_fire);
    network.layers[3].as<Activation>()->neuron.reset = Reset::zero;
    // Rate 3 * (2 x / 4) = 0.75 at x = 0.5: outputs +-0.75, and dL/dx = -(1 - p) * 2 * 1.5.
    const double p = 1 / (1 + std::exp(-1.5));
    EXPECT_NEAR(rate_gradient(network, 0.5F, 0), -3 * (1 - p), 1e-6);
    EXPECT_NEAR(rate_gradient(network, 0.5F, 1), 3 * p, 1e-6);
    EXPECT_EQ(InputGradient(network, {}).kind(), SpikeGradient::rate);
    network.layers[2].as<Linear>()->weight.values = {8};  // 8 * 0.75 is above the threshold
    EXPECT_EQ(rate_gradient(network, 0.75F, 0), 0);
    network.layers[3].as<Activation>()->neuron.kind = NeuronKind::multi_spike;  // no bound
    EXPECT_GT(std::abs(rate_gradient(network, 0.75F, 1)), 1);
    network.layers[2].as<Linear>()->weight.values = {-1};
    EXPECT_EQ(rate_gradient(network, 0.75F, 0), 0);
}

/// Encoders have bounds, but an attack goes through them as if they had none.
TEST(InputGradient, OfRatesPassesEncodersThatAreSaturated) {
    Network network = one_neuron(NeuronKind::multi_spike);
    network.timing.input = InputCoding::poisson;
    network.input().std = {0.25F};
    // 0.5 is 2 normalized, of which Poisson spikes carry 1: rate 3 * (2 * 1 / 4) = 1.5.
    const double p = 1 / (1 + std::exp(-3.0));
    EXPECT_NEAR(rate_gradient(network, 0.5F, 0), -4 * 3 * (1 - p), 1e-5);
    network = one_neuron(NeuronKind::one_spike);
    network.timing.input = InputCoding::one_spike_phase;  // of base 2: 0.5 at most
    EXPECT_NEAR(rate_gradient(network, 0.875F, 0), -3 * (1 - 1 / (1 + std::exp(-1.5))), 1e-6);
}

/// A constant current into neurons alone: what they pass on in 10,000 steps.
double simulated_rate(const Neuron& neuron, float current) {
    float u = 0;
    int spikes = 0;
    for (int t = 0; t < 10'000; ++t)
        spikes += neuron.kind == NeuronKind::integrate_fire
                      ? step_integrate_fire(u, current, neuron.threshold[0], neuron.reset)
                      : step_leaky_same_step(u, current, neuron.threshold[0], neuron.leak);
    return neuron.amplitude[0] * spikes / 1e4;
}

TEST(InputGradient, RatesOfLeakyNeuronsAndOfThoseThatResetToZero) {
    Network network = one_neuron(NeuronKind::leaky_same_step);
    network.layers[2].as<Linear>()->weight.values = {1};
    network.layers[4].as<Linear>()->weight.values = {1, 0};
    Neuron& neuron = network.layers[3].as<Activation>()->neuron;
    const auto rate = [&](float current) {
        network.input().std = {0.125F};  // the pixel times 8
        const torch::NoGradGuard no_grad;
        Executor rates(network, torch::kFloat32, torch::kCPU, Precision::float32,
                       SpikingLayers::as_rates);
        return rates.forward(torch::full({1, 1, 1, 1}, current / 8)).flatten()[0].item<double>();
    };
    for (const float leak : {1.0F, 0.95F, 0.8F})
        for (int k = 1; k <= 16; ++k) {  // up to the threshold, and beyond
            neuron.leak = leak;
            const float current = 0.3F * static_cast<float>(k);
            const double most = 3 * (1 - static_cast<double>(leak)) / 2 + 2e-3;
            EXPECT_NEAR(rate(current), simulated_rate(neuron, current), most) << leak << " " << k;
        }
    neuron.kind = NeuronKind::integrate_fire;
    neuron.reset = Reset::zero;
    for (const float current : {0.5F, 1.0F, 1.5F, 3.0F, 4.0F, 6.0F}) {
        EXPECT_GE(rate(current), simulated_rate(neuron, current) - 2e-3) << current;
        EXPECT_GT(simulated_rate(neuron, current), 0) << current;
    }
}

TEST(Attack, FollowsRatesWhereThereIsNoWayThroughTime) {
    for (const Other kind : all_others) {
        SCOPED_TRACE(static_cast<int>(kind));
        const Network network = other_network(11, kind, 24);
        const Images images = random_images(11, 64, network, 3);
        const torch::Tensor labels =
            torch::tensor(std::vector<std::int64_t>(images.labels.begin(), images.labels.end()));
        const auto loss = [&](const Tensor& pixels) {
            return torch::cross_entropy_loss(simulated(network, images, pixels), labels)
                .item<double>();
        };
        const AttackedImages worse = attack(network, images.pixels, images.labels, pgd(0.1));
        EXPECT_EQ(worse.gradient, SpikeGradient::rate);
        EXPECT_GT(loss(worse.images), loss(images.pixels) * 1.01);
    }
}

TEST(Attack, SaysWhichGradientItFollowed) {
    const Network spiking = random_network(3, Kind::same_step);
    const Images images = random_images(3, 2, spiking, 3);
    const auto followed = [&](const Network& network, SpikeGradient wanted) {
        AttackOptions options;
        options.gradient = wanted;
        return attack(network, images.pixels, images.labels, options).gradient;
    };
    EXPECT_EQ(followed(spiking, SpikeGradient::automatic), SpikeGradient::through_time);
    EXPECT_EQ(followed(spiking, SpikeGradient::rate), SpikeGradient::rate);
    EXPECT_EQ(followed(random_network(3, Kind::relu), SpikeGradient::automatic),
              SpikeGradient::automatic);
}

std::string refusal(const Network& network, const Images& images, const AttackOptions& options,
                    Fault fault) {
    try {
        (void)attack(network, images.pixels, images.labels, options);
        return "";
    } catch (const Error& error) {
        EXPECT_EQ(error.fault(), fault) << error.what();
        return error.what();
    }
}

TEST(Attack, RefusesWhatItCannotDo) {
    Network network = random_network(1, Kind::same_step);
    const Images images = random_images(1, 2, network, 3);
    const auto says = [](const std::string& text, const std::string& part) {
        EXPECT_NE(text.find(part), std::string::npos) << text;
    };
    AttackOptions options;
    options.epsilon = -0.1;
    says(refusal(network, images, options, Fault::bad_input), "allowed is 0 to 1");
    options.epsilon = NAN;
    says(refusal(network, images, options, Fault::bad_input), "epsilon is nan");
    options = {};
    options.goal = AttackGoal::fixed_class;
    options.target = 3;
    says(refusal(network, images, options, Fault::bad_input), "class 3; the network has 0 to 2");
    options = pgd(0.1);
    options.step = 0;
    says(refusal(network, images, options, Fault::bad_input), "the step is 0");
    options = pgd(0.1);
    options.iterations = 0;
    says(refusal(network, images, options, Fault::bad_input), "0 iterations");
    Images bright = images;
    bright.pixels.values[64] = 1.5F;
    says(refusal(network, bright, {}, Fault::bad_input), "image 1 has a pixel of 1.5");
    Images labelled = images;
    labelled.labels[1] = 7;
    says(refusal(network, labelled, {}, Fault::bad_input), "image 1 is of class 7");
    labelled.labels.pop_back();
    says(refusal(network, labelled, {}, Fault::bad_input), "1 labels");
    options = {};
    options.gradient = SpikeGradient::through_time;
    network.layers[3].operation = testing::max_pool2();
    says(refusal(network, images, options, Fault::unsupported), "'pool'");
    network = random_network(1, Kind::same_step);
    network.layers[5].as<Activation>()->neuron.kind = NeuronKind::multi_spike;
    says(refusal(network, images, options, Fault::unsupported), "'act2'");
    says(refusal(network, images, options, Fault::unsupported), "gradient rate");
    says(refusal(network, images, options, Fault::unsupported), "crafted_on");
}

}  // namespace
}  // namespace ranvier
