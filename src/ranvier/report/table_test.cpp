#include "ranvier/report/table.hpp"

#include <gtest/gtest.h>

namespace ranvier {
namespace {

TEST(Table, AlignsTheFirstColumnLeftAndTheOthersRight) {
    Table table({"name", "n"});
    table.add_row({"a", "123"});
    table.add_row({"longer"});
    EXPECT_EQ(table.text(),
              "name      n\n"
              "-----------\n"
              "a       123\n"
              "longer\n");
}

TEST(Table, ControlCharactersOfNamesAreNotPassedToTheTerminal) {
    Table table({"name"});
    table.add_row({"evil\x1b[2J\n"});
    EXPECT_NE(table.text().find("evil?[2J?"), std::string::npos);
}

TEST(Table, CountsCharactersNotBytes) {
    Table table({"name", "n"});
    table.add_row({"\u00b5", "1"});
    EXPECT_NE(table.text().find("\u00b5     1\n"), std::string::npos);
}

TEST(Texts, PrefixesAndUnits) {
    EXPECT_EQ(count_text(0), "0");
    EXPECT_EQ(count_text(999), "999");
    EXPECT_EQ(count_text(999.99), "1 k");
    EXPECT_EQ(count_text(40'810'000), "40.81 M");
    EXPECT_EQ(energy_text(1234), "1.234 nJ");
    EXPECT_EQ(energy_text(2.5e18), "2.5e+06 J");
    EXPECT_EQ(percent_text(0.97604), "97.60 %");
}

}  // namespace
}  // namespace ranvier
