#include "ranvier/python/convert_options.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/recipe/convert_keys.hpp"
#include "ranvier/recipe/names.hpp"

#include <cmath>
#include <functional>

namespace ranvier::python {

namespace py = pybind11;

namespace {

using Setter = std::function<void(ConvertRequest&, const py::handle&, const char* name)>;

struct OptionSetter {
    const char* name;
    Setter set;
};

[[noreturn]] void refuse_type(const char* name, const char* wanted) {
    throw py::type_error(fmt::format("convert: {} must be {}", name, wanted));
}

/// Numbers are Python's, NumPy's and whatever else says that it is one; strings are not.
bool is_number(const py::handle& value, bool whole) {
    if (py::isinstance<py::bool_>(value)) return false;
    return PyIndex_Check(value.ptr()) != 0 || (!whole && py::hasattr(value, "__float__"));
}

double number(const py::handle& value, const char* name, double least, double most) {
    if (!is_number(value, false)) refuse_type(name, "a number");
    const auto given = py::float_(py::reinterpret_borrow<py::object>(value)).cast<double>();
    if (!(given >= least && given <= most))
        fail(Fault::usage, "convert: {} is {}; allowed is {} to {}", name, given, least, most);
    return given;
}

std::string text(const py::handle& value, const char* name) {
    if (!py::isinstance<py::str>(value)) refuse_type(name, "a string");
    return value.cast<std::string>();
}

// --- setters of one kind each; `field` picks the member ---

template <typename Field>
Setter word(Field field) {
    return [field](ConvertRequest& request, const py::handle& value, const char* name) {
        auto& member = field(request);
        member = value_named<std::remove_reference_t<decltype(member)>>(text(value, name), name);
    };
}

template <typename Field>
Setter whole(Field field, int least, int most) {
    return [=](ConvertRequest& request, const py::handle& value, const char* name) {
        if (!is_number(value, true)) refuse_type(name, "an int");
        field(request) = static_cast<int>(number(value, name, least, most));
    };
}

template <typename Field>
Setter real(Field field, double least, double most) {
    return [=](ConvertRequest& request, const py::handle& value, const char* name) {
        auto& member = field(request);
        member = static_cast<std::remove_reference_t<decltype(member)>>(
            number(value, name, least, most));
    };
}

template <typename Field>
Setter flag(Field field) {
    return [field](ConvertRequest& request, const py::handle& value, const char* name) {
        if (!py::isinstance<py::bool_>(value)) refuse_type(name, "True or False");
        field(request) = value.cast<bool>();
    };
}

/// None: not given.
template <typename Field>
Setter optional_real(Field field, double least, double most) {
    return [=](ConvertRequest& request, const py::handle& value, const char* name) {
        auto& member = field(request);
        using Value = typename std::remove_reference_t<decltype(member)>::value_type;
        member.reset();
        if (!value.is_none()) member = static_cast<Value>(number(value, name, least, most));
    };
}

void set_preset(ConvertRequest& request, const py::handle& value, const char* name) {
    request.options =
        with_preset(request.options, value_named<ConvertPreset>(text(value, name), name));
}

void set_base(ConvertRequest& request, const py::handle& value, const char* name) {
    request.options.base = base_named(py::str(value).cast<std::string>(), name);
}

// Ranges as in cli/convert.cpp. The preset comes first: others change what it says.
#define FIELD(member) ([](ConvertRequest & request) -> auto& { return request.options.member; })
const std::vector<OptionSetter>& setters() {
    constexpr double large = 1e30;
    static const std::vector<OptionSetter> all = {
        {"preset", set_preset},
        {"coding", word(FIELD(coding))},
        {"steps", whole(FIELD(steps), 1, 4096)},
        {"base", set_base},
        {"wait", whole(FIELD(wait), -1, 4096)},
        {"input", word(FIELD(input))},
        {"threshold_shift", flag(FIELD(threshold_shift))},
        {"neuron", word(FIELD(neuron))},
        {"lower_bound", optional_real(FIELD(lower_bound), -large, 0)},
        {"thresholds", word(FIELD(thresholds))},
        {"calibration_steps", whole(FIELD(currents.steps), 1, 1 << 20)},
        {"threshold_scale", real(FIELD(currents.scale), 0, large)},
        {"residual_threshold", real(FIELD(currents.residual), 0, large)},
        {"silent_threshold", real(FIELD(currents.if_silent), 0, large)},
        {"input_rate", real(FIELD(input_rate), 0, large)},
        {"spread", whole(FIELD(spread), 1, 4096)},
        {"reset", word(FIELD(reset))},
        {"propagation", word(FIELD(propagation))},
        {"max_rule", word(FIELD(max_rule))},
        {"max_pools", word(FIELD(max_pools))},
        {"pool_neurons", flag(FIELD(pool_neurons))},
        {"placement", word(FIELD(placement))},
        {"weights", word(FIELD(weights))},
        {"weight_scale", word(FIELD(quantize.scale))},
        {"weight_rule", word(FIELD(quantize.rule))},
        {"per", word(FIELD(measure.granularity))},
        {"percentile", real(FIELD(measure.percentile), 0.001, 100)},
        {"percentile_method", word(FIELD(measure.method))},
        {"tune", word(FIELD(tuning))},
        {"max_loss",
         optional_real(
             [](ConvertRequest & request) -> auto& { return request.max_loss; }, 0, 100)},
        {"diagnose", flag([](ConvertRequest & request) -> auto& { return request.diagnose; })},
    };
    return all;
}
#undef FIELD

void require_known(const py::kwargs& options) {
    const std::vector<std::string> known = convert_option_names();
    for (const auto& [key, value] : options) {
        const auto name = key.cast<std::string>();
        if (std::find(known.begin(), known.end(), name) == known.end())
            fail(Fault::usage, "convert: there is no option '{}'{}", name, suggestion(name, known));
    }
}

}  // namespace

std::vector<std::string> convert_option_names() {
    std::vector<std::string> names;
    for (const OptionSetter& setter : setters()) names.emplace_back(setter.name);
    return names;
}

ConvertRequest convert_request(const py::kwargs& options) {
    require_known(options);
    ConvertRequest request;
    for (const OptionSetter& setter : setters())
        if (options.contains(setter.name)) setter.set(request, options[setter.name], setter.name);
    require_used_keys(request, KeyStyle::python, [&options](const char* key) {
        return options.contains(key) && !options[key].is_none();
    });
    return request;
}

}  // namespace ranvier::python
