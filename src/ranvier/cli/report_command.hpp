#pragma once

#include "ranvier/cli/commands.hpp"
#include "ranvier/energy/crossbar.hpp"

#include <optional>
#include <string>
#include <vector>

namespace ranvier {

/// What `report` and `demo` share.
struct ReportRequest {
    std::vector<std::string> runs;
    std::string out;
    std::string chart_library;  ///< file of Chart.js; empty: Debian's
    std::optional<CrossbarOptions> crossbars{CrossbarOptions{}};
};

/// Writes the page. @return a line for the terminal.
/// @throws Error as load_run and page_html; Error(unsupported) if the plotting library is missing.
[[nodiscard]] std::string write_report(const ReportRequest& request, const CommandLine& line);

}  // namespace ranvier
