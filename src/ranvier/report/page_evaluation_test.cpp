#include "ranvier/report/page_evaluation.hpp"

#include "ranvier/base/error.hpp"

#include <gtest/gtest.h>

namespace ranvier {
namespace {

using Json = nlohmann::ordered_json;

Json attack_row(double epsilon, double accuracy) {
    return {{"method", "pgd"},         {"gradient", "rate"},  {"epsilon", epsilon},
            {"timesteps", 8},          {"leak", 0.9},         {"accuracy", accuracy},
            {"samples", 250},          {"clean_accuracy", 1}, {"adversarial_loss", 1 - accuracy},
            {"without_gradient", 0.25}};
}

/// As the stage `attack` leaves it: the last row's keys, then all rows, then how they were made.
Json attack_result(const std::vector<Json>& rows) {
    Json json = rows.back();
    json.update({{"rows", rows},
                 {"target", "none"},
                 {"pgd", {{"step", 0.05}, {"iterations", 5}, {"random_start", true}}},
                 {"crafted_on", "other.safetensors"},
                 {"data", "digits test"},
                 {"split", "test"}});
    return json;
}

TEST(PageEvaluation, HoldsAllRowsOfAnAttack) {
    const Json result = attack_result({attack_row(0.1, 0.75), attack_row(0.25, 0.5)});
    const Json page = page_evaluation(result, "sweep", "run");
    EXPECT_EQ(page["accuracy"], 0.5);
    EXPECT_EQ(page["method"], "under attack: pgd, epsilon 0.25");
    EXPECT_TRUE(attacked(page));
    const Json& attack = page["attack"];
    EXPECT_EQ(attack["rows"], Json::array({attack_row(0.1, 0.75), attack_row(0.25, 0.5)}));
    EXPECT_EQ(attack["crafted_on"], "other.safetensors");
    EXPECT_EQ(attack["target"], "none");
    EXPECT_EQ(attack["pgd"], Json({{"step", 0.05}, {"iterations", 5}}));
}

TEST(PageEvaluation, AnAttackWithoutRowsIsOneRow) {
    const Json page = page_evaluation(attack_row(0.1, 0.75), "alone", "run");
    EXPECT_EQ(page["attack"]["rows"], Json::array({attack_row(0.1, 0.75)}));
}

TEST(PageEvaluation, OnlyAttacksHaveAttackRows) {
    const Json page = page_evaluation({{"accuracy", 0.5}, {"rows", {1, 2}}}, "clean", "run");
    EXPECT_FALSE(page.contains("attack"));
    EXPECT_FALSE(attacked(page));
}

TEST(PageEvaluation, SaysWhichValueOfAnAttackHasTheWrongType) {
    const Json row = attack_row(0.1, 0.75);
    for (const auto& [key, value] :
         std::vector<std::pair<std::string, Json>>{{"rows", 7},
                                                   {"rows", {7}},
                                                   {"rows", {{{"epsilon", "much"}}}},
                                                   {"rows", {{{"method", 1}}}},
                                                   {"crafted_on", 1},
                                                   {"pgd", {{"step", "x"}}}}) {
        Json result = attack_result({row});
        result[key] = value;
        try {
            (void)page_evaluation(result, "sweep", "a run");
            ADD_FAILURE() << key << value;
        } catch (const Error& error) {
            EXPECT_EQ(error.fault(), Fault::bad_input);
            for (const char* part : {"a run", "sweep", key.c_str()})
                EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
        }
    }
}

TEST(PageEvaluation, TheSplitIsKnownOfDataBySplitToo) {
    EXPECT_EQ(page_evaluation({{"data", "x"}, {"split", "train"}}, "a", "run")["split"], "train");
    const Json stdp = {{"data", {{"test", "digits test"}, {"train", "digits train"}}}};
    EXPECT_EQ(page_evaluation(stdp, "a", "run")["split"], "test");
    EXPECT_EQ(page_evaluation(stdp, "a", "run")["data"], "digits test");
    EXPECT_FALSE(page_evaluation(Json::object(), "a", "run").contains("split"));
}

TEST(PageEvaluation, MethodsAreNamed) {
    EXPECT_EQ(method_of({{"coding", "float"}}), "float");
    EXPECT_EQ(method_of({{"coding", "one_spike"}, {"weights", "int8"}}), "one-spike, int8 weights");
    EXPECT_EQ(method_of({{"coding", "rate"}, {"reset", "zero"}, {"exits_per_step", {1}}}),
              "rate, reset to zero, early exit");
    EXPECT_EQ(method_of({{"crosspoints", 3}}), "STDP");
}

}  // namespace
}  // namespace ranvier
