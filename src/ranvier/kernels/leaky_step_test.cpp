#include "ranvier/kernels/leaky_step.hpp"

#include "ranvier/kernels/isa_test_loop.hpp"

#include <gtest/gtest.h>

#include "tests/support/property.hpp"
#include <limits>
#include <rapidcheck.h>
#include <vector>

namespace ranvier {
namespace {

struct Population {
    explicit Population(std::size_t n)
        : membrane(n, -65), wait(n), exc(n), inh(n), theta(n), bits(n / 64) {}
    LeakyNeurons view() {
        return {membrane.size(), membrane.data(), wait.data(),
                exc.data(),      inh.data(),      theta.data()};
    }
    std::vector<float> membrane, wait, exc, inh, theta;
    std::vector<std::uint64_t> bits;
};

TEST(LeakyStep, CurrentByHand) {
    LeakyRule rule;
    rule.form = LeakyForm::current;
    rule.keep = 0.5F;
    rule.rest = -65;
    rule.reset = -60;
    rule.threshold = -52;
    rule.refractory = 2;
    on_every_isa([&](const std::string& isa) {
        Population p(64);
        p.exc = std::vector<float>(64, 8.0F);  // -65 + 8 = -57; then -61 + 8 = -53
        p.exc[1] = 20;                         // -45: fires
        p.exc[2] = 13;                         // -52: equals the threshold, does not fire
        p.exc[3] = 20, p.inh[3] = 10;          // -55
        p.exc[4] = 20, p.theta[4] = 10;        // threshold -42
        EXPECT_EQ(leaky_step(rule, p.view(), p.bits.data()), 1U) << isa;
        EXPECT_EQ(p.bits[0], 2U) << isa;
        EXPECT_EQ(p.membrane[0], -57) << isa;
        EXPECT_EQ(p.membrane[1], -60) << isa;
        EXPECT_EQ(p.membrane[3], -55) << isa;
        EXPECT_EQ(p.exc[0], 0) << isa;  // lasts one step
        for (int step = 0; step < 2; ++step) {
            p.exc = std::vector<float>(64, 8.0F);
            p.exc[1] = 100;  // within its refractory time
            EXPECT_EQ(leaky_step(rule, p.view(), p.bits.data()) & p.bits[0] & 2U, 0U) << isa;
            EXPECT_EQ(p.membrane[1], -60) << isa;
        }
        p.exc[1] = 100;
        leaky_step(rule, p.view(), p.bits.data());
        EXPECT_EQ(p.bits[0] & 2U, 2U) << isa;
    });
}

TEST(LeakyStep, ConductanceByHand) {
    LeakyRule rule;
    rule.share = 0.5F;
    rule.rest = rule.reset = -64;
    rule.threshold = -30;
    rule.e_exc = 0;
    rule.e_inh = -100;
    rule.decay_exc = 0.5F;
    rule.decay_inh = 0.25F;
    on_every_isa([&](const std::string& isa) {
        Population p(64);
        p.membrane = std::vector<float>(64, -64.0F);
        p.exc[1] = 3;                // (-64 - 32) / (1 + 0.5 (1 + 3)) = -32
        p.exc[2] = 5;                // -96 / 4 = -24: fires
        p.exc[3] = 1, p.inh[3] = 4;  // (-64 + 0.5 (-64 - 400)) / (1 + 0.5 * 6) = -74
        EXPECT_EQ(leaky_step(rule, p.view(), p.bits.data()), 1U) << isa;
        EXPECT_EQ(p.bits[0], 4U) << isa;
        EXPECT_EQ(p.membrane[0], -64) << isa;  // rest stays
        EXPECT_EQ(p.membrane[1], -32) << isa;
        EXPECT_EQ(p.membrane[2], -64) << isa;
        EXPECT_EQ(p.membrane[3], -74) << isa;
        EXPECT_EQ(p.exc[1], 1.5F) << isa;
        EXPECT_EQ(p.inh[3], 1.0F) << isa;
    });
}

TEST(LeakyStep, EveryInstructionSetStepsAlike) {
    testing::check_property([] {
        const auto number = [](int low, int high) {
            return static_cast<float>(*rc::gen::inRange(low, high)) / 16;
        };
        LeakyRule rule;
        rule.form = *rc::gen::element(LeakyForm::conductance, LeakyForm::current);
        rule.share = number(0, 16);
        rule.keep = number(0, 17);
        rule.rest = number(-1100, -900);
        rule.reset = number(-1100, -900);
        rule.threshold = number(-900, -800);
        rule.e_inh = number(-1700, -1300);
        rule.mean_exc = number(1, 17);
        rule.mean_inh = number(1, 17);
        rule.decay_exc = number(0, 17);
        rule.decay_inh = number(0, 17);
        rule.refractory = static_cast<float>(*rc::gen::inRange(0, 4));
        Population start(64 * *rc::gen::inRange<std::size_t>(1, 4));
        for (std::size_t i = 0; i < start.membrane.size(); ++i) {
            start.membrane[i] = number(-1200, -800);
            start.wait[i] = static_cast<float>(*rc::gen::inRange(0, 3));
            start.exc[i] = number(0, 400);
            start.inh[i] = number(0, 200);
            start.theta[i] = *rc::gen::inRange(0, 10) == 0 ? std::numeric_limits<float>::infinity()
                                                           : number(0, 400);
        }
        Population expected = start;
        std::vector<std::uint64_t> first;
        for (int step = 0; step < 3; ++step) {
            leaky_step_reference(rule, expected.view(), expected.bits.data());
            first.insert(first.end(), expected.bits.begin(), expected.bits.end());
        }
        on_every_isa([&](const std::string&) {
            Population got = start;
            std::vector<std::uint64_t> bits;
            for (int step = 0; step < 3; ++step) {
                leaky_step(rule, got.view(), got.bits.data());
                bits.insert(bits.end(), got.bits.begin(), got.bits.end());
            }
            RC_ASSERT(bits == first);
            RC_ASSERT(got.membrane == expected.membrane);
            RC_ASSERT(got.wait == expected.wait);
            RC_ASSERT(got.exc == expected.exc);
            RC_ASSERT(got.inh == expected.inh);
        });
    });
}

}  // namespace
}  // namespace ranvier
