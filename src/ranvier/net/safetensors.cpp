#include "ranvier/net/safetensors.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/base/half.hpp"
#include "ranvier/net/strict_json.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <vector>

namespace ranvier {

using nlohmann::json;

static_assert(std::endian::native == std::endian::little, "safetensors data are little-endian");

namespace {

constexpr std::size_t length_bytes = 8;
constexpr std::uint64_t max_header = std::uint64_t{16} << 20;

/// One entry of the header, checked against the size of the data.
struct Entry {
    std::string name;
    std::string dtype;
    std::vector<std::int64_t> dims;
    std::uint64_t begin = 0, end = 0;  ///< bytes from the start of the data
};

std::uint64_t whole_number(const json& value, const std::string& where) {
    if (!value.is_number_unsigned())
        fail(Fault::bad_input, "{}: {} stands where a whole number >= 0 must be", where,
             excerpt(value));
    return value.get<std::uint64_t>();
}

const json& member(const json& object, const char* key, const std::string& where) {
    const auto found = object.find(key);
    if (found == object.end()) fail(Fault::bad_input, "{}: '{}' is missing", where, key);
    return *found;
}

std::vector<std::int64_t> read_dims(const json& shape, std::uint64_t max_values,
                                    const std::string& where) {
    if (!shape.is_array() || shape.empty() || shape.size() > 8)
        fail(Fault::bad_input, "{}: 'shape' must be a list of 1 to 8 sizes", where);
    std::vector<std::int64_t> dims;
    std::uint64_t room = max_values;  // values that may still be multiplied in
    for (const json& dim : shape) {
        const std::uint64_t extent = whole_number(dim, where + ", 'shape'");
        if (extent < 1 || extent > room)
            fail(Fault::bad_input, "{}: shape {} does not fit into the file", where,
                 excerpt(shape));
        room /= extent;
        dims.push_back(static_cast<std::int64_t>(extent));
    }
    return dims;
}

/// Bytes of one value; 0: of no such type.
std::size_t size_of(const json& dtype) {
    if (dtype == "F32" || dtype == "I32") return 4;
    if (dtype == "F16" || dtype == "BF16") return 2;
    return dtype == "I8" || dtype == "U8" ? 1 : 0;
}

Entry read_entry(const std::string& tensor, const json& value, std::uint64_t data_size,
                 const std::string& name) {
    const std::string where = fmt::format("{}: tensor '{}'", name, tensor);
    if (!value.is_object() || value.size() != 3)
        fail(Fault::bad_input, "{}: must have 'dtype', 'shape' and 'data_offsets' and nothing else",
             where);
    const json& dtype = member(value, "dtype", where);
    const std::size_t value_size = size_of(dtype);
    if (value_size == 0)
        fail(Fault::bad_input,
             "{}: dtype is {}; only \"F32\", \"F16\", \"BF16\", \"I32\", \"I8\" and \"U8\" can be "
             "read",
             where, excerpt(dtype));
    const json& offsets = member(value, "data_offsets", where);
    if (!offsets.is_array() || offsets.size() != 2)
        fail(Fault::bad_input, "{}: 'data_offsets' must be [begin, end]", where);
    Entry entry{tensor,
                dtype.get<std::string>(),
                {},
                whole_number(offsets[0], where),
                whole_number(offsets[1], where)};
    if (entry.begin > entry.end || entry.end > data_size)
        fail(Fault::bad_input,
             "{}: bytes {} to {} lie outside the {} bytes of data; the file may be cut off", where,
             entry.begin, entry.end, data_size);
    entry.dims = read_dims(member(value, "shape", where), data_size / value_size, where);
    if (Tensor::count(entry.dims) * value_size != entry.end - entry.begin)
        fail(Fault::bad_input, "{}: shape {} needs {} bytes, but the file gives it {}", where,
             excerpt(member(value, "shape", where)), Tensor::count(entry.dims) * value_size,
             entry.end - entry.begin);
    return entry;
}

void require_seamless(std::vector<Entry>& entries, std::uint64_t data_size,
                      const std::string& name) {
    std::sort(entries.begin(), entries.end(),
              [](const Entry& a, const Entry& b) { return a.begin < b.begin; });
    std::uint64_t at = 0;
    for (const Entry& entry : entries) {
        if (entry.begin != at)
            fail(Fault::bad_input,
                 "{}: tensor '{}' begins at data byte {}; it must begin at {} (no holes, no "
                 "overlaps)",
                 name, entry.name, entry.begin, at);
        at = entry.end;
    }
    if (at != data_size)
        fail(Fault::bad_input, "{}: {} bytes of data belong to no tensor", name, data_size - at);
}

json read_header(std::string_view bytes, std::uint64_t& header_size, const std::string& name) {
    if (bytes.size() < length_bytes)
        fail(Fault::bad_input, "{}: {} bytes are too few for a safetensors file", name,
             bytes.size());
    std::memcpy(&header_size, bytes.data(), length_bytes);
    if (header_size > max_header || header_size > bytes.size() - length_bytes)
        fail(Fault::bad_input,
             "{}: declares a header of {} bytes, but {} bytes follow (at most {} are read); not a "
             "safetensors file, or cut off",
             name, header_size, bytes.size() - length_bytes, max_header);
    json header = parse_strict_json(bytes.substr(length_bytes, header_size), name + ": header");
    if (!header.is_object()) fail(Fault::bad_input, "{}: the header is not a JSON object", name);
    return header;
}

Int8Tensor read_int8(const Entry& entry, std::string_view values, const std::string& name) {
    Int8Tensor tensor{entry.dims, std::vector<std::int8_t>(values.size())};
    std::memcpy(tensor.values.data(), values.data(), values.size());
    const auto bad = std::ranges::find(tensor.values, std::int8_t{-128});
    if (bad != tensor.values.end())
        fail(Fault::bad_input,
             "{}: tensor '{}' holds -128 at position {}; int8 weights are symmetric, -127 to 127",
             name, entry.name, bad - tensor.values.begin());
    return tensor;
}

Tensor read_floats(const Entry& entry, std::string_view values) {
    Tensor tensor(entry.dims);
    if (entry.dtype == "F32") {
        std::memcpy(tensor.values.data(), values.data(), values.size());
        return tensor;
    }
    const auto widen = entry.dtype == "F16" ? from_float16 : from_bfloat16;
    for (std::size_t i = 0; i < tensor.size(); ++i) {
        std::uint16_t bits = 0;
        std::memcpy(&bits, values.data() + i * sizeof(bits), sizeof(bits));
        tensor.values[i] = widen(bits);
    }
    return tensor;
}

template <typename Integer>
std::vector<Integer> read_list(const Entry& entry, std::string_view values,
                               const std::string& name) {
    if (entry.dims.size() != 1)
        fail(Fault::bad_input, "{}: tensor '{}' is {} with {} axes; it must have 1", name,
             entry.name, entry.dtype, entry.dims.size());
    std::vector<Integer> integers(values.size() / sizeof(Integer));
    std::memcpy(integers.data(), values.data(), values.size());
    return integers;
}

std::vector<std::uint16_t> in_float16(const std::string& name, const Tensor& tensor) {
    std::vector<std::uint16_t> bits(tensor.size());
    for (std::size_t i = 0; i < bits.size(); ++i) {
        const float value = tensor.values[i];
        bits[i] = to_float16(value);
        if (std::isfinite(value) && !std::isfinite(from_float16(bits[i])))
            fail(Fault::bad_input,
                 "'{}' holds {}; float16 ends at 65504: write this network in float32", name,
                 value);
    }
    return bits;
}

}  // namespace

std::string encode_safetensors(const Safetensors& content, FloatStorage storage) {
    std::map<std::string, std::vector<std::uint16_t>> halves;
    if (storage == FloatStorage::float16)
        for (const auto& [name, tensor] : content.tensors)
            if (tensor.dims.size() > 1) halves.emplace(name, in_float16(name, tensor));
    json header = json::object();
    if (!content.metadata.empty()) header["__metadata__"] = content.metadata;
    std::uint64_t at = 0;
    const auto announce = [&](const std::string& name, const char* dtype,
                              const std::vector<std::int64_t>& dims, std::size_t size) {
        header[name] = {{"dtype", dtype}, {"shape", dims}, {"data_offsets", {at, at + size}}};
        at += size;
    };
    for (const auto& [name, tensor] : content.tensors)
        if (!halves.contains(name))
            announce(name, "F32", tensor.dims, tensor.size() * sizeof(float));
    for (const auto& [name, values] : content.int32)
        announce(name, "I32", {static_cast<std::int64_t>(values.size())},
                 values.size() * sizeof(std::int32_t));
    for (const auto& [name, values] : halves)
        announce(name, "F16", content.tensors.at(name).dims, values.size() * sizeof(values[0]));
    for (const auto& [name, tensor] : content.int8)
        announce(name, "I8", tensor.dims, tensor.values.size());
    for (const auto& [name, values] : content.bytes)
        announce(name, "U8", {static_cast<std::int64_t>(values.size())}, values.size());
    std::string text = dump_json(header, "safetensors header");
    text.append((length_bytes - text.size() % length_bytes) % length_bytes, ' ');
    const std::uint64_t header_size = text.size();
    if (header_size > max_header)
        fail(Fault::bad_input, "safetensors header: {} bytes; at most {} can be read again",
             header_size, max_header);
    std::string bytes(length_bytes, '\0');
    std::memcpy(bytes.data(), &header_size, length_bytes);
    bytes.reserve(length_bytes + text.size() + at);
    bytes += text;
    const auto append = [&](const auto& values) {
        bytes.append(reinterpret_cast<const char*>(values.data()),
                     values.size() * sizeof(values[0]));
    };
    for (const auto& [name, tensor] : content.tensors)
        if (!halves.contains(name)) append(tensor.values);
    for (const auto& [name, values] : content.int32) append(values);
    for (const auto& [name, values] : halves) append(values);
    for (const auto& [name, tensor] : content.int8) append(tensor.values);
    for (const auto& [name, values] : content.bytes) append(values);
    return bytes;
}

Safetensors decode_safetensors(std::string_view bytes, const std::string& name) {
    std::uint64_t header_size = 0;
    const json header = read_header(bytes, header_size, name);
    const std::string_view data = bytes.substr(length_bytes + header_size);
    Safetensors content;
    std::vector<Entry> entries;
    for (const auto& [key, value] : header.items()) {
        if (key != "__metadata__") {
            entries.push_back(read_entry(key, value, data.size(), name));
            continue;
        }
        if (!value.is_object())
            fail(Fault::bad_input, "{}: '__metadata__' must be an object of texts", name);
        for (const auto& [text_name, text] : value.items()) {
            if (!text.is_string())
                fail(Fault::bad_input, "{}: metadata '{}' is not a text", name, text_name);
            content.metadata[text_name] = text.get<std::string>();
        }
    }
    require_seamless(entries, data.size(), name);
    for (const Entry& entry : entries) {
        const std::string_view values = data.substr(entry.begin, entry.end - entry.begin);
        if (entry.dtype == "I32") {
            content.int32.emplace(entry.name, read_list<std::int32_t>(entry, values, name));
            continue;
        }
        if (entry.dtype == "U8") {
            content.bytes.emplace(entry.name, read_list<std::uint8_t>(entry, values, name));
            continue;
        }
        if (entry.dtype == "I8") {
            content.int8.emplace(entry.name, read_int8(entry, values, name));
            continue;
        }
        content.tensors.emplace(entry.name, read_floats(entry, values));
    }
    return content;
}

}  // namespace ranvier
