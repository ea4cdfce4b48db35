#pragma once

#include <gtest/gtest.h>

#include <rapidcheck.h>
#include <string>
#include <utility>

namespace ranvier::testing {

/// rc::check only returns whether a property holds; in a test that has to count.
template <typename Property>
void check_property(Property&& property) {
    EXPECT_TRUE(rc::check(std::forward<Property>(property)));
}
template <typename Property>
void check_property(const std::string& description, Property&& property) {
    EXPECT_TRUE(rc::check(description, std::forward<Property>(property)));
}

}  // namespace ranvier::testing
