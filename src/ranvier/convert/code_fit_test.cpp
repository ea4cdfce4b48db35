#include "ranvier/convert/code_fit.hpp"

#include "ranvier/base/random.hpp"

#include <gtest/gtest.h>

#include "tests/support/property.hpp"
#include <cmath>
#include <rapidcheck.h>

namespace ranvier {
namespace {

/// Squared error by walking through all samples.
double plain_error(const UnitCode& code, const CodeFit& fit, const std::vector<float>& membrane,
                   const std::vector<float>& wanted) {
    double sum = 0;
    for (std::size_t i = 0; i < membrane.size(); ++i) {
        double emitted = 0;
        for (std::size_t k = code.threshold.size(); k-- > 0;)
            if (membrane[i] >= static_cast<float>(code.threshold[k] * fit.threshold))
                emitted = code.worth[k] * fit.amplitude;
        sum += (emitted - wanted[i]) * (emitted - wanted[i]);
    }
    return sum;
}

TEST(CodeFit, ByHand) {
    const UnitCode code(2, 2, true);  // worth 1/2 1/4, thresholds 3/8 3/16
    const CodeSamples samples({1, 0.25F, -1}, {1, 0.5F, 0});
    const CodeFit fit = samples.with_threshold(code, 1);
    EXPECT_EQ(fit.amplitude, 2);  // (1/2 * 1 + 1/4 * 1/2) / (1/4 + 1/16)
    EXPECT_NEAR(fit.error, 0, 1e-12);
    EXPECT_EQ(CodeSamples({1, 2}, {0, 0}).search(code, 3).threshold, 3);
}

TEST(CodeFit, ErrorAndAmplitudeAreThoseOfTheSamples) {
    testing::check_property([] {
        Random random(*rc::gen::inRange<std::uint64_t>(0, 1U << 30), 0);
        const UnitCode code(*rc::gen::element(1.1, 1.3, 2.0), *rc::gen::inRange(1, 20),
                            *rc::gen::arbitrary<bool>());
        std::vector<float> membrane, wanted;
        const int n = *rc::gen::inRange(1, 200);
        for (int i = 0; i < n; ++i) {
            membrane.push_back(random.normal());
            wanted.push_back(std::max(0.0F, membrane.back() + 0.1F * random.normal()));
        }
        const CodeSamples samples(membrane, wanted);
        CodeFit fit = samples.with_threshold(code, random.uniform(0.1F, 3.0F));
        const double error = plain_error(code, fit, membrane, wanted);
        RC_ASSERT(std::abs(error - fit.error) < 1e-6 + 1e-4 * error);
        // No other amplitude does better, and no other threshold tried. Where only neurons fire
        // that should be silent, the amplitude is the threshold, and the smaller the better.
        for (const float factor : {0.9F, 1.1F}) {
            if (fit.amplitude == fit.threshold) continue;
            CodeFit other = fit;
            other.amplitude *= factor;
            RC_ASSERT(plain_error(code, other, membrane, wanted) >= error - 1e-6);
        }
        RC_ASSERT(samples.search(code, 1, 0.1, 2.5, 200).error <=
                  samples.search(code, 1, 0.1, 2.5, 2).error + 1e-9);
    });
}

}  // namespace
}  // namespace ranvier
