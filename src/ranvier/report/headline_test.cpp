#include "ranvier/report/headline.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ranvier {
namespace {

using Json = nlohmann::ordered_json;

const Json on_train = {{"data", "digits train"}, {"split", "train"}, {"samples", 9000}};
const Json on_more = {{"data", "digits test, 500"}, {"samples", 500}};

/// As page_evaluation makes it. Without `more`: on 100 samples of the test split.
Json result(const std::string& coding, double accuracy, const Json& more = Json::object()) {
    Json json = {{"coding", coding},
                 {"accuracy", accuracy},
                 {"samples", 100},
                 {"data", "digits test"},
                 {"split", "test"},
                 {"energy_pj", 50.0},
                 {"float_macs_per_sample", 1000.0}};
    json.update(more);
    return json;
}

Json attack(double accuracy) {
    return result("rate", accuracy, {{"attack", {{"rows", Json::array({Json::object()})}}}});
}

struct Choice {
    std::vector<Json> evaluations;
    std::size_t evaluation;
    std::size_t among;
};

void expect(const Choice& choice) {
    const auto headline = headline_in(choice.evaluations);
    ASSERT_TRUE(headline);
    EXPECT_EQ(headline->evaluation, choice.evaluation);
    EXPECT_EQ(headline->among, choice.among);
}

TEST(Headline, OnTheSameDataIsTheMostAccurateThenTheCheapest) {
    expect({{result("rate", 0.8), result("rate", 0.9), result("one_spike", 0.85)}, 1, 3});
    expect({{result("rate", 0.9), result("rate", 0.9, {{"energy_pj", 7.0}})}, 1, 2});
    expect({{result("rate", 0.9, {{"energy_pj", 0.0}}), result("rate", 0.9)}, 1, 2});  // 0: unknown
    expect({{result("rate", 0.9), result("rate", 0.9)}, 0, 2});
}

TEST(Headline, AFloatNetworkOnTheSameDataComesFirst) {
    expect({{result("rate", 0.99, on_more), result("rate", 0.8), result("float", 0.9)}, 1, 1});
    // Of another shape: not beside it.
    const Json wide = {{"float_macs_per_sample", 7.0}};
    expect({{result("rate", 0.99, wide), result("rate", 0.8), result("float", 0.9)}, 1, 1});
}

TEST(Headline, TheTestSplitComesBeforeMoreSamples) {
    expect({{result("rate", 0.99, on_train), result("rate", 0.8)}, 1, 1});
}

TEST(Headline, MoreSamplesComeBeforeAccuracy) {
    expect(
        {{result("rate", 0.99), result("rate", 0.8, on_more), result("rate", 0.7, on_more)}, 1, 2});
}

TEST(Headline, OfEqualFootingOnlyThatOnTheSameDataIsCounted) {
    expect({{result("rate", 0.9), result("rate", 0.8, {{"data", "mnist test"}})}, 0, 1});
}

TEST(Headline, WithoutASpikingResultIsTheLastThatWasNotAttacked) {
    expect({{result("float", 0.9), result("float", 0.8), attack(0.99)}, 1, 0});
    expect({{attack(0.9), attack(0.8)}, 1, 0});
    expect({{attack(0.99), result("rate", 0.5), attack(0.99)}, 1, 1});
    EXPECT_FALSE(headline_in(Json::array()));
}

TEST(Reference, HasTheSameDataAndShapeAndRatherFloatWeights) {
    const Json one = result("rate", 0.9);
    const Json binary = result("float", 0.5, {{"weights", "binary"}});
    EXPECT_EQ(reference_in(one, {one, binary, result("float", 0.9)}), 2U);
    EXPECT_EQ(reference_in(one, {one, binary}), 1U);
    EXPECT_FALSE(reference_in(one, {one, result("float", 0.9, on_more)}));
    EXPECT_FALSE(reference_in(one, {one, result("float", 0.9, {{"float_macs_per_sample", 7.0}})}));
}

}  // namespace
}  // namespace ranvier
