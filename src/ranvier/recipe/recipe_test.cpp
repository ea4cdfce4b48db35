#include "ranvier/recipe/recipe.hpp"

#include "ranvier/base/error.hpp"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

namespace ranvier {
namespace {

const std::string sound = R"(seed = 7
[network]
architecture = "digits_cnn"
mean = [0.5]
[data]
set = "digits"
[[stage]]
do = "train"
epochs = 3
optimizer = "adam"
[[stage]]
do = "convert"
name = "rate"
coding = "rate"
reset = "zero"
percentile = 99
[[stage]]
do = "convert"
from = "train"
base = 1.5
[[stage]]
do = "evaluate"
limit = 10
)";

/// The message of the error that a recipe is refused with.
std::string refusal(const std::string& text, const std::vector<std::string>& overrides = {}) {
    try {
        (void)parse_recipe(text, "r.toml", overrides);
    } catch (const Error& error) {
        EXPECT_TRUE(error.fault() == Fault::bad_input || error.fault() == Fault::usage);
        return error.what();
    }
    return "accepted";
}

std::string with(const std::string& line_of_sound, const std::string& instead) {
    std::string text = sound;
    const std::size_t at = text.find(line_of_sound);
    EXPECT_NE(at, std::string::npos);
    return text.replace(at, line_of_sound.size(), instead);
}

TEST(Recipe, TheBaseMayBeChosenAutomatically) {
    const Recipe recipe = parse_recipe(with("base = 1.5", "base = \"auto\""), "r.toml");
    EXPECT_EQ(std::get<ConvertStage>(recipe.stages[2].work).options.base, 0);
    const Recipe whole = parse_recipe(with("base = 1.5", "base = 2"), "r.toml");
    EXPECT_EQ(std::get<ConvertStage>(whole.stages[2].work).options.base, 2);
    EXPECT_NE(refusal(with("base = 1.5", "base = 1")).find("greater than 1"), std::string::npos);
    EXPECT_NE(refusal(with("base = 1.5", "base = \"best\"")).find("or auto"), std::string::npos);
    EXPECT_NE(refusal(with("base = 1.5", "base = [2]")).find("r.toml:"), std::string::npos);
}

TEST(Recipe, PresetsCalibrateOnThePapersSamplesUnlessTold) {
    const auto samples = [](const std::string& lines) {
        const Recipe recipe = parse_recipe(with("base = 1.5", lines), "r.toml");
        return std::get<ConvertStage>(recipe.stages[2].work).calibrate;
    };
    EXPECT_EQ(samples("base = 1.5"), 1000U);
    for (const char* preset : {"hybrid", "diet", "iir"}) {
        const std::string line = fmt::format("preset = \"{}\"\n", preset);
        EXPECT_EQ(samples(line), 512U) << preset;
        EXPECT_EQ(samples(line + "calibrate = 1000"), 1000U) << preset;
    }
}

TEST(Recipe, ReadsEveryKeyOfATraining) {
    const Recipe recipe = parse_recipe(with("epochs = 3", R"(epochs = 50
betas = [0, 0.999]
amsgrad = true
weight_decay = 5e-4
weight_decay_epochs = 30
schedule = "one_cycle"
warm_up = 0.25
start_divisor = 10
final_divisor = 100
synop_loss = "activations"
synop_target = 5e4
neuron = "quantized_relu"
dropout = 0.25
device = "cuda"
precision = "bfloat16"
checkpoint_seconds = 0.5
evaluate_every = 5)"),
                                       "r.toml");
    const TrainOptions& options = std::get<TrainStage>(recipe.stages[0].work).options;
    EXPECT_EQ(options.beta1, 0);
    EXPECT_EQ(options.beta2, 0.999);
    EXPECT_TRUE(options.amsgrad);
    EXPECT_EQ(options.weight_decay_epochs, 30);
    EXPECT_EQ(options.schedule, ScheduleKind::one_cycle);
    EXPECT_EQ(options.warm_up, 0.25);
    EXPECT_EQ(options.start_divisor, 10);
    EXPECT_EQ(options.final_divisor, 100);
    EXPECT_EQ(options.device, DeviceKind::cuda);
    EXPECT_EQ(options.precision, Precision::bfloat16);
    EXPECT_EQ(std::get<TrainStage>(recipe.stages[0].work).dropout, 0.25);
    EXPECT_EQ(options.checkpoint_seconds, 0.5);
    EXPECT_EQ(options.evaluate_every, 5);
    EXPECT_EQ(options.synop_target, 5e4);
    EXPECT_EQ(std::get<TrainStage>(recipe.stages[0].work).neuron, NeuronKind::quantized_relu);
    const Recipe stepped = parse_recipe(with("epochs = 3\noptimizer = \"adam\"", R"(epochs = 50
momentum = 0.8
schedule = "step"
step_every = 30
milestones = [10, 20]
gamma = 0.5)"),
                                        "r.toml");
    const TrainOptions& steps = std::get<TrainStage>(stepped.stages[0].work).options;
    EXPECT_EQ(steps.momentum, 0.8);
    EXPECT_EQ(steps.step_every, 30);
    EXPECT_EQ(steps.milestones, (std::vector{10, 20}));
    EXPECT_EQ(steps.gamma, 0.5);
    const auto refused = [](const char* line) { return refusal(with("epochs = 3", line)); };
    EXPECT_NE(refused("betas = [0.9]").find("two are needed"), std::string::npos);
    EXPECT_NE(refused("device = \"graphics\"").find("known: cpu, cuda"), std::string::npos);
    EXPECT_NE(refused("checkpoint_seconds = -1").find("from 0"), std::string::npos);
    EXPECT_NE(refused("warm_up = 2").find("from 0 to 1"), std::string::npos);
    EXPECT_NE(refused("schedule = \"one-cycle\"").find("did you mean 'one_cycle'?"),
              std::string::npos);
}

TEST(Recipe, KeysWithoutEffectAreRefusedWithWhatTheyNeed) {
    // The sound recipe trains with adam and the schedule cosine.
    const struct {
        const char *lines, *key, *needs;
    } cases[] = {
        {"momentum = 0.9", "momentum", "optimizer = \"sgd\""},
        {"gamma = 0.5", "gamma", "schedule = \"step\""},
        {"milestones = [1]", "milestones", "schedule = \"step\""},
        {"step_every = 1", "step_every", "schedule = \"step\""},
        {"schedule = \"step\"", "schedule", "milestones or step_every"},
        {"schedule = \"step\"\nmilestones = []", "schedule", "milestones or step_every"},
        {"warm_up = 0.1", "warm_up", "one_cycle"},
        {"start_divisor = 10", "start_divisor", "one_cycle"},
        {"final_divisor = 10", "final_divisor", "one_cycle"},
        {"weight_decay_epochs = 2", "weight_decay_epochs", "weight_decay"},
        {"synop_target = 100", "synop_target", "synop_loss"},
        {"synop_factor = 0.5", "synop_factor", "synop_loss"},
        {"synop_weight = 2", "synop_weight", "synop_loss"},
        {"synop_loss = \"fan_out\"\nsynop_target = 100\nsynop_factor = 0.5", "synop_factor",
         "synop_target to be left out"},
    };
    for (const auto& [lines, key, needs] : cases) {
        const std::string text = refusal(with("epochs = 3", lines));
        EXPECT_NE(text.find(fmt::format("{}: has no effect here; it needs", key)),
                  std::string::npos)
            << lines << "\n"
            << text;
        EXPECT_NE(text.find(needs), std::string::npos) << text;
    }
    const auto stage = [](const char* text) {
        return refusal(with("do = \"train\"\nepochs = 3\noptimizer = \"adam\"", text));
    };
    EXPECT_NE(stage("do = \"train\"\namsgrad = true").find("optimizer = \"adam\""),
              std::string::npos);
    EXPECT_NE(stage("do = \"train\"\nbetas = [0.5, 0.9]").find("optimizer = \"adam\""),
              std::string::npos);
    EXPECT_NE(stage("do = \"fine_tune\"\nname = \"train\"\nsurrogate_decay = 1").find("stdb"),
              std::string::npos);
    EXPECT_EQ(refusal(with("reset = \"zero\"", "input_rate = 0.5")),
              "r.toml:15: stage 2: input_rate: has no effect here; it needs input = \"poisson\"; "
              "leave it out, or change that");
    EXPECT_EQ(refusal(with("base = 1.5", "preset = \"diet\"\nper = \"channel\"")),
              "r.toml:21: stage 3: per: has no effect here; it needs thresholds = \"measured\"; "
              "leave it out, or change that");
    EXPECT_EQ(refusal(with("base = 1.5", "preset = \"hybrid\"\ninput_rate = 0.5")), "accepted");
    EXPECT_NE(stage("do = \"rescale\"\nname = \"train\"\npercentile = 99").find("normalize"),
              std::string::npos);
    EXPECT_NE(stage("do = \"rescale\"\nname = \"train\"\nsynops_per_mac = 8\nfirst_layer = 2")
                  .find("synops_per_mac to be left out"),
              std::string::npos);
    EXPECT_NE(refusal(with("architecture = \"digits_cnn\"", "file = \"a.onnx\"\nwidth = 2"))
                  .find("architecture instead of file"),
              std::string::npos);
    EXPECT_NE(refusal(with("set = \"digits\"", "set = \"digits\"\nsimulated_noise_hz = 1"))
                  .find("moving-digits"),
              std::string::npos);
    EXPECT_EQ(parse_recipe(
                  with("set = \"digits\"", "set = \"moving-digits\"\nsimulated_refractory_us = 5"),
                  "r.toml")
                  .data.simulator.refractory_us,
              5U);
    // A key from the command line is one like any other.
    EXPECT_NE(refusal(sound, {"train.momentum=0.5"}).find("optimizer = \"sgd\""),
              std::string::npos);
}

TEST(Recipe, ActivationsBecomeReluOrQuantizedRelu) {
    const std::string text = refusal(with("epochs = 3", "neuron = \"sign\""));
    EXPECT_EQ(text.find("r.toml:9: stage 1: neuron: is 'sign'; activations can become 'relu' or "
                        "'quantized_relu'"),
              0U)
        << text;
}

TEST(Recipe, ReadsEveryStage) {
    const Recipe recipe = parse_recipe(sound, "r.toml");
    EXPECT_EQ(recipe.seed, 7U);
    EXPECT_EQ(recipe.data.seed, 7U) << "the data's seed is the recipe's unless it has its own";
    EXPECT_EQ(recipe.network.architecture, "digits_cnn");
    ASSERT_EQ(recipe.stages.size(), 4U);
    const auto& train = std::get<TrainStage>(recipe.stages[0].work);
    EXPECT_EQ(train.options.epochs, 3);
    EXPECT_EQ(train.options.optimizer, OptimizerKind::adam);
    const auto& rate = std::get<ConvertStage>(recipe.stages[1].work);
    EXPECT_EQ(rate.options.coding, Coding::rate);
    EXPECT_EQ(rate.options.reset, Reset::zero);
    EXPECT_EQ(rate.options.measure.percentile, 99);
    EXPECT_EQ(recipe.stages[1].from, 0U);
    EXPECT_EQ(recipe.stages[2].from, 0U) << "from names a stage";
    EXPECT_EQ(recipe.stages[2].name, "convert");
    EXPECT_EQ(recipe.stages[3].from, 2U) << "without from: the stage before";
    EXPECT_EQ(std::get<EvaluateStage>(recipe.stages[3].work).limit, 10U);
}

TEST(Recipe, AnUnknownKeyIsRefusedWithItsLineAndTheNearestKnownOne) {
    EXPECT_EQ(refusal(with("epochs = 3", "epoch = 3")),
              "r.toml:9: stage 1: unknown key 'epoch'; did you mean 'epochs'?");
    EXPECT_EQ(refusal(with("set = \"digits\"", "set = \"digits\"\nrot = \"x\"")),
              "r.toml:7: [data]: unknown key 'rot'; did you mean 'root'?");
    EXPECT_EQ(refusal(with("seed = 7", "sede = 7")),
              "r.toml:1: recipe: unknown key 'sede'; did you mean 'seed'?");
    EXPECT_EQ(refusal(with("do = \"train\"", "do = \"trian\"")),
              "r.toml:8: stage 1: do: there is no stage 'trian'; did you mean 'train'?");
}

TEST(Recipe, WrongValuesAreRefusedWithWhatIsAllowed) {
    EXPECT_EQ(refusal(with("epochs = 3", "epochs = 0")),
              "r.toml:9: stage 1: epochs: is 0; it must be a whole number from 1 to 100000");
    EXPECT_EQ(refusal(with("epochs = 3", "epochs = \"three\"")),
              "r.toml:9: stage 1: epochs: is 'three'; it must be a whole number from 1 to 100000");
    EXPECT_NE(refusal(with("percentile = 99", "percentile = nan")).find("must be a number"),
              std::string::npos);
    EXPECT_NE(refusal(with("\"adam\"", "\"adan\"")).find("did you mean 'adam'?"),
              std::string::npos);
    EXPECT_NE(refusal(with("from = \"train\"", "from = \"trane\"")).find("did you mean 'train'?"),
              std::string::npos);
    EXPECT_NE(refusal(with("name = \"rate\"", "name = \"../x\"")).find("use a-z"),
              std::string::npos);
    EXPECT_NE(refusal(with("name = \"rate\"", "name = \"train\"")).find("already"),
              std::string::npos);
    EXPECT_NE(refusal(with("mean = [0.5]", "file = \"a.onnx\"")).find("either"), std::string::npos);
}

TEST(Recipe, DamagedTextIsRefused) {
    for (const char* text : {"", "[[", "stage = 3", "[network]\nfile='x'\n[data]\nset='digits'",
                             "[network]\nfile='x'\n[data]\nset='digits'\n[[stage]]\n", "\xff\xfe"})
        EXPECT_NE(refusal(text), "accepted") << text;
    EXPECT_NE(refusal("a = = 3").find("r.toml:1: not TOML"), std::string::npos);
}

TEST(Recipe, LongKeysAreRefusedBeforeTheyAreTables) {
    const auto parts = [](int n) {
        std::string key = "a";
        for (int k = 1; k < n; ++k) key += ".a";
        return key;
    };
    for (const std::string& text :
         {parts(65) + " = 1", fmt::format("[{}]", parts(65)), "[[" + parts(100'000) + "]]",
          "x = {" + parts(65) + " = 1}", "\"=\"." + parts(64) + " = 1",
          "x = \"\"\"\n# \"\\\"\"\"\"\"\n" + parts(65) + " = 1", "'\\'." + parts(64) + " = 1"})
        EXPECT_NE(refusal(text).find("more than 64 parts"), std::string::npos)
            << text.substr(0, 99);
    EXPECT_NE(refusal("x = 1\n\n" + parts(65) + " = 1").find("r.toml:3:"), std::string::npos);
    // Dots elsewhere are none between parts of a key.
    const std::string dots(200, '.');
    for (const std::string& harmless :
         {"# " + dots + "\n", "\"" + dots + "\" = 1\n", "x = '" + dots + "'\n",
          "x = \"\"\"\n" + dots + "\"\"\"\n", parts(64) + " = 1\n"})
        EXPECT_EQ(refusal(harmless + sound).find("more than 64 parts"), std::string::npos)
            << harmless;
    EXPECT_EQ(refusal("# " + dots + "\n" + sound), "accepted");
}

TEST(Recipe, OverridesReplaceKeys) {
    const Recipe recipe = parse_recipe(
        sound, "r.toml", {"seed=9", "train.epochs=5", "data.set=mnist", "rate.reset=subtract"});
    EXPECT_EQ(recipe.seed, 9U);
    EXPECT_EQ(recipe.data.set, "mnist");
    EXPECT_EQ(std::get<TrainStage>(recipe.stages[0].work).options.epochs, 5);
    EXPECT_EQ(std::get<ConvertStage>(recipe.stages[1].work).options.reset, Reset::subtract);
    EXPECT_NE(recipe.text, parse_recipe(sound, "r.toml").text);
}

TEST(Recipe, UnusableOverridesAreRefused) {
    EXPECT_NE(refusal(sound, {"trian.epochs=5"}).find("did you mean 'train'?"), std::string::npos);
    EXPECT_NE(refusal(sound, {"epochs"}).find("KEY=VALUE"), std::string::npos);
    EXPECT_NE(refusal(sound, {"epochs=3"}).find("SECTION.KEY"), std::string::npos);
    EXPECT_NE(refusal(sound, {"train.epoch=5"}).find("did you mean 'epochs'?"), std::string::npos);
}

RC_GTEST_PROP(RecipeProperty, AnyTextIsReadOrRefusedButNeverMore, (const std::string& text)) {
    try {
        (void)parse_recipe(text, "r.toml");
    } catch (const Error&) {
    }
}

RC_GTEST_PROP(RecipeProperty, ASoundRecipeCutAnywhereIsReadOrRefused, ()) {
    const auto end = *rc::gen::inRange<std::size_t>(0, sound.size());
    try {
        (void)parse_recipe(sound.substr(0, end), "r.toml");
    } catch (const Error&) {
    }
}

}  // namespace
}  // namespace ranvier
