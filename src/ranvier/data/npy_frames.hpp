#pragma once

#include "ranvier/base/shape.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <istream>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace ranvier {

/// Frames from NumPy's .npy format, read one at a time so that memory does not grow with their
/// number: arrays T x C x H x W, or C x H x W for one frame, of float32 or uint8, any number of
/// them one behind the other, as np.save writes them to a file that stays open. So a source that
/// never ends can send a frame whenever it has one.
///
/// Read are versions 1 and 2, little endian, C order. Nothing is allocated before the header's
/// shape is found equal to `shape` and, where the size of the file is known, the file found to hold
/// what the header declares.
/// @see https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
class NpyFrames {
public:
    /// @param shape  of each frame.
    /// @throws Error(io) if the file cannot be opened.
    NpyFrames(const std::filesystem::path& file, const Shape& shape);
    /// @param in    must outlive this.
    /// @param name  stands in messages.
    NpyFrames(std::istream& in, std::string name, const Shape& shape);

    NpyFrames(const NpyFrames&) = delete;
    NpyFrames& operator=(const NpyFrames&) = delete;

    /// The next frame, [channels][height][width], uint8 as 0 to 255.
    /// @return whether there was one; no: the input ended behind an array.
    /// @throws Error(bad_input) if the input is no such array, has another shape or ends within an
    ///         array; Error(unsupported) for other types and orders; Error(io) if reading fails.
    [[nodiscard]] bool read(std::span<float> frame);

    [[nodiscard]] const std::string& name() const noexcept { return name_; }

private:
    [[nodiscard]] bool read_header();
    void accept(const std::vector<std::uint64_t>& dims);
    /// Exactly `n` bytes. @param what  names them in messages.
    void read_bytes(char* to, std::size_t n, const char* what);

    std::ifstream file_;
    std::istream& in_;
    std::string name_;
    Shape shape_;
    std::optional<std::uint64_t> unread_;  ///< bytes of the file, where its size is known
    std::uint64_t frame_ = 0;              ///< frames read
    std::uint64_t left_ = 0;               ///< frames of the present array
    std::size_t value_bytes_ = 4;          ///< 1: uint8, 4: float32
    std::vector<char> buffer_;
};

}  // namespace ranvier
