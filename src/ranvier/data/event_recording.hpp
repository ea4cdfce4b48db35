#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace ranvier {

/// One pixel of an event camera saw its brightness change.
struct Event {
    std::uint64_t t_us = 0;
    std::uint16_t x = 0;  ///< column, from the left
    std::uint16_t y = 0;  ///< row, from the top
    bool on = false;      ///< brighter; otherwise darker
    friend bool operator==(const Event&, const Event&) = default;
};

/// What an event camera recorded.
struct EventRecording {
    std::string format;         ///< "AEDAT 2.0", "EVT 2.0", ...
    int width = 0;              ///< of the sensor, pixels; 0: the file does not say
    int height = 0;             ///< likewise
    std::vector<Event> events;  ///< in the file's order, times never decreasing
    /// Events whose time lay before that of an earlier one; they got that event's time.
    std::size_t backwards = 0;
    std::uint64_t first_backwards = 0;  ///< where in the file the first of them stands, bytes
};

/// Pixels of a sensor; 0: not known.
struct SensorSize {
    int width = 0;
    int height = 0;
};

/// Reads a recording in any format that docs/formats.md lists: AEDAT 2.0, 3.1 and 4.0, N-MNIST
/// (.bin, .bs2), Prophesee .dat and EVT 2.0 (.raw), Event Stream (.es). The content says which, or
/// the ending where the content cannot. Takes memory for the events alone, at most a small multiple
/// of the file's size.
/// @throws Error(io) if the file cannot be read; Error(bad_input) naming file and byte for one that
///         is damaged: cut within an event, pixels outside of the sensor, lengths that the file
///         does not hold; Error(unsupported) for other formats and versions.
/// @param expected  of recordings whose file does not say: theirs is then this.
[[nodiscard]] EventRecording read_events(const std::filesystem::path& path,
                                         SensorSize expected = {});

/// The same from memory. @param name  the file's: its ending counts, and it stands in messages.
[[nodiscard]] EventRecording parse_events(std::string_view bytes, const std::string& name,
                                          SensorSize expected = {});

/// Whether the file's name ends as those of recordings do.
[[nodiscard]] bool is_recording(const std::filesystem::path& path);

/// For the terminal: format, sensor, number and time of events, and what was odd.
[[nodiscard]] std::string recording_text(const EventRecording& recording, const std::string& name);

}  // namespace ranvier
