#pragma once

#include "ranvier/base/error.hpp"
#include "ranvier/data/event_recording.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace ranvier {

static_assert(std::endian::native == std::endian::little, "numbers are read as they lie in files");

/// A file's bytes; everything read is inside, or an Error names file and byte.
class EventBytes {
public:
    EventBytes(std::string_view bytes, std::string name, SensorSize expected = {})
        : bytes_(bytes), name_(std::move(name)), expected_(expected) {}

    [[nodiscard]] std::size_t size() const noexcept { return bytes_.size(); }
    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    /// What the reader knows of the sensor, for files that do not say.
    [[nodiscard]] SensorSize expected() const noexcept { return expected_; }

    /// @throws Error(bad_input) if the bytes [at, at + n) are not all there. @param what  "an
    /// event"
    void require(std::size_t at, std::size_t n, const char* what) const {
        if (at > size() || n > size() - at)
            fail(Fault::bad_input,
                 "{}: byte {}: {} of {} bytes begins here, but the file ends at byte {}; it is "
                 "cut off or damaged",
                 name_, at, what, n, size());
    }
    [[nodiscard]] std::string_view part(std::size_t at, std::size_t n, const char* what) const {
        require(at, n, what);
        return bytes_.substr(at, n);
    }
    /// A little-endian number. @param T  an integer type.
    template <typename T>
    [[nodiscard]] T number(std::size_t at, const char* what) const {
        T value;
        std::memcpy(&value, part(at, sizeof(T), what).data(), sizeof(T));
        return value;
    }
    [[nodiscard]] std::uint32_t big_endian32(std::size_t at, const char* what) const {
        std::uint32_t value = 0;
        for (const char byte : part(at, 4, what))
            value = value << 8 | static_cast<std::uint8_t>(byte);
        return value;
    }
    /// How many records of `record` bytes lie from `begin` to the end.
    /// @throws Error(bad_input) if the last one is not whole.
    [[nodiscard]] std::size_t records(std::size_t begin, std::size_t record) const {
        const std::size_t n = (size() - begin) / record;
        if ((size() - begin) % record != 0) require(begin + n * record, record, "an event");
        return n;
    }
    [[nodiscard]] bool starts_with(std::size_t at, std::string_view text) const noexcept {
        return at <= size() && bytes_.substr(at).starts_with(text);
    }
    /// The line that begins at `at`, without its end; `at` moves behind it.
    [[nodiscard]] std::string_view line(std::size_t& at) const noexcept {
        const std::size_t end = std::min(bytes_.find('\n', at), size());
        std::string_view text = bytes_.substr(at, end - at);
        at = std::min(end + 1, size());
        if (text.ends_with('\r')) text.remove_suffix(1);
        return text;
    }

private:
    std::string_view bytes_;
    std::string name_;
    SensorSize expected_;
};

/// Gathers events: pixels must lie on the sensor, and time does not run backwards.
class EventSink {
public:
    /// @param width, height  of the sensor; 0: the file does not say, and it is what was expected,
    ///        or else anything below 65,536.
    EventSink(const EventBytes& bytes, std::string format, int width, int height)
        : name_(bytes.name()) {
        recording_.format = std::move(format);
        recording_.width = width;
        recording_.height = height;
        said_ = width > 0;
        if (!said_) {
            recording_.width = bytes.expected().width;
            recording_.height = bytes.expected().height;
        }
    }

    void reserve(std::size_t n) { recording_.events.reserve(n); }

    /// @param at  byte of the file, for messages.
    void add(std::size_t at, std::int64_t t_us, std::int64_t x, std::int64_t y, bool on) {
        const std::int64_t width = recording_.width > 0 ? recording_.width : 1 << 16;
        const std::int64_t height = recording_.height > 0 ? recording_.height : 1 << 16;
        if (x < 0 || x >= width || y < 0 || y >= height)
            fail(Fault::bad_input,
                 "{}: byte {}: an event at column {}, row {}; the sensor has {} columns and {} "
                 "rows{}, so the file is damaged or from another camera",
                 name_, at, x, y, width, height, said_ ? "" : " (--sensor)");
        if (t_us < 0)
            fail(Fault::bad_input, "{}: byte {}: an event at {} us; times must not be negative",
                 name_, at, t_us);
        if (t_us < last_) {
            if (recording_.backwards++ == 0) recording_.first_backwards = at;
            t_us = last_;
        }
        last_ = t_us;
        recording_.events.push_back({static_cast<std::uint64_t>(t_us),
                                     static_cast<std::uint16_t>(x), static_cast<std::uint16_t>(y),
                                     on});
    }
    [[nodiscard]] std::int64_t last() const noexcept { return last_; }

    EventRecording finish() { return std::move(recording_); }

private:
    std::string name_;
    EventRecording recording_;
    bool said_ = true;  ///< the file says how large the sensor is
    std::int64_t last_ = 0;
};

/// Times of a counter of `bits` bits that begins again at 0: a step of less than half its range
/// forward is taken as such, even across the end, and one of more as a step back.
class WrappingTime {
public:
    explicit WrappingTime(int bits) : bits_(bits) {}

    /// @param last  the time of the latest event, as this gave it.
    [[nodiscard]] std::int64_t unwrap(std::uint64_t counter, std::int64_t last) {
        if (!begun_) {
            begun_ = true;
            return static_cast<std::int64_t>(counter);
        }
        const std::uint64_t range = std::uint64_t{1} << bits_;
        const std::uint64_t ahead = (counter - static_cast<std::uint64_t>(last)) & (range - 1);
        const auto step = static_cast<std::int64_t>(ahead);
        return ahead < range / 2
                   ? last + step
                   : std::max<std::int64_t>(0, last + step - static_cast<std::int64_t>(range));
    }

private:
    int bits_;
    bool begun_ = false;
};

}  // namespace ranvier
