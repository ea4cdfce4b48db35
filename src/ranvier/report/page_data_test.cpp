#include "ranvier/report/page_data.hpp"

#include "ranvier/base/error.hpp"

#include <gtest/gtest.h>

namespace ranvier {
namespace {

using Json = nlohmann::ordered_json;

Json evaluation(const std::string& coding, double accuracy, double energy_pj) {
    Json json = {{"title", coding},
                 {"coding", coding},
                 {"accuracy", accuracy},
                 {"samples", 100},
                 {"timesteps", coding == "float" ? 0 : 8},
                 {"energy_pj", energy_pj},
                 {"float_energy_pj", 600.0},
                 {"float_macs_per_sample", 1000.0},
                 {"data", "digits test"},
                 {"layers", Json::array({{{"name", "conv1"}, {"spikes_per_sample", 2.5}}})}};
    if (coding == "rate") json["accuracy_per_step"] = {0.1, accuracy};
    return json;
}

/// As a recipe leaves it: the last evaluation's keys, then each by name.
Json recipe_result(const std::vector<Json>& evaluations) {
    Json json = evaluations.back();
    json["stages"] = Json::array({{{"do", "train"}, {"name", "train"}}});
    for (const Json& one : evaluations) json[one["title"].get<std::string>()] = one;
    return json;
}

RunRecord demo() {
    return {"demo", "runs/demo",
            recipe_result({evaluation("float", 0.99, 600), evaluation("rate", 0.98, 900),
                           evaluation("one_spike", 0.97, 100)})};
}

Json data_of(const std::vector<RunRecord>& runs) {
    return page_data(runs, "1.2.3", "ranvier report");
}

TEST(PageData, TakesNumbersAsTheyStand) {
    const Json data = data_of({demo()});
    EXPECT_EQ(data["version"], "1.2.3");
    const Json& run = data["runs"][0];
    EXPECT_EQ(run["name"], "demo");
    ASSERT_EQ(run["evaluations"].size(), 3U);  // the repeated last one is not a fourth
    const Json& rate = run["evaluations"][1];
    EXPECT_EQ(rate["title"], "rate");
    EXPECT_EQ(rate["energy_pj"], 900.0);
    EXPECT_EQ(rate["accuracy_per_step"], Json({0.1, 0.98}));
    EXPECT_EQ(rate["layers"][0]["spikes_per_sample"], 2.5);
    EXPECT_FALSE(rate.contains("exits_per_step"));
    EXPECT_FALSE(run["evaluations"][0].contains("layers"));  // a float network has no spikes
}

TEST(PageData, ComparesWithTheFloatNetworkOfTheSameRun) {
    const Json data = data_of({demo()});
    const Json& run = data["runs"][0];
    EXPECT_EQ(run["headline"], 1);  // the most accurate spiking one
    const Json& one_spike = run["evaluations"][2];
    EXPECT_EQ(one_spike["reference"], Json({{"run", 0}, {"evaluation", 0}}));
    EXPECT_DOUBLE_EQ(one_spike["accuracy_difference"].get<double>(), 0.97 - 0.99);
    EXPECT_DOUBLE_EQ(one_spike["energy_ratio"].get<double>(), 6);
    EXPECT_FALSE(run["evaluations"][0].contains("reference"));
}

TEST(PageData, ComparesAcrossRunsOnlyOnTheSameDataAndShape) {
    RunRecord alone{"alone", "alone.json", evaluation("one_spike", 0.9, 50)};
    Json data = data_of({alone, demo()});
    EXPECT_EQ(data["runs"][0]["evaluations"][0]["reference"],
              Json({{"run", 1}, {"evaluation", 0}}));
    for (const Json& change :
         {Json{{"data", "mnist test"}}, Json{{"float_macs_per_sample", 7.0}}}) {
        RunRecord other = alone;
        other.result.update(change);
        data = data_of({other, demo()});
        EXPECT_FALSE(data["runs"][0]["evaluations"][0].contains("reference")) << change;
        EXPECT_FALSE(data["runs"][0]["evaluations"][0].contains("accuracy_difference"));
    }
}

TEST(PageData, AttackedNetworksDoNotSpeakForARun) {
    const Json attacked = {{"title", "pgd"}, {"accuracy", 1.0}, {"clean_accuracy", 1.0}};
    const Json data = data_of({{"a", "a", recipe_result({evaluation("rate", 0.9, 1), attacked})}});
    EXPECT_EQ(data["runs"][0]["headline"], 0);
    EXPECT_EQ(data["runs"][0]["headline_among"], 1);
    EXPECT_EQ(data["runs"][0]["evaluations"][1]["method"], "under attack");
}

TEST(PageData, TheVerdictIsOnTheDataOfTheFloatNetwork) {
    Json few = evaluation("rate", 0.999, 1);
    few["title"] = "few";
    few["data"] = "digits train";
    const RunRecord run{"a", "a",
                        recipe_result({evaluation("float", 0.99, 600), evaluation("rate", 0.98, 9),
                                       evaluation("one_spike", 0.97, 1), few})};
    const Json data = data_of({run});
    EXPECT_EQ(data["runs"][0]["headline"], 1);
    EXPECT_EQ(data["runs"][0]["headline_among"], 2);
    EXPECT_EQ(headline_of(run), "rate");
}

TEST(PageData, RunsWithoutAnAccuracyHaveNoVerdict) {
    const RunRecord trained{
        "trained", "trained", {}, {{"train", "train", {{"epochs", {{{"epoch", 1}}}}}}}};
    const Json data = data_of({trained, demo()});
    EXPECT_FALSE(data["runs"][0].contains("headline"));
    EXPECT_TRUE(data["runs"][1].contains("headline"));
    EXPECT_EQ(headline_of(trained), "");
}

TEST(PageData, PrefersFloatWeightsAsReference) {
    Json binary = evaluation("float", 0.5, 600);
    binary["title"] = "binary";
    binary["weights"] = "binary";
    const Json data = data_of(
        {{"a", "a",
          recipe_result({binary, evaluation("float", 0.99, 600), evaluation("rate", 0.9, 1)})}});
    EXPECT_EQ(data["runs"][0]["evaluations"][2]["reference"]["evaluation"], 1);
}

TEST(PageData, MarksFrontsWithinTheSameData) {
    RunRecord other{"other", "other", evaluation("rate", 0.5, 5000)};
    other.result["data"] = "mnist test";
    const Json data = data_of({demo(), other});
    const auto front = [&](std::size_t run, std::size_t e, const char* mark) {
        return data["runs"][run]["evaluations"][e].contains(mark);
    };
    EXPECT_TRUE(front(0, 0, "front_energy"));
    EXPECT_FALSE(front(0, 1, "front_energy"));  // float is better and cheaper
    EXPECT_TRUE(front(0, 2, "front_energy"));
    EXPECT_TRUE(front(1, 0, "front_energy"));    // alone on its data
    EXPECT_TRUE(front(0, 1, "front_latency"));   // 8 steps
    EXPECT_FALSE(front(0, 2, "front_latency"));  // the file gives no latency of one_spike
}

TEST(PageData, ReadsEvaluationsAgainstAnotherAndSweeps) {
    Json pair = evaluation("one_spike", 0.9, 50);
    pair["title"] = "snn.safetensors";
    pair["against"] = evaluation("float", 0.95, 600);
    Json data = data_of({{"pair", "pair.json", pair}});
    ASSERT_EQ(data["runs"][0]["evaluations"].size(), 2U);
    EXPECT_EQ(data["runs"][0]["evaluations"][1]["title"], "snn.safetensors");

    Json point = demo().result;
    point["folder"] = "steps=8";
    const Json sweep = {{"points", Json::array({point, {{"status", "failed"}}})}};
    data = data_of({{"sweep", "sweep.json", sweep}});
    ASSERT_EQ(data["runs"][0]["evaluations"].size(), 3U);
    EXPECT_EQ(data["runs"][0]["evaluations"][0]["title"], "steps=8/float");
}

TEST(PageData, TakesCurvesAndDiagnoses) {
    RunRecord run = demo();
    run.stages = {
        {"train", "train", {{"epochs", {{{"epoch", 1}, {"loss", 0.5}, {"test_loss", nullptr}}}}}},
        {"convert",
         "convert",
         {{"diagnosis",
           {{"images", 100}, {"layers", {{{"name", "relu1"}, {"relative_error", 0.25}}}}}}}},
        {"rate", "evaluate", {{"accuracy", 0.5}}}};
    const Json data = data_of({run});
    const Json& stages = data["runs"][0]["stages"];
    ASSERT_EQ(stages.size(), 2U);
    EXPECT_EQ(stages[0]["epochs"][0], Json({{"epoch", 1}, {"loss", 0.5}}));
    EXPECT_EQ(stages[1]["diagnosis"]["layers"][0]["relative_error"], 0.25);
}

TEST(PageData, TakesCrossbarsFromTheEvaluationElseFromTheRecord) {
    const auto arrays = [](int n) {
        return Json{{"rows", 8}, {"arrays", n}, {"layers", {{{"name", "fc"}, {"cells", 5}}}}};
    };
    RunRecord run = demo();
    run.result["rate"]["crossbars"] = arrays(3);
    run.crossbars = {{"rate", arrays(7)}, {"one_spike", arrays(9)}};
    const Json data = data_of({run});
    const Json& evaluations = data["runs"][0]["evaluations"];
    EXPECT_FALSE(evaluations[0].contains("crossbars"));
    EXPECT_EQ(evaluations[1]["crossbars"]["arrays"], 3);
    EXPECT_EQ(evaluations[2]["crossbars"], arrays(9));
}

TEST(PageData, SaysWhichValueHasTheWrongType) {
    for (const auto& [key, value] :
         std::vector<std::pair<std::string, Json>>{{"energy_pj", "much"},
                                                   {"accuracy_per_step", {0.1, "x"}},
                                                   {"layers", 7},
                                                   {"layers", {7}},
                                                   {"network_notes", {{"source", 1}}},
                                                   {"coding", {1}},
                                                   {"crossbars", {{"arrays", "x"}}},
                                                   {"versions", {{"ranvier", 1}}}}) {
        RunRecord run{"alone", "alone.json", evaluation("rate", 0.9, 50)};
        run.result[key] = value;
        try {
            (void)data_of({run});
            ADD_FAILURE() << key;
        } catch (const Error& error) {
            EXPECT_EQ(error.fault(), Fault::bad_input);
            EXPECT_NE(std::string(error.what()).find("alone"), std::string::npos) << error.what();
        }
    }
}

TEST(PageData, RefusesWhatHoldsNothing) {
    for (const Json& empty : {Json(), Json(3), Json::array(), Json::object(), Json{{"latency", 1}}})
        EXPECT_THROW((void)data_of({{"empty", "empty.json", empty}}), Error) << empty;
}

TEST(PageData, RunsOfOneNameAreToldApart) {
    RunRecord second = demo();
    second.source = "elsewhere/demo";
    const Json data = data_of({demo(), second});
    EXPECT_EQ(data["runs"][0]["name"], "runs/demo");
    EXPECT_EQ(data["runs"][1]["name"], "elsewhere/demo");
}

}  // namespace
}  // namespace ranvier
