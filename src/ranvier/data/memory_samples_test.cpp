#include "ranvier/data/memory_samples.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/data/subset_samples.hpp"

#include <gtest/gtest.h>

namespace ranvier {
namespace {

MemorySamples::Content two_images() {
    return {{1, 1, 2}, 3, {2, 0}, std::vector<std::uint8_t>{0, 255, 51, 102}, "two"};
}

Fault fault_of(MemorySamples::Content content) {
    try {
        const MemorySamples samples(std::move(content));
    } catch (const Error& error) {
        return error.fault();
    }
    return Fault::internal;  // none of the constructor's
}

TEST(MemorySamples, BytesBecomeFractions) {
    const MemorySamples samples(two_images());
    std::vector<float> pixels(2);
    samples.read(1, pixels);
    EXPECT_EQ(pixels, (std::vector<float>{51.0F / 255.0F, 102.0F / 255.0F}));
    EXPECT_EQ(samples.label(0), 2);
    EXPECT_EQ(read_batch(samples, 0, 2).dims, (std::vector<std::int64_t>{2, 1, 1, 2}));
}

TEST(MemorySamples, FloatsStayAsTheyAre) {
    MemorySamples::Content content = two_images();
    content.pixels = std::vector<float>{1, 2, 3, 4};
    const MemorySamples samples(std::move(content));
    EXPECT_EQ(read_batch(samples, 0, 2).values, (std::vector<float>{1, 2, 3, 4}));
}

TEST(MemorySamples, RefusesWhatDoesNotFit) {
    MemorySamples::Content content = two_images();
    content.labels.push_back(1);
    EXPECT_EQ(fault_of(content), Fault::bad_input);
    content = two_images();
    content.labels[1] = 3;
    EXPECT_EQ(fault_of(content), Fault::bad_input);
    content = two_images();
    content.shape.height = 0;
    EXPECT_EQ(fault_of(content), Fault::bad_input);
}

TEST(MemorySamples, RefusesAWrongRead) {
    const MemorySamples samples(two_images());
    std::vector<float> right(2);
    std::vector<float> wrong(3);
    EXPECT_THROW(samples.read(2, right), Error);
    EXPECT_THROW(samples.read(0, wrong), Error);
    EXPECT_THROW((void)samples.label(2), Error);
}

TEST(SubsetSamples, HoldsTheFirst) {
    const auto base = std::make_shared<MemorySamples>(two_images());
    const SubsetSamples one(base, 1);
    EXPECT_EQ(one.size(), 1U);
    EXPECT_EQ(one.label(0), 2);
    EXPECT_EQ(one.describe(), "two, first 1");
    EXPECT_THROW((void)one.label(1), Error);
    EXPECT_EQ(SubsetSamples(base, 5).size(), 2U);
}

}  // namespace
}  // namespace ranvier
