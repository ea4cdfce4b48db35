#include "ranvier/data/event_formats.hpp"

#include <algorithm>

namespace ranvier {

namespace {

/// How a camera packs pixels into 32 bits, and which words are no pixels.
struct Address {
    int width, height;
    int x_shift, y_shift;
    std::uint32_t x_mask, y_mask;  ///< after shifting
    int polarity_shift;
    bool on_bit;              ///< value of the polarity bit of events that became brighter
    std::uint32_t not_pixel;  ///< any of these bits: synchronization, frames, inertia
};

constexpr Address dvs128{128, 128, 1, 8, 0x7F, 0x7F, 0, false, 0xFFFF8000};
constexpr Address davis(int width, int height) {
    return {width, height, 12, 22, 0x3FF, 0x1FF, 11, true, 0x80000400};
}

/// The camera that the header names; without a name the DVS128, which is older than such names.
Address address_of(std::string_view header, const std::string& name) {
    const std::size_t found = header.find("AEChip:");
    if (found == header.npos) return dvs128;
    std::string_view chip = header.substr(found);
    chip = chip.substr(0, chip.find('\n'));
    const auto says = [&](const char* word) { return chip.find(word) != chip.npos; };
    if (says("DVS128")) return dvs128;
    if (says("Davis240") || says("DAVIS240")) return davis(240, 180);
    if (says("Davis346") || says("DAVIS346")) return davis(346, 260);
    fail(Fault::unsupported,
         "{}: byte {}: the header says '{}'; of AEDAT 2.0, recordings of DVS128, DAVIS240 and "
         "DAVIS346 are read",
         name, found, std::string(chip.substr(0, 80)));
}

/// The first event may begin with a '#' too; control characters tell it from a line of text.
std::size_t header_end(const EventBytes& bytes) {
    const auto is_control = [](char c) {
        return static_cast<unsigned char>(c) < ' ' && c != '\t' && c != '\r';
    };
    std::size_t end = 0;
    while (bytes.starts_with(end, "#")) {
        std::size_t at = end;
        const std::string_view line = bytes.line(at);
        if (std::ranges::any_of(line, is_control)) break;
        end = at;
        if (line.starts_with("#End Of ASCII Header")) break;
    }
    return end;
}

}  // namespace

EventRecording parse_aedat2(const EventBytes& bytes) {
    constexpr std::size_t record = 8;
    const std::size_t begin = header_end(bytes);
    const Address a = address_of(bytes.part(0, begin, "the header"), bytes.name());
    const std::size_t n = bytes.records(begin, record);
    EventSink sink(bytes, "AEDAT 2.0", a.width, a.height);
    sink.reserve(n);
    WrappingTime time(32);
    for (std::size_t at = begin; at < bytes.size(); at += record) {
        const std::uint32_t word = bytes.big_endian32(at, "an event");
        if ((word & a.not_pixel) != 0) continue;
        const std::uint32_t t = bytes.big_endian32(at + 4, "an event");
        // Columns count from the right, rows from below.
        sink.add(at, time.unwrap(t, sink.last()),
                 a.width - 1 - std::int64_t{word >> a.x_shift & a.x_mask},
                 a.height - 1 - std::int64_t{word >> a.y_shift & a.y_mask},
                 ((word >> a.polarity_shift & 1) != 0) == a.on_bit);
    }
    return sink.finish();
}

}  // namespace ranvier
