#include "ranvier/data/cached_samples.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/base/parallel.hpp"

#include <gtest/gtest.h>

#include <atomic>

namespace ranvier {
namespace {

/// Image i holds i, i + 0.5; says how often it was read; the last one cannot be.
class CountingSamples : public Samples {
public:
    std::size_t size() const override { return 5; }
    Shape shape() const override { return {1, 1, 2}; }
    int n_classes() const override { return 3; }
    int label(std::size_t index) const override { return static_cast<int>(index % 3); }
    void read(std::size_t index, std::span<float> pixels) const override {
        if (index == 4) fail(Fault::io, "image 4 is damaged");
        ++n_reads;
        pixels[0] = static_cast<float>(index);
        pixels[1] = static_cast<float>(index) + 0.5F;
    }
    std::string describe() const override { return "counting"; }

    mutable std::atomic<int> n_reads = 0;
};

TEST(CachedSamples, EveryImageIsReadOnceFromAnyNumberOfThreads) {
    const auto base = std::make_shared<CountingSamples>();
    const CachedSamples cached(base);
    parallel_for(400, 4, [&](std::size_t k, std::size_t) {
        std::vector<float> pixels(2);
        cached.read(k % 4, pixels);
        EXPECT_EQ(pixels[1], static_cast<float>(k % 4) + 0.5F);
    });
    EXPECT_EQ(base->n_reads, 4);
    EXPECT_EQ(cached.label(2), 2);
    EXPECT_EQ(cached.describe(), "counting");
}

TEST(CachedSamples, AnImageThatCannotBeReadStaysUnread) {
    const CachedSamples cached(std::make_shared<CountingSamples>());
    std::vector<float> pixels(2);
    for (int k = 0; k < 2; ++k) EXPECT_THROW(cached.read(4, pixels), Error);
    EXPECT_THROW(cached.read(5, pixels), Error);
}

}  // namespace
}  // namespace ranvier
