#include "ranvier/net/shapes.hpp"

#include "ranvier/base/error.hpp"

#include <gtest/gtest.h>

#include "tests/support/networks.hpp"
#include <functional>
#include <limits>
#include <rapidcheck/gtest.h>

namespace ranvier {
namespace {

using namespace testing;

Window square(std::int64_t kernel, std::int64_t stride, std::int64_t pad,
              std::int64_t dilation = 1) {
    return {kernel, kernel, stride, stride, pad, pad, pad, pad, dilation, dilation};
}

TEST(WindowedShape, HandCheckedCases) {
    const Shape in{3, 7, 10};
    EXPECT_EQ(windowed_shape(in, square(3, 1, 1), false, 5), (Shape{5, 7, 10}));
    EXPECT_EQ(windowed_shape(in, square(2, 2, 0), false, 3), (Shape{3, 3, 5}));
    EXPECT_EQ(windowed_shape(in, square(2, 2, 0), true, 3), (Shape{3, 4, 5}));
    EXPECT_EQ(windowed_shape(in, square(3, 2, 1), false, 3), (Shape{3, 4, 5}));
    EXPECT_EQ(windowed_shape(in, square(3, 1, 0, 2), false, 3), (Shape{3, 3, 6})) << "spans 5";
    EXPECT_EQ(windowed_shape({1, 8, 8}, {3, 3, 2, 2, 0, 0, 1, 1}, false, 1), (Shape{1, 4, 4}))
        << "padding only behind";
}

TEST(WindowedShape, CeilModeDropsAWindowThatStartsInThePadding) {
    // 3 + 2 * 1 padded pixels, kernel 2, stride 2: ceil(3 / 2) + 1 = 3 windows, starting at -1, 1,
    // 3. The last would start behind the image, so PyTorch leaves it out.
    EXPECT_EQ(windowed_shape({1, 3, 3}, square(2, 2, 1), true, 1), (Shape{1, 2, 2}));
    EXPECT_EQ(windowed_shape({1, 4, 4}, square(2, 2, 1), true, 1), (Shape{1, 3, 3}));
}

/// Lays the windows one by one. Without ceil mode all must lie inside the padded image; with it the
/// last may stick out, but must start inside the image or its left padding.
std::int64_t count_windows(std::int64_t in, const Window& w, bool ceil_mode) {
    const std::int64_t span = w.dilation_w * (w.kernel_w - 1) + 1;
    const std::int64_t end = in + w.pad_right;
    std::int64_t n = 0;
    for (std::int64_t start = -w.pad_left; start + span <= end; start += w.stride_w) ++n;
    const std::int64_t next = n * w.stride_w - w.pad_left;  // the first that does not fit
    const bool something_left = next - w.stride_w + span < end;
    return n + (ceil_mode && n > 0 && something_left && next < in ? 1 : 0);
}

RC_GTEST_PROP(WindowedShape, EqualsLayingTheWindowsOneByOne, ()) {
    const auto number = [](std::int64_t low, std::int64_t high) {
        return *rc::gen::inRange(low, high + 1);
    };
    const std::int64_t in = number(1, 40);
    Window w;
    w.kernel_w = number(1, 6), w.stride_w = number(1, 5), w.dilation_w = number(1, 3);
    w.pad_left = number(0, w.kernel_w - 1), w.pad_right = number(0, w.kernel_w - 1);
    const bool ceil_mode = number(0, 1) == 1;
    RC_ASSERT(windowed_shape({1, 1, in}, w, ceil_mode, 1).width == count_windows(in, w, ceil_mode));
}

TEST(InferShapes, FollowsABranchedNetwork) {
    const auto shapes = infer_shapes(branched_network(1));
    EXPECT_EQ(shapes[1], (Shape{4, 6, 6}));
    EXPECT_EQ(shapes[4], (Shape{6, 3, 3})) << "shortcut";
    EXPECT_EQ(shapes[8], (Shape{10, 3, 3})) << "concat";
    EXPECT_EQ(shapes.back(), (Shape{3, 1, 1}));
}

/// A change that makes the network unusable, and what the message must name.
struct Damage {
    const char* layer;
    std::function<void(Network&)> apply;
};

TEST(InferShapes, RefusesAndNamesTheLayer) {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const auto conv = [](Network& n) { return n.layers[1].as<Convolution>(); };
    const auto neuron = [](Network& n) { return &n.layers[2].as<Activation>()->neuron; };
    const std::vector<Damage> damages = {
        {"conv1", [&](Network& n) { conv(n)->weight.values[5] = nan; }},
        {"conv1", [&](Network& n) { conv(n)->bias.values[0] = 1 / 0.0F; }},
        {"conv1", [&](Network& n) { conv(n)->bias = Tensor({3}); }},
        {"conv1", [&](Network& n) { conv(n)->groups = 0; }},
        {"conv1", [&](Network& n) { conv(n)->groups = 3; }},
        {"conv1", [&](Network& n) { conv(n)->window.stride_h = 0; }},
        {"conv1", [&](Network& n) { conv(n)->window.pad_left = -1; }},
        {"conv1", [&](Network& n) { conv(n)->window.kernel_w = 2; }},
        {"conv1", [&](Network& n) { conv(n)->weight.dims[1] = 5; }},
        {"conv1", [&](Network& n) { n.layers[1].inputs = {}; }},
        {"conv1", [&](Network& n) { n.layers[1].inputs = {3}; }},
        {"relu1", [&](Network& n) { neuron(n)->threshold = {0.0F}; }},
        {"relu1",
         [&](Network& n) {
             neuron(n)->threshold = {1, 2, 3};
         }},
        {"relu1", [&](Network& n) { neuron(n)->amplitude = {nan}; }},
        {"relu1", [&](Network& n) { neuron(n)->base = 1.0F; }},
        {"relu1", [&](Network& n) { neuron(n)->leak = -1.0F; }},
        {"shortcut", [](Network& n) { n.layers[4].as<Shortcut>()->stride = 0; }},
        {"add", [](Network& n) { n.layers[4].as<Shortcut>()->channels_after = 2; }},
        {"concat", [](Network& n) { n.layers[7].as<MaxPool>()->window.stride_h = 3; }},
        {"average", [](Network& n) { n.layers[9].as<AveragePool>()->window.pad_top = 2; }},
        {"linear", [](Network& n) { n.layers[11].as<Linear>()->weight.dims[1] = 7; }},
        {"conv2", [](Network& n) { n.layers[3].name = "conv2", n.layers[1].name = "conv2"; }},
        {"input", [](Network& n) { n.input().std = {1.0F}; }},
        {"input",
         [](Network& n) {
             n.input().std = {0.0F, 1.0F};
         }},
        {"input", [](Network& n) { n.input().shape.height = 0; }},
        {"input", [](Network& n) { n.input().shape.height = std::int64_t{1} << 40; }},
        {"output", [](Network& n) { n.layers.back().operation = Flatten{}; }},
        {"linear",
         [](Network& n) {
             n.layers[8].inputs = {7, 7};
         }},
    };
    for (std::size_t k = 0; k < damages.size(); ++k) {
        Network network = branched_network(1);
        damages[k].apply(network);
        try {
            (void)infer_shapes(network);
            ADD_FAILURE() << "damage " << k << " to " << damages[k].layer << " went unnoticed";
        } catch (const Error& error) {
            EXPECT_EQ(error.fault(), Fault::bad_input);
            EXPECT_NE(std::string(error.what()).find(damages[k].layer), std::string::npos)
                << "damage " << k << ": " << error.what();
        }
    }
}

}  // namespace
}  // namespace ranvier
