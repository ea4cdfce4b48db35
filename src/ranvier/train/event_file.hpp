#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace ranvier {

/// One point of a curve.
struct Scalar {
    std::string_view tag;  ///< "train/loss": the part before the slash groups curves
    float value = 0;
};

/// Records of a TensorBoard event file, as bytes. A file is the start record and then any number of
/// others. Each record is
///
///     uint64 length, uint32 checksum of the length, the message, uint32 checksum of the message
///
/// in little-endian order; a checksum is rotate_right(crc32c, 15) + 0xA282EAD8. The message is a
/// Protocol Buffer, Event: 1 wall_time (double), 2 step (int64), 3 file_version (string) or
/// 5 summary, which is a list of 1 value: 1 tag (string), 2 simple_value (float).
///
/// @param unix_time  seconds since 1970.
/// @see tensorflow/core/util/event.proto, summary.proto and lib/io/record_writer.cc of TensorFlow.
[[nodiscard]] std::string event_file_start(double unix_time);
[[nodiscard]] std::string event_record(double unix_time, std::int64_t step,
                                       std::span<const Scalar> scalars);

/// Castagnoli's checksum, RFC 3720 appendix B.4.
[[nodiscard]] std::uint32_t crc32c(std::string_view bytes) noexcept;

}  // namespace ranvier
