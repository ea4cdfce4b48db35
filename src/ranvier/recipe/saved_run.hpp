#pragma once

#include "ranvier/energy/crossbar.hpp"
#include "ranvier/report/page_data.hpp"

#include <filesystem>
#include <optional>

namespace ranvier {

/// What an earlier run left, to be reported: the folder that `ranvier run` made, finished or not
/// (its result.json stands for it), or any JSON file with results.
///
/// Of a folder that is not finished, the stages that are done count, and the epochs that a training
/// has written to its curves.csv so far.
/// @param crossbars  map the network of the run's headline_of onto such arrays, if its file is
///                   in the folder and its evaluation has not done so; if it cannot be mapped, a
///                   note says why.
/// @throws Error(io); Error(bad_input) if it is no run, or a file is no JSON.
[[nodiscard]] RunRecord load_run(const std::filesystem::path& path,
                                 const std::optional<CrossbarOptions>& crossbars = {});

}  // namespace ranvier
