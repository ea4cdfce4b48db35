#include "ranvier/recipe/attack_stage.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/recipe/recipe.hpp"
#include "ranvier/recipe/stages.hpp"

#include <gtest/gtest.h>

#include <array>

namespace ranvier {
namespace {

const std::string head = R"(
[network]
architecture = "digits_cnn"
[data]
set = "digits"
[[stage]]
do = "train"
[[stage]]
do = "attack"
)";

AttackStage stage_of(const std::string& keys) {
    return std::get<AttackStage>(parse_recipe(head + keys, "r.toml").stages.back().work);
}

std::string refusal(const std::string& keys) {
    try {
        (void)stage_of(keys);
        return "";
    } catch (const Error& error) {
        EXPECT_EQ(error.fault(), Fault::bad_input);
        return error.what();
    }
}

TEST(FractionNamed, NumbersAndFractions) {
    EXPECT_EQ(fraction_named("8/255", "x"), 8.0 / 255);
    EXPECT_EQ(fraction_named("0.25", "x"), 0.25);
    EXPECT_EQ(fraction_named("0", "x"), 0);
    for (const char* word :
         {"", "/", "8/", "/255", "8/0", "8/255/2", "1e999", "nan", "a", "8 /255"})
        EXPECT_THROW((void)fraction_named(word, "x"), Error) << word;
}

TEST(SetTarget, WordsAndClassesReadBack) {
    AttackOptions options;
    for (const char* word : {"random", "3", "none"}) {
        set_target(options, word, "x");
        EXPECT_EQ(target_name(options), word);
    }
    for (const char* word : {"", "-1", "3x", "other"})
        EXPECT_THROW(set_target(options, word, "x"), Error) << word;
}

TEST(AttackStage, ReadsOneValueOrLists) {
    const AttackStage plain = stage_of("");
    EXPECT_EQ(plain.methods, (std::vector<AttackMethod>{AttackMethod::fgsm}));
    EXPECT_EQ(plain.epsilons, (std::vector<double>{8.0 / 255}));
    const AttackStage stage = stage_of(
        "method = [\"pgd\", \"fgsm\"]\nepsilon = [\"2/255\", 0.1]\nstep = \"1/255\"\n"
        "steps = [2, 5]\nleak = [1, 0.9]\niterations = 3\ntarget = 4\nrandom_start = false\n");
    EXPECT_EQ(stage.methods, (std::vector<AttackMethod>{AttackMethod::pgd, AttackMethod::fgsm}));
    EXPECT_EQ(stage.epsilons, (std::vector<double>{2.0 / 255, 0.1}));
    EXPECT_EQ(stage.steps, (std::vector<int>{2, 5}));
    EXPECT_EQ(stage.leaks, (std::vector<double>{1, 0.9}));
    EXPECT_EQ(stage.options.step, 1.0 / 255);
    EXPECT_EQ(stage.options.target, 4);
    EXPECT_EQ(stage.options.goal, AttackGoal::fixed_class);
    EXPECT_FALSE(stage.options.random_start);
    EXPECT_EQ(stage_of("epsilon = \"4/255\"").epsilons, (std::vector<double>{4.0 / 255}));
}

TEST(AttackStage, NeedsTheStageThatImagesAreCraftedOn) {
    const Recipe recipe = parse_recipe(head + "crafted_on = \"train\"", "r.toml");
    EXPECT_EQ(recipe.stages.back().also, 0U);
    EXPECT_FALSE(
        parse_recipe(head + "crafted_on = \"a.safetensors\"", "r.toml").stages.back().also);
    EXPECT_NE(refusal("crafted_on = \"trian\"").find("did you mean 'train'"), std::string::npos);
}

TEST(AttackStage, RefusesBadValues) {
    const auto says = [](const std::string& keys, const std::string& part) {
        EXPECT_NE(refusal(keys).find(part), std::string::npos) << refusal(keys);
    };
    says("method = \"fsgm\"", "did you mean 'fgsm'");
    says("epsilon = \"8:255\"", "for instance 8/255");
    says("epsilon = []", "empty list");
    says("epsilon = true", "text, a number");
    says("target = \"all\"", "none, random");
    says("steps = [0]", "from 1");
    says("method = \"pgd\"\nstep = [1, 2]", "one value");
    says("iterations = 3", "pgd");
    says("surrogate_decay = 3.0", "stdb");
    says("epsilons = 1", "did you mean 'epsilon'");
}

TEST(AttackStage, KeysWithoutEffectAreTheSameInRecipesAndOnTheCommandLine) {
    const auto unused = [](const AttackStage& stage, const std::string& given) {
        const auto found = unused_attack_key(stage, KeyStyle::command_line,
                                             [&](const char* key) { return given == key; });
        return found ? found->key + " needs " + found->needs : "";
    };
    const AttackStage fgsm;
    AttackStage both;
    both.methods = {AttackMethod::fgsm, AttackMethod::pgd};
    both.options.surrogate.kind = SurrogateKind::exponential;
    for (const auto& [key, option, line] :
         {std::array{"step", "--step", "step = 0.1"},
          std::array{"iterations", "--iterations", "iterations = 7"},
          std::array{"random_start", "--no-random-start", "random_start = false"}}) {
        EXPECT_EQ(unused(fgsm, key), std::string(option) + " needs --method pgd");
        EXPECT_NE(refusal(line).find(std::string(key) + ": has no effect here; it needs method = "
                                                        "\"pgd\""),
                  std::string::npos)
            << refusal(line);
        EXPECT_EQ(unused(both, key), "");
        EXPECT_EQ(refusal("method = [\"fgsm\", \"pgd\"]\n" + std::string(line)), "");
    }
    EXPECT_EQ(unused(fgsm, "surrogate_decay"),
              "--surrogate-decay needs --surrogate stdb or exponential");
    EXPECT_EQ(unused(both, "surrogate_decay"), "");
    for (const char* key : {"epsilon", "target", "surrogate", "gradient"})
        EXPECT_EQ(unused(fgsm, key), "");
    AttackStage rates;
    rates.options.gradient = SpikeGradient::rate;
    for (const auto& [key, option] :
         {std::pair{"surrogate", "--surrogate"}, std::pair{"surrogate_scale", "--surrogate-scale"},
          std::pair{"surrogate_decay", "--surrogate-decay"}})
        EXPECT_EQ(unused(rates, key),
                  std::string(option) + " needs --gradient auto or through_time");
}

TEST(AttackStage, RemembersWhatConcernsSpikingNetworksAlone) {
    EXPECT_EQ(stage_of("").gradient_key, "");
    EXPECT_EQ(stage_of("surrogate = \"linear\"").gradient_key, "surrogate");
    EXPECT_EQ(stage_of("surrogate_scale = 0.3").gradient_key, "surrogate_scale");
    EXPECT_EQ(stage_of("gradient = \"rate\"").gradient_key, "gradient");
    EXPECT_EQ(stage_of("gradient = \"auto\"").gradient_key, "");  // has an effect everywhere
}

TEST(AttackStage, ASurrogateWantsItsGradient) {
    EXPECT_EQ(stage_of("").options.gradient, SpikeGradient::automatic);
    EXPECT_EQ(stage_of("gradient = \"rate\"").options.gradient, SpikeGradient::rate);
    EXPECT_EQ(stage_of("surrogate = \"stdb\"").options.gradient, SpikeGradient::through_time);
    EXPECT_EQ(stage_of("surrogate = \"stdb\"\ngradient = \"auto\"").options.gradient,
              SpikeGradient::automatic);
}

TEST(SetLeak, ChangesLeakyNeuronsAlone) {
    Network network;
    for (const NeuronKind kind :
         {NeuronKind::leaky_delayed, NeuronKind::leaky_same_step, NeuronKind::multi_spike}) {
        Activation activation;
        activation.neuron.kind = kind;
        network.layers.push_back({"neurons", {}, activation});
    }
    set_leak(network, 0.5);
    const auto leak = [&](std::size_t l) {
        return network.layers[l].as<Activation>()->neuron.leak;
    };
    EXPECT_EQ(leak(0), 0.5F);
    EXPECT_EQ(leak(1), 0.5F);
    EXPECT_EQ(leak(2), 1.0F);
    EXPECT_THROW(set_leak(network, 1.5), Error);
    EXPECT_THROW(set_leak(network, -0.1), Error);
    network.layers.erase(network.layers.begin(), network.layers.begin() + 2);
    EXPECT_THROW(set_leak(network, 0.5), Error);
}

TEST(SetDropout, ChangesDropoutLayersAlone) {
    Network network;
    network.layers.push_back({"neurons", {}, Activation{}});
    EXPECT_THROW(set_dropout(network, 0.5), Error);
    network.layers.push_back({"dropout", {}, Dropout{0.1F}});
    set_dropout(network, 0.25);
    EXPECT_EQ(network.layers[1].as<Dropout>()->probability, 0.25F);
    EXPECT_THROW(set_dropout(network, 1), Error);
    EXPECT_THROW(set_dropout(network, -0.1), Error);
}

TEST(SetLeak, IsAKeyOfFineTune) {
    const std::string text = head + "[[stage]]\ndo = \"fine_tune\"\nleak = 0.9\n";
    EXPECT_EQ(std::get<TrainStage>(parse_recipe(text, "r.toml").stages.back().work).leak, 0.9);
    EXPECT_THROW((void)parse_recipe(text + "leak = 0.8\n", "r.toml"), Error);
    EXPECT_THROW((void)parse_recipe(head + "[[stage]]\ndo = \"fine_tune\"\nleak = 1.1\n", "r"),
                 Error);
}

}  // namespace
}  // namespace ranvier
