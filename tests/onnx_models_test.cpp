// The trained networks of ../shared/data against the outputs that PyTorch computed for them.
#include "ranvier/data/cifar.hpp"
#include "ranvier/data/idx.hpp"
#include "ranvier/data/image_folder.hpp"
#include "ranvier/formats/onnx.hpp"
#include "ranvier/net/shapes.hpp"
#include "ranvier/sim/float_engine.hpp"

#include <gtest/gtest.h>

#include "tests/support/npy.hpp"
#include <algorithm>
#include <cmath>
#include <filesystem>

namespace ranvier {
namespace {

namespace fs = std::filesystem;

const fs::path source = RANVIER_SOURCE_DIR;
const fs::path models = source / ".." / "shared" / "data" / "models";
const fs::path data = source / "build" / "data";

struct ModelCase {
    const char* name;
    std::size_t n_images;
    Shape input;
    std::vector<std::size_t> operations;  // convolutions, linear, batch norms, shortcuts
};

std::unique_ptr<Samples> open_samples(const std::string& model) {
    DataOptions options;
    options.root = data;
    if (model.starts_with("mnist"))
        return open_idx_set({"mnist", "MNIST/raw", "../shared"}, options);
    if (model.starts_with("cifar10"))
        return open_cifar(cifar10(), data / "cifar-10-lossless-subset" / "test_batch_first932.bin",
                          options);
    options.shape = Shape{3, 224, 224};
    options.resize = 256;
    return open_image_folder(data / "imagenet-sample", options);
}

void set_normalization(Network& network) {
    if (network.input().shape.channels != 3) return;
    network.input().mean = {0.485F, 0.456F, 0.406F};
    network.input().std = {0.229F, 0.224F, 0.225F};
}

template <typename T>
std::size_t count(const Network& network) {
    return static_cast<std::size_t>(
        std::count_if(network.layers.begin(), network.layers.end(),
                      [](const Layer& layer) { return layer.as<T>() != nullptr; }));
}

class OnnxModel : public ::testing::TestWithParam<ModelCase> {
protected:
    void SetUp() override {
        if (!fs::exists(models)) GTEST_SKIP() << "needs ../shared/data/models";
        path_ = models / (std::string(GetParam().name) + ".onnx");
    }
    fs::path path_;
};

TEST_P(OnnxModel, HasItsLayersAndNothingElse) {
    const Network network = import_onnx(path_);
    EXPECT_EQ(network.input().shape, GetParam().input);
    EXPECT_TRUE(network.input().mean.empty());
    const std::vector<std::size_t> found = {count<Convolution>(network), count<Linear>(network),
                                            count<BatchNorm>(network), count<Shortcut>(network)};
    EXPECT_EQ(found, GetParam().operations);
    EXPECT_EQ(count<Dropout>(network), 0U);
    EXPECT_NO_THROW((void)infer_shapes(network));
    EXPECT_EQ(network.notes.at("source"),
              "onnx: " + path_.filename().string() + ", opset 13, producer pytorch 1.13.0");
}

TEST_P(OnnxModel, ComputesTheLogitsOfPyTorch) {
    if (!fs::exists(data / "MNIST" / "raw"))
        GTEST_SKIP() << "needs build/data: ../shared/data/prepare build/data";
    Network network = import_onnx(path_);
    set_normalization(network);
    const auto samples = open_samples(GetParam().name);
    const Tensor expected =
        testing::read_npy(models / "logits" / (std::string(GetParam().name) + ".npy"));
    const std::size_t n = GetParam().n_images;
    const Tensor found = FloatEngine(network).run(read_batch(*samples, 0, n));
    const auto n_classes = static_cast<std::size_t>(expected.dims[1]);
    ASSERT_EQ(found.dims,
              (std::vector<std::int64_t>{static_cast<std::int64_t>(n), expected.dims[1]}));
    double worst = 0;
    for (std::size_t k = 0; k < n * n_classes; ++k)
        worst = std::max<double>(worst, std::abs(found.values[k] - expected.values[k]));
    RecordProperty("max_abs_difference", std::to_string(worst));
    // Sums in another order; logits reach about 20, so this is 5e-5 of their size.
    EXPECT_LE(worst, 1e-3);
}

INSTANTIATE_TEST_SUITE_P(
    Shared, OnnxModel,
    ::testing::Values(ModelCase{"mnist_lenet_bn", 64, {1, 28, 28}, {3, 1, 2, 0}},
                      ModelCase{"mnist_vgg_nobias", 64, {1, 28, 28}, {3, 2, 0, 0}},
                      ModelCase{"cifar10_resnet20_bn", 64, {3, 32, 32}, {19, 1, 19, 2}},
                      ModelCase{"cifar10_resnet56", 64, {3, 32, 32}, {55, 1, 0, 2}},
                      ModelCase{"imagenet_squeezenet1_1", 4, {3, 224, 224}, {26, 0, 0, 0}}),
    [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace ranvier
