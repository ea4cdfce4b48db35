#include "ranvier/formats/onnx_tensor.hpp"

#include "ranvier/base/error.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <fmt/format.h>
#include <fmt/ranges.h>

static_assert(std::endian::native == std::endian::little, "raw_data is little endian");

namespace ranvier::onnx_import {

namespace {

constexpr std::size_t max_rank = 16;
constexpr std::int64_t max_values = std::int64_t{1} << 31;

/// IEEE 754 half precision.
float half_to_float(std::uint16_t half) {
    const int exponent = (half >> 10) & 0x1F;
    const float fraction = static_cast<float>(half & 0x3FF);
    float value = 0;
    if (exponent == 0)
        value = std::ldexp(fraction, -24);
    else if (exponent < 31)
        value = std::ldexp(fraction + 1024.0F, exponent - 25);
    else
        value = fraction == 0 ? INFINITY : NAN;
    return (half & 0x8000) != 0 ? -value : value;
}

float brain_to_float(std::uint16_t bits) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

struct Decoder {
    const onnx::TensorProto& proto;
    const std::string& where;
    std::size_t count;

    void require_count(std::size_t found, const char* field) const {
        if (found != count)
            fail(Fault::bad_input, "{}: {} holds {} values; its shape {} needs {}", where, field,
                 found, to_string(Dims(proto.dims().begin(), proto.dims().end())), count);
    }

    /// Values as stored bytes of type `Stored`, or from the repeated field of their type.
    template <typename Stored, typename Out, typename Field, typename Convert>
    std::vector<Out> read(const Field& field, const char* field_name, Convert convert) const {
        std::vector<Out> out(count);
        if (!proto.has_raw_data()) {
            require_count(static_cast<std::size_t>(field.size()), field_name);
            std::transform(field.begin(), field.end(), out.begin(),
                           [&](auto v) { return convert(static_cast<Stored>(v)); });
            return out;
        }
        const std::string& raw = proto.raw_data();
        if (raw.size() != count * sizeof(Stored))
            fail(Fault::bad_input, "{}: raw_data has {} bytes; its shape {} needs {}", where,
                 raw.size(), to_string(Dims(proto.dims().begin(), proto.dims().end())),
                 count * sizeof(Stored));
        for (std::size_t k = 0; k < count; ++k) {
            Stored value{};
            std::memcpy(&value, raw.data() + k * sizeof(Stored), sizeof(Stored));
            out[k] = convert(value);
        }
        return out;
    }

    template <typename Stored, typename Field>
    Constant integers(const Field& field, const char* field_name) const {
        return {{}, read<Stored, std::int64_t>(field, field_name, [](Stored v) {
                    return static_cast<std::int64_t>(v);
                })};
    }
    template <typename Stored, typename Field, typename Convert>
    Constant floats(const Field& field, const char* field_name, Convert convert) const {
        return {{}, read<Stored, float>(field, field_name, convert)};
    }

    Constant decode() const {
        using Type = onnx::TensorProto;
        const auto plain = [](auto v) { return static_cast<float>(v); };
        switch (proto.data_type()) {
            case Type::FLOAT:
                return floats<float>(proto.float_data(), "float_data", plain);
            case Type::DOUBLE:
                return floats<double>(proto.double_data(), "double_data", plain);
            case Type::FLOAT16:
                return floats<std::uint16_t>(proto.int32_data(), "int32_data", half_to_float);
            case Type::BFLOAT16:
                return floats<std::uint16_t>(proto.int32_data(), "int32_data", brain_to_float);
            case Type::INT64:
                return integers<std::int64_t>(proto.int64_data(), "int64_data");
            case Type::INT32:
                return integers<std::int32_t>(proto.int32_data(), "int32_data");
            case Type::INT16:
                return integers<std::int16_t>(proto.int32_data(), "int32_data");
            case Type::INT8:
                return integers<std::int8_t>(proto.int32_data(), "int32_data");
            case Type::UINT8:
                return integers<std::uint8_t>(proto.int32_data(), "int32_data");
            case Type::UINT16:
                return integers<std::uint16_t>(proto.int32_data(), "int32_data");
            case Type::BOOL:
                return integers<std::uint8_t>(proto.int32_data(), "int32_data");
            case Type::UINT32:
                return integers<std::uint32_t>(proto.uint64_data(), "uint64_data");
            default:
                fail(Fault::unsupported,
                     "{}: values of type {} cannot be used; export the model in float32", where,
                     type_name(proto.data_type()));
        }
    }
};

}  // namespace

std::string to_string(const Dims& dims) {
    return fmt::format("[{}]", fmt::join(dims, ", "));
}

std::string printable(const std::string& text) {
    constexpr std::size_t longest = 120;
    std::string out = text.substr(0, longest);
    std::replace_if(
        out.begin(), out.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
    return text.size() > longest ? out + "..." : out;
}

std::size_t checked_count(const Dims& dims, const std::string& where) {
    if (dims.size() > max_rank)
        fail(Fault::bad_input, "{}: has {} axes; at most {} are allowed", where, dims.size(),
             max_rank);
    std::int64_t count = 1;
    bool zero = false;
    for (const std::int64_t extent : dims) {
        if (extent < 0)
            fail(Fault::bad_input, "{}: shape {} has a negative extent", where, to_string(dims));
        zero = zero || extent == 0;
        if (extent > 0 && count > max_values / extent)
            fail(Fault::bad_input, "{}: shape {} has more than 2^31 values", where,
                 to_string(dims));
        if (extent > 0) count *= extent;
    }
    return zero ? 0 : static_cast<std::size_t>(count);
}

Constant decode_tensor(const onnx::TensorProto& proto, const std::string& where) {
    if (proto.data_location() == onnx::TensorProto::EXTERNAL || proto.external_data_size() > 0)
        fail(Fault::unsupported,
             "{}: its values lie in another file; save the model as one file with all weights "
             "inside (in Python: onnx.save(onnx.load(path), path_of_one_file))",
             where);
    if (proto.has_segment())
        fail(Fault::unsupported,
             "{}: is stored in segments; save the model again with a current "
             "version of its exporter",
             where);
    Dims dims(proto.dims().begin(), proto.dims().end());
    const std::size_t count = checked_count(dims, where);
    // Nothing is allocated for values that are not there.
    if (count > proto.ByteSizeLong())
        fail(Fault::bad_input, "{}: its shape {} needs {} values, more than the file holds", where,
             to_string(dims), count);
    Constant out = Decoder{proto, where, count}.decode();
    out.dims = std::move(dims);
    return out;
}

Tensor to_tensor(const Constant& constant) {
    Tensor tensor;
    tensor.dims = constant.dims.empty() ? Dims{1} : constant.dims;
    if (constant.is_float())
        tensor.values = constant.floats();
    else
        tensor.values.assign(constant.integers().begin(), constant.integers().end());
    return tensor;
}

std::string type_name(int data_type) {
    if (!onnx::TensorProto::DataType_IsValid(data_type)) return fmt::format("{}", data_type);
    return onnx::TensorProto::DataType_Name(static_cast<onnx::TensorProto::DataType>(data_type));
}

}  // namespace ranvier::onnx_import
