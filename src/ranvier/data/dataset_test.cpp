#include "ranvier/data/dataset.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/data/test_files.hpp"

#include <gtest/gtest.h>

namespace ranvier {
namespace {

std::string error_of(const DataOptions& options, Fault fault) {
    try {
        (void)open_dataset(options);
    } catch (const Error& error) {
        EXPECT_EQ(static_cast<int>(error.fault()), static_cast<int>(fault)) << error.what();
        return error.what();
    }
    ADD_FAILURE() << options.set << " was opened";
    return {};
}

DataOptions named(const std::string& set) {
    DataOptions options;
    options.set = set;
    return options;
}

TEST(OpenDataset, DigitsNeedNoFiles) {
    DataOptions options = named("digits");
    EXPECT_EQ(open_dataset(options)->size(), 2000U);
    options.split = Split::train;
    EXPECT_EQ(open_dataset(options)->size(), 10000U);
    options.limit = 7;
    EXPECT_EQ(open_dataset(options)->size(), 7U);
    options.shape = Shape{1, 28, 28};
    EXPECT_EQ(open_dataset(options)->n_classes(), 10);
}

TEST(OpenDataset, WrongShapeNamesBoth) {
    DataOptions options = named("digits");
    options.shape = Shape{3, 32, 32};
    const std::string message = error_of(options, Fault::bad_input);
    EXPECT_NE(message.find("1x28x28"), std::string::npos) << message;
    EXPECT_NE(message.find("3x32x32"), std::string::npos) << message;
}

TEST(OpenDataset, UnknownSetNamesTheKnownOnes) {
    for (const char* set : {"mnits", "", ":x", "images"}) {
        const std::string message = error_of(named(set), Fault::usage);
        EXPECT_NE(message.find("fashion-mnist"), std::string::npos) << message;
    }
    (void)error_of(named("cifar10:"), Fault::usage);
    (void)error_of(named("mnist:somewhere"), Fault::usage);
}

TEST(OpenDataset, MissingFilesAreNamed) {
    const TemporaryFolder folder;
    DataOptions options = named("mnist");
    options.root = folder.path();
    EXPECT_NE(error_of(options, Fault::io).find("MNIST/raw"), std::string::npos);
    options.set = "fashion-mnist";
    EXPECT_NE(error_of(options, Fault::io).find("FashionMNIST/raw"), std::string::npos);
    options.set = "cifar10";
    EXPECT_NE(error_of(options, Fault::io).find("cifar-10-batches-bin"), std::string::npos);
    options.set = "cifar100:" + (folder.path() / "none.bin").string();
    EXPECT_NE(error_of(options, Fault::io).find("none.bin"), std::string::npos);
    options.set = "images:" + (folder.path() / "none").string();
    options.shape = Shape{3, 8, 8};
    EXPECT_NE(error_of(options, Fault::io).find("none"), std::string::npos);
}

TEST(OpenDataset, OneCifarBatch) {
    const TemporaryFolder folder;
    std::string rows(3073 * 2, '\0');
    rows[0] = 3;
    rows[3073] = 9;
    rows[3074] = '\xFF';
    const auto file = folder.write("test_batch_first2.bin", rows);
    const auto samples = open_dataset(named("cifar10:" + file.string()));
    ASSERT_EQ(samples->size(), 2U);
    EXPECT_EQ(samples->label(0), 3);
    EXPECT_EQ(samples->label(1), 9);
    std::vector<float> pixels(3072);
    samples->read(1, pixels);
    EXPECT_EQ(pixels[0], 1.0F);
    EXPECT_EQ(pixels[1], 0.0F);
    EXPECT_EQ(open_dataset(named("cifar10:" + folder.path().string()))->size(), 2U);
}

}  // namespace
}  // namespace ranvier
