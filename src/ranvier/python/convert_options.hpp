#pragma once

#include "ranvier/recipe/conversion.hpp"

#include <pybind11/pybind11.h>
#include <string>
#include <vector>

namespace ranvier::python {

/// The options of `ranvier convert` by keyword, with '_' for '-'; those about data and files are
/// not among them.
[[nodiscard]] std::vector<std::string> convert_option_names();

/// @throws Error(usage) for an unknown keyword or a number out of range; Error(bad_input) for an
///         unknown word; TypeError for a value of another type.
[[nodiscard]] ConvertRequest convert_request(const pybind11::kwargs& options);

}  // namespace ranvier::python
