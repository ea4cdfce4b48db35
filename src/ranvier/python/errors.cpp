#include "ranvier/python/errors.hpp"

#include "ranvier/base/error.hpp"

#include <array>
#include <exception>

namespace ranvier::python {

namespace py = pybind11;

namespace {

/// [Fault]: the exceptions, for the life of the process.
std::array<PyObject*, 5>& exceptions() {
    static std::array<PyObject*, 5> all{};
    return all;
}

py::object new_exception(py::module_& module, const char* name, const char* text,
                         const py::tuple& bases) {
    const std::string full = std::string("ranvier.") + name;
    PyObject* made = PyErr_NewExceptionWithDoc(full.c_str(), text, bases.ptr(), nullptr);
    if (made == nullptr) throw py::error_already_set();
    auto exception = py::reinterpret_steal<py::object>(made);
    module.attr(name) = exception;
    return exception;
}

void translate(std::exception_ptr thrown) {
    try {
        std::rethrow_exception(thrown);
    } catch (const Error& error) {
        PyErr_SetString(exceptions().at(static_cast<std::size_t>(error.fault())), error.what());
    }
}

}  // namespace

void add_errors(py::module_& module) {
    const py::object any =
        new_exception(module, "Error", "What the library refuses; see the subclasses.",
                      py::make_tuple(py::handle(PyExc_Exception)));
    const auto value = py::make_tuple(any, py::handle(PyExc_ValueError));
    const auto add = [&](Fault fault, const char* name, const char* text, const py::tuple& bases) {
        exceptions().at(static_cast<std::size_t>(fault)) =
            new_exception(module, name, text, bases).release().ptr();
    };
    add(Fault::usage, "UsageError", "An option or argument cannot be used.", value);
    add(Fault::bad_input, "BadInputError", "A file or value is wrong.", value);
    add(Fault::unsupported, "UnsupportedError", "Valid, but not something Ranvier does.",
        py::make_tuple(any));
    add(Fault::io, "FileError", "The operating system refused to read or write.",
        py::make_tuple(any, py::handle(PyExc_OSError)));
    add(Fault::internal, "InternalError", "A defect of Ranvier.", py::make_tuple(any));
    py::register_exception_translator(&translate);
}

}  // namespace ranvier::python
