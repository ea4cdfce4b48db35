#pragma once

#include <pybind11/pybind11.h>

namespace ranvier::python {

/// Adds Error and one exception for each fault, and has Error of the library become them.
void add_errors(pybind11::module_& module);

}  // namespace ranvier::python
