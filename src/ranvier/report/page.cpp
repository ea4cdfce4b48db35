#include "ranvier/report/page.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/report/page_files.hpp"

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

namespace ranvier {

namespace {

/// `json` as it may stand in a script element: the only '<' there are inside strings.
std::string embedded(const nlohmann::ordered_json& json) {
    const std::string text =
        json.dump(-1, ' ', true, nlohmann::ordered_json::error_handler_t::replace);
    std::string safe;
    safe.reserve(text.size());
    for (const char c : text) {
        if (c == '<')
            safe += "\\u003c";
        else
            safe += c;
    }
    return safe;
}

void require_library(std::string_view library) {
    constexpr std::size_t head = 400;  // characters that hold its banner
    if (library.substr(0, head).find("Chart.js v3.") == std::string_view::npos)
        fail(Fault::bad_input,
             "report: the plotting library is not Chart.js 3 (its first lines do not say so); give "
             "the chart.min.js of Debian's package libjs-chart.js");
    for (const char* end : {"</script", "</SCRIPT", "<!--"})
        if (library.find(end) != std::string_view::npos)
            fail(Fault::bad_input,
                 "report: the plotting library holds '{}' and cannot stand inside a page; give the "
                 "chart.min.js of Debian's package libjs-chart.js",
                 end);
}

}  // namespace

std::string page_html(const nlohmann::ordered_json& data, std::string_view library) {
    require_library(library);
    const std::string json = embedded(data);
    const std::array<std::pair<std::string_view, std::string_view>, 4> parts = {
        {{"{{style}}", page_style},
         {"{{data}}", json},
         {"{{library}}", library},
         {"{{script}}", page_script}}};
    // In the template's order, each looked for behind the last, so that nothing that was put in is
    // taken for a mark.
    const std::string_view page = page_template;
    std::string html;
    std::size_t at = 0;
    for (const auto& [mark, text] : parts) {
        const std::size_t found = page.find(mark, at);
        if (found == std::string_view::npos)
            fail(Fault::internal, "report: the page has no {}", mark);
        html.append(page, at, found - at).append(text);
        at = found + mark.size();
    }
    return html.append(page, at);
}

}  // namespace ranvier
