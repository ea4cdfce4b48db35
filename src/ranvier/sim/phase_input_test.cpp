#include "ranvier/sim/phase_input.hpp"

#include <gtest/gtest.h>

#include "tests/support/property.hpp"
#include <cmath>
#include <rapidcheck.h>

namespace ranvier {
namespace {

PixelEncoder binary(int steps) {
    return PixelEncoder({steps, steps, InputCoding::binary_phase, Propagation::same_step});
}
PixelEncoder one_spike(int steps, float base) {
    return PixelEncoder({steps, steps, InputCoding::one_spike_phase, Propagation::same_step, base});
}

TEST(PixelEncoder, BinaryHandCheckedCase) {
    const PixelEncoder encoder = binary(4);
    const std::uint32_t code = encoder.encode(0.68F);  // 10.88 sixteenths: 11, binary 1011
    EXPECT_TRUE(encoder.fires(code, 1));
    EXPECT_FALSE(encoder.fires(code, 2));
    EXPECT_TRUE(encoder.fires(code, 3));
    EXPECT_TRUE(encoder.fires(code, 4));
    EXPECT_EQ(encoder.total(code).value, 0.6875F);
    EXPECT_EQ(encoder.total(code).spikes, 3);
    EXPECT_EQ(encoder.total(encoder.encode(1.0F)).value, 0.9375F) << "the largest";
    EXPECT_EQ(encoder.total(encoder.encode(0.0F)).spikes, 0);
}

TEST(PixelEncoder, OneSpikeHandCheckedCase) {
    // Base 2: phases are worth 1/2, 1/4, 1/8 and begin at 3/4 of 1, 1/2, 1/4 ... of it: 3/8, 3/16,
    // 3/32.
    const PixelEncoder encoder = one_spike(3, 2.0F);
    EXPECT_EQ(encoder.encode(1.0F), 1U) << "saturates";
    EXPECT_EQ(encoder.encode(0.375F), 1U) << "a tie fires";
    EXPECT_EQ(encoder.encode(0.37F), 2U);
    EXPECT_EQ(encoder.encode(0.1F), 3U);
    EXPECT_EQ(encoder.encode(0.09F), 0U);
    EXPECT_EQ(encoder.total(1).value, 0.5F);
    EXPECT_EQ(encoder.total(3).value, 0.125F);
    EXPECT_EQ(encoder.total(3).spikes, 1);
    EXPECT_EQ(encoder.total(0).spikes, 0);
    EXPECT_EQ(encoder.total(0).value, 0.0F);
}

TEST(PixelEncoder, TotalIsTheSumOverPhases) {
    testing::check_property([] {
        const int steps = *rc::gen::inRange(1, 40);
        const float pixel = static_cast<float>(*rc::gen::inRange(0, 1001)) / 1000;
        for (const PixelEncoder& encoder : {binary(steps), one_spike(steps, 1.3F)}) {
            const std::uint32_t code = encoder.encode(pixel);
            float value = 0;
            int spikes = 0;
            for (int phase = 1; phase <= steps; ++phase)
                if (encoder.fires(code, phase)) value += encoder.worth(phase), ++spikes;
            RC_ASSERT(encoder.total(code).value == value);
            RC_ASSERT(encoder.total(code).spikes == spikes);
        }
    });
}

TEST(PixelEncoder, RoundsToTheNearest) {
    const int steps = 16;
    const PixelEncoder bits = binary(steps);
    const PixelEncoder one = one_spike(steps, 1.3F);
    for (int i = 0; i <= 255; ++i) {
        const float pixel = static_cast<float>(i) / 255;
        EXPECT_NEAR(bits.total(bits.encode(pixel)).value, pixel, i == 255 ? 0x1p-16 : 0x1p-17);
        // The nearest of all phase values, and of 0 as if it were the next phase.
        double nearest = std::pow(1.3, -steps - 1);
        double emitted = 0;
        for (int phase = 1; phase <= steps; ++phase) {
            const double worth = std::pow(double{1.3F}, -phase);
            if (std::abs(worth - pixel) < std::abs(nearest - pixel)) nearest = emitted = worth;
        }
        EXPECT_NEAR(one.total(one.encode(pixel)).value, emitted, 1e-6) << pixel;
    }
}

}  // namespace
}  // namespace ranvier
