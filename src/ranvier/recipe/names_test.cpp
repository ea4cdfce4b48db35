#include "ranvier/recipe/names.hpp"

#include <gtest/gtest.h>

namespace ranvier {
namespace {

TEST(NearestName, FindsMisspellings) {
    const std::vector<std::string> known = {"epochs", "batch", "learning_rate"};
    EXPECT_EQ(nearest_name("epoch", known), "epochs");
    EXPECT_EQ(nearest_name("ecophs", known), "epochs");
    EXPECT_EQ(nearest_name("learning-rate", known), "learning_rate");
    EXPECT_EQ(nearest_name("zzz", known), "");
    EXPECT_EQ(nearest_name("", known), "");
    EXPECT_EQ(nearest_name(std::string(1000, 'e'), known), "");
}

TEST(Suggestion, ListsAllWhereNoneIsNear) {
    EXPECT_EQ(suggestion("epoch", {"epochs"}), "; did you mean 'epochs'?");
    EXPECT_EQ(suggestion("zzzz", {"epochs", "batch"}), "; known: epochs, batch");
}

TEST(Names, EveryEnumeratorReadsBack) {
    for (const std::string& name : all_names<Coding>())
        EXPECT_EQ(name_of(value_named<Coding>(name, "test")), name);
    for (const std::string& name : all_names<ScheduleKind>())
        EXPECT_EQ(name_of(value_named<ScheduleKind>(name, "test")), name);
    EXPECT_EQ(all_names<Coding>(), (std::vector<std::string>{"rate", "one_spike"}));
}

TEST(Names, AnUnknownWordIsRefusedWithTheNearest) {
    try {
        (void)value_named<Coding>("one-spike", "--coding");
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.fault(), Fault::bad_input);
        EXPECT_STREQ(error.what(), "--coding: 'one-spike' is not known; did you mean 'one_spike'?");
    }
}

TEST(Names, ABaseIsANumberOrAuto) {
    EXPECT_EQ(base_named("1.3", "--base"), 1.3F);
    EXPECT_EQ(base_named("16", "--base"), 16.0F);
    EXPECT_EQ(base_named("auto", "--base"), 0.0F);
    for (const char* word : {"1", "0", "-2", "16.5", "nan", "inf", "1.3x", "", " 1.3", "Auto"})
        EXPECT_THROW((void)base_named(word, "--base"), Error) << word;
}

}  // namespace
}  // namespace ranvier
