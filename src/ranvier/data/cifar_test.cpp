#include "ranvier/data/cifar.hpp"

#include "ranvier/data/test_files.hpp"

#include <gtest/gtest.h>

namespace ranvier {
namespace {

/// A row whose red, green and blue planes hold one value each.
std::string row(std::initializer_list<int> labels, int red, int green, int blue) {
    std::string bytes;
    for (const int label : labels) bytes.push_back(static_cast<char>(label));
    for (const int value : {red, green, blue}) bytes.append(1024, static_cast<char>(value));
    return bytes;
}

TEST(Cifar, ReadsOneBatch) {
    const TemporaryFolder folder;
    const auto path = folder.write("any name", row({3}, 255, 51, 0) + row({9}, 1, 2, 3));
    const auto samples = open_cifar(cifar10(), path, {});
    EXPECT_EQ(samples->size(), 2U);
    EXPECT_EQ(samples->shape(), (Shape{3, 32, 32}));
    EXPECT_EQ(samples->n_classes(), 10);
    EXPECT_EQ(samples->label(1), 9);
    const Tensor image = read_batch(*samples, 0, 1);
    EXPECT_EQ(image.values.front(), 1.0F);
    EXPECT_EQ(image.values[1024], 51.0F / 255.0F);
    EXPECT_EQ(image.values.back(), 0.0F);
    EXPECT_EQ(samples->describe(), "cifar10, " + path.string() + ", 2 of 2");
}

TEST(Cifar, TakesTheFineLabelOfCifar100) {
    const TemporaryFolder folder;
    const auto path = folder.write("test.bin", row({19, 99}, 7, 8, 9));
    const auto samples = open_cifar(cifar100(), path, {});
    EXPECT_EQ(samples->label(0), 99);
    EXPECT_EQ(samples->n_classes(), 100);
    EXPECT_EQ(read_batch(*samples, 0, 1).values.front(), 7.0F / 255.0F);
}

TEST(Cifar, SearchesAFolder) {
    const TemporaryFolder folder;
    folder.write("data_batch_2_first1.bin", row({2}, 0, 0, 0));
    folder.write("data_batch_1_first2.bin", row({0}, 0, 0, 0) + row({1}, 0, 0, 0));
    folder.write("test_batch_first1.bin", row({7}, 0, 0, 0));
    folder.write("batches.meta.txt", "airplane");
    DataOptions options;
    options.split = Split::train;
    const auto train = open_cifar(cifar10(), folder.path(), options);
    ASSERT_EQ(train->size(), 3U);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(train->label(static_cast<std::size_t>(i)), i);
    options.limit = 1;
    EXPECT_EQ(open_cifar(cifar10(), folder.path(), options)->size(), 1U);
    options.split = Split::test;
    EXPECT_EQ(open_cifar(cifar10(), folder.path(), options)->label(0), 7);
}

TEST(Cifar, RefusesAFolderWithoutBatches) {
    const TemporaryFolder folder;
    expect_error(Fault::io, {"test_batch*.bin"},
                 [&] { (void)open_cifar(cifar10(), folder.path(), {}); });
}

TEST(Cifar, RefusesAMissingFileAndAMissingSet) {
    DataOptions options;
    options.root = "/nowhere";
    expect_error(Fault::io, {"/nowhere/x.bin is not a file"},
                 [&] { (void)open_cifar(cifar10(), "/nowhere/x.bin", options); });
    expect_error(Fault::io, {"cifar-100-binary", "--data-root", "cifar-100-binary.tar.gz"},
                 [&] { (void)open_cifar(cifar100(), {}, options); });
}

TEST(Cifar, RefusesPartsOfRows) {
    const TemporaryFolder folder;
    auto path = folder.write("batch", "");
    expect_error(Fault::bad_input, {"batch: has 0 bytes", "rows of 3073 bytes"},
                 [&] { (void)open_cifar(cifar10(), path, {}); });
    folder.write("batch", row({1}, 0, 0, 0).substr(1));
    expect_error(Fault::bad_input, {"has 3072 bytes"},
                 [&] { (void)open_cifar(cifar10(), path, {}); });
    folder.write("batch", row({1, 1}, 0, 0, 0));
    expect_error(Fault::bad_input, {"has 3074 bytes", "its size fits cifar100"},
                 [&] { (void)open_cifar(cifar10(), path, {}); });
}

TEST(Cifar, RefusesLabelsOutOfRange) {
    const TemporaryFolder folder;
    auto path = folder.write("batch", row({1}, 0, 0, 0) + row({10}, 0, 0, 0));
    expect_error(Fault::bad_input, {"image 1 has label 10", "0..9"},
                 [&] { (void)open_cifar(cifar10(), path, {}); });
    folder.write("batch", row({20, 3}, 0, 0, 0));  // the coarse label
    expect_error(Fault::bad_input, {"image 0 has label 20", "0..19"},
                 [&] { (void)open_cifar(cifar100(), path, {}); });
}

TEST(Cifar, OfficialBatchesMustBeWhole) {
    const TemporaryFolder folder;
    folder.write("cifar-10-batches-bin/test_batch.bin", row({1}, 0, 0, 0));
    DataOptions options;
    options.root = folder.path();
    expect_error(Fault::bad_input, {"holds 1 images", "holds 10000", "cifar10:"},
                 [&] { (void)open_cifar(cifar10(), {}, options); });
}

}  // namespace
}  // namespace ranvier
