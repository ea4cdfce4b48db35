#include "ranvier/base/error.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace ranvier {
namespace {

TEST(Error, CarriesFaultAndMessage) {
    try {
        fail(Fault::unsupported, "layer {}: '{}'", 3, "Einsum");
    } catch (const Error& error) {
        EXPECT_EQ(error.fault(), Fault::unsupported);
        EXPECT_STREQ(error.what(), "layer 3: 'Einsum'");
    }
}

TEST(WithContext, PutsThePlaceInFrontAndKeepsTheFault) {
    try {
        with_context("net.onnx", [] { fail(Fault::io, "unreadable"); });
        FAIL() << "nothing was thrown";
    } catch (const Error& error) {
        EXPECT_EQ(error.fault(), Fault::io);
        EXPECT_STREQ(error.what(), "net.onnx: unreadable");
    }
}

TEST(WithContext, PassesResultsAndOtherExceptionsThrough) {
    EXPECT_EQ(*with_context("x", [] { return std::make_unique<int>(5); }), 5);
    EXPECT_THROW(with_context("x", [] { throw std::out_of_range("y"); }), std::out_of_range);
}

}  // namespace
}  // namespace ranvier
