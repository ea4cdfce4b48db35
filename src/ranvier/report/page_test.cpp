#include "ranvier/report/page.hpp"

#include "ranvier/base/error.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace ranvier {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* library = "/*!\n * Chart.js v3.9.1\n */\nconst marker = 1;";

std::size_t count(const std::string& text, const std::string& part) {
    std::size_t n = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
        ++n;
    return n;
}

TEST(Page, HoldsLibraryStyleScriptsAndData) {
    const std::string html = page_html({{"title", "here"}}, library);
    EXPECT_EQ(count(html, "const marker = 1;"), 1U);
    EXPECT_EQ(count(html, R"({"title":"here"})"), 1U);
    EXPECT_NE(html.find("prefers-color-scheme: dark"), std::string::npos);
    EXPECT_NE(html.find("function sortableTable"), std::string::npos);
    EXPECT_EQ(html.find("{{"), std::string::npos);
    EXPECT_EQ(html.find("http://"), std::string::npos);
}

TEST(Page, DataCannotLeaveTheirElement) {
    const std::string plain = page_html({{"name", "conv1"}}, library);
    const std::string hostile = page_html(
        {{"name", "</script><script>alert(1)</script><!-- {{script}} {{library}} \xFF"}}, library);
    EXPECT_EQ(count(hostile, "<script"), count(plain, "<script"));
    EXPECT_EQ(count(hostile, "</script"), count(plain, "</script"));
    EXPECT_EQ(count(hostile, "<!--"), count(plain, "<!--"));
    EXPECT_EQ(count(hostile, "const marker = 1;"), 1U);
}

TEST(Page, RefusesOtherLibraries) {
    for (const std::string& other :
         {std::string(), std::string("alert(1)"), std::string("/* Chart.js v2.9.4 */"),
          std::string(library) + "</script>"}) {
        try {
            (void)page_html({{"title", "x"}}, other);
            ADD_FAILURE() << other;
        } catch (const Error& error) {
            EXPECT_EQ(error.fault(), Fault::bad_input);
            EXPECT_NE(std::string(error.what()).find("libjs-chart.js"), std::string::npos);
        }
    }
}

}  // namespace
}  // namespace ranvier
