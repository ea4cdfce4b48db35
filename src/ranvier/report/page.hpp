#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace ranvier {

/// One HTML page that needs nothing else: style, scripts, the plotting library and the data are in
/// it, and its content policy forbids it to load anything.
///
/// The data are JSON in ASCII without '<', and the scripts make text of them, never markup, so that
/// no name of a layer or a run can become part of the page.
/// @param data     of page_data.
/// @param library  Chart.js 3.
/// @throws Error(bad_input) if `library` is no Chart.js, or could not stand inside a page.
[[nodiscard]] std::string page_html(const nlohmann::ordered_json& data, std::string_view library);

}  // namespace ranvier
