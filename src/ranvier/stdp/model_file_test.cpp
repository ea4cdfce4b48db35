#include "ranvier/stdp/model_file.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/net/shapes.hpp"
#include "ranvier/stdp/prune.hpp"
#include "ranvier/stdp/test_models.hpp"

#include <gtest/gtest.h>

#include "tests/support/property.hpp"
#include <functional>
#include <rapidcheck.h>

namespace ranvier {
namespace {

using namespace testing;

StdpModel some_model() {
    StdpModel model = make_stdp_model(lively_options(LeakyForm::current, 70), {1, 5, 6}, 9);
    prune(model, {PruneKind::permanent, 0.2F, 4, 1, 0}, false);
    for (std::size_t j = 0; j < 70; ++j) {
        model.theta[j] = 0.1F * static_cast<float>(j);
        model.updates[j] = static_cast<std::uint32_t>(3 * j);
    }
    return model;
}

TEST(StdpModelFile, ComesBackAsItWas) {
    const StdpModel model = some_model();
    const Safetensors content = model_tensors(model);
    const StdpModel again =
        model_from_tensors(decode_safetensors(encode_safetensors(content), "file"), "file");
    EXPECT_EQ(options_json(again.options), options_json(model.options));
    EXPECT_EQ(again.options.form, LeakyForm::current);
    EXPECT_EQ(again.seed, 9U);
    EXPECT_EQ(again.input, model.input);
    EXPECT_EQ(again.theta, model.theta);
    EXPECT_EQ(again.updates, model.updates);
    EXPECT_EQ(again.fan_out, model.fan_out);
    EXPECT_LT(again.n_synapses(), 70U * 30);
    EXPECT_EQ(encode_safetensors(model_tensors(again)), encode_safetensors(content));
}

TEST(StdpModelFile, DamageIsNamed) {
    const auto refused = [](const std::function<void(Safetensors&)>& damage) {
        Safetensors content = model_tensors(some_model());
        damage(content);
        try {
            (void)model_from_tensors(content, "f");
        } catch (const Error& error) {
            EXPECT_EQ(error.fault(), Fault::bad_input);
            return std::string(error.what());
        }
        return std::string("accepted");
    };
    EXPECT_EQ(refused([](Safetensors& c) { c.metadata.clear(); }),
              "f: is no STDP model: its metadata lack 'stdp_options'");
    EXPECT_EQ(refused([](Safetensors& c) { c.tensors.erase("theta"); }),
              "f: tensor 'theta' is missing or has the wrong shape");
    EXPECT_EQ(refused([](Safetensors& c) { c.tensors["weights"].values[3] = std::nanf(""); }),
              "f: tensor 'weights' holds nan; all must be finite");
    EXPECT_EQ(refused([](Safetensors& c) { c.int32.clear(); }),
              "f: tensor 'updates' is missing or has the wrong size");
    EXPECT_EQ(refused([](Safetensors& c) { c.metadata["input"] = "[1,5]"; }),
              "f: input must be [channels, height, width]");
    EXPECT_EQ(refused([](Safetensors& c) { c.metadata["seed"] = "x"; }),
              "f: seed is 'x'; it must be a whole number");
    EXPECT_EQ(refused([](Safetensors& c) { c.metadata["stdp_options"] = "[]"; }),
              "f: stdp_options: the options must be an object");
    EXPECT_NE(refused([](Safetensors& c) { c.metadata["stdp_options"] = "{"; }), "accepted");
    EXPECT_EQ(refused([](Safetensors&) {}), "accepted");
}

TEST(StdpModelFile, AnyDamagedOptionIsAnErrorOrUsable) {
    const std::string text = options_json(some_model().options);
    testing::check_property([&] {
        std::string damaged = text;
        const auto n = *rc::gen::inRange(1, 4);
        for (int k = 0; k < n; ++k)
            damaged[*rc::gen::inRange<std::size_t>(0, text.size())] =
                *rc::gen::element('0', '9', '-', 'e', '.', ',', '"', '{', '}', 'x');
        Safetensors content = model_tensors(some_model());
        content.metadata["stdp_options"] = damaged;
        try {
            (void)model_from_tensors(content, "f");
        } catch (const Error& error) {
            RC_ASSERT(error.fault() == Fault::bad_input);
        }
    });
}

TEST(StdpModelFile, SynapsesAsNetwork) {
    const StdpModel model = some_model();
    const Network network = synapses_as_network(model);
    EXPECT_EQ(infer_shapes(network).back(), (Shape{70, 1, 1}));
    const Tensor& weight = network.layers[2].as<Linear>()->weight;
    for (std::size_t i = 0; i < 30; ++i)
        for (std::size_t j = 0; j < 70; ++j)
            EXPECT_EQ(weight.values[j * 30 + i], model.weights.at(i, j));
}

}  // namespace
}  // namespace ranvier
