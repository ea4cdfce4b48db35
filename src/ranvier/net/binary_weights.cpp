#include "ranvier/net/binary_weights.hpp"

#include "ranvier/net/int8_weights.hpp"

#include <cmath>
#include <fmt/ranges.h>

namespace ranvier {

std::string binary_fault(const Tensor& weight, const WeightFormat& format) {
    const std::string fault = scales_fault(weight, format.scales, "binary");
    if (!fault.empty()) return fault;
    const std::size_t per_channel = weight.size() / static_cast<std::size_t>(weight.dims[0]);
    for (std::size_t i = 0; i < weight.size(); ++i) {
        const float scale = scale_at(format.scales, i, per_channel);
        if (std::abs(weight.values[i]) != scale)
            return fmt::format("weight {} at position {} is not plus or minus its binary scale {}",
                               weight.values[i], i, scale);
    }
    return {};
}

PackedSigns pack_signs(const Tensor& weight) {
    PackedSigns signs{{weight.dims.begin(), weight.dims.end()}, {}};
    signs.bytes.resize((weight.size() + 7) / 8);
    for (std::size_t i = 0; i < weight.size(); ++i)
        if (weight.values[i] > 0) signs.bytes[i / 8] |= static_cast<std::uint8_t>(1U << i % 8);
    return signs;
}

std::string packed_fault(const PackedSigns& signs) {
    const std::uint64_t room = 8 * std::uint64_t{signs.bytes.size()};
    std::uint64_t n = 1;
    for (const std::int32_t dim : signs.dims) {
        if (dim < 1 || n > room / static_cast<std::uint64_t>(dim)) n = room + 1;
        if (n > room) break;
        n *= static_cast<std::uint64_t>(dim);
    }
    if (signs.dims.empty() || signs.dims.size() > 8 || n > room || room - n >= 8)
        return fmt::format("{} bytes of signs do not fit a weight of shape [{}]",
                           signs.bytes.size(), fmt::join(signs.dims, ", "));
    if (room > n && signs.bytes.back() >> (8 - (room - n)) != 0)
        return "bits behind the last sign are set; they must be 0";
    return {};
}

Tensor from_signs(const PackedSigns& signs, const std::vector<float>& scales) {
    Tensor weight({signs.dims.begin(), signs.dims.end()});
    const std::size_t per_channel = weight.size() / static_cast<std::size_t>(weight.dims[0]);
    for (std::size_t i = 0; i < weight.size(); ++i) {
        const bool plus = (signs.bytes[i / 8] >> i % 8 & 1) != 0;
        const float scale = scale_at(scales, i, per_channel);
        weight.values[i] = plus ? scale : -scale;
    }
    return weight;
}

bool mark_binary(const Tensor& weight, WeightFormat& format) {
    WeightFormat binary{WeightKind::binary, {}};
    const std::size_t per_channel = weight.size() / static_cast<std::size_t>(weight.dims[0]);
    for (std::size_t i = 0; i < weight.size(); i += per_channel)
        binary.scales.push_back(std::abs(weight.values[i]));
    if (!binary_fault(weight, binary).empty()) return false;
    format = std::move(binary);
    return true;
}

}  // namespace ranvier
