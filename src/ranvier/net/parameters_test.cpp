#include "ranvier/net/parameters.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/net/architectures.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

namespace ranvier {
namespace {

Network with_norm(std::uint64_t seed) {
    ArchitectureOptions options;
    options.batch_norm = true;
    options.width = 0.125;
    return make_architecture("vgg4", {{3, 16, 16}, {}, {}}, 10, seed, options);
}

/// What with_parameters says about `given`; empty if nothing.
std::string complaint(const Network& network, const std::vector<Parameter>& given) {
    try {
        (void)with_parameters(network, given);
    } catch (const Error& error) {
        EXPECT_EQ(error.fault(), Fault::bad_input);
        return error.what();
    }
    return {};
}

TEST(Parameters, OneNetworksMakeAnotherIntoIt) {
    const Network a = with_norm(1), b = with_norm(2);
    ASSERT_NE(a.layers, b.layers);
    std::vector<Parameter> given = parameters(a);
    std::reverse(given.begin(), given.end());  // the order does not matter
    EXPECT_EQ(with_parameters(b, given).layers, a.layers);
}

TEST(Parameters, HavePyTorchsNames) {
    std::vector<std::string> names;
    for (const Parameter& parameter : parameters(with_norm(1))) names.push_back(parameter.name);
    for (const char* suffix : {".weight", ".bias", ".running_mean", ".running_var"})
        EXPECT_TRUE(std::any_of(names.begin(), names.end(), [&](const std::string& name) {
            return name.ends_with(suffix);
        })) << suffix;
}

TEST(Parameters, ABiasMayComeAndGo) {
    const Network network = with_norm(1);
    std::vector<Parameter> given = parameters(network);
    const std::string layer = given[0].name.substr(0, given[0].name.find('.'));
    given.push_back({layer + ".bias", Tensor({given[0].values.dims[0]})});
    const Network with_bias = with_parameters(network, given);
    EXPECT_EQ(parameters(with_bias).size(), given.size());
    given.pop_back();
    EXPECT_EQ(with_parameters(with_bias, given), network);
}

TEST(Parameters, WhatDoesNotFitIsNamed) {
    const Network network = with_norm(1);
    const std::vector<Parameter> all = parameters(network);
    const auto changed = [&](auto change) {
        std::vector<Parameter> given = all;
        change(given);
        return complaint(network, given);
    };
    EXPECT_EQ(changed([](auto&) {}), "");
    EXPECT_NE(changed([](auto& given) { given.erase(given.begin()); }).find("is missing"),
              std::string::npos);
    EXPECT_NE(changed([](auto& given) {
                  given.push_back({"other.weight", {}});
              }).find("'other.weight'"),
              std::string::npos);
    EXPECT_NE(changed([](auto& given) { given.push_back(given[0]); }).find("twice"),
              std::string::npos);
    EXPECT_NE(changed([](auto& given) {
                  given[0].values = Tensor({2, 2});
              }).find("[2, 2]"),
              std::string::npos);
    EXPECT_NE(changed([](auto& given) {
                  given[0].values.values[0] = std::numeric_limits<float>::quiet_NaN();
              }).find("not finite"),
              std::string::npos);
}

}  // namespace
}  // namespace ranvier
