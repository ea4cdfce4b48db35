#include "ranvier/data/event_recording.hpp"

#include "ranvier/base/file.hpp"
#include "ranvier/data/event_formats.hpp"

#include <algorithm>
#include <array>

namespace ranvier {

namespace {

[[noreturn]] void refuse(const EventBytes& bytes) {
    fail(Fault::unsupported,
         "{}: is no recording of a known format; known are AEDAT 2.0, 3.1 and 4.0, N-MNIST (.bin, "
         ".bs2), Prophesee .dat (version 2) and EVT 2.0 (.raw), and Event Stream (.es)",
         bytes.name());
}

EventRecording parse_aedat(const EventBytes& bytes) {
    if (bytes.starts_with(9, "2.0")) return parse_aedat2(bytes);
    if (bytes.starts_with(9, "3.1")) return parse_aedat3(bytes);
    if (bytes.starts_with(9, "4.0")) return parse_aedat4(bytes);
    std::size_t at = 0;
    fail(Fault::unsupported,
         "{}: byte 0: begins with '{}'; of AEDAT, versions 2.0, 3.1 and 4.0 are read", bytes.name(),
         std::string(bytes.line(at).substr(0, 20)));
}

}  // namespace

EventRecording parse_events(std::string_view content, const std::string& name,
                            SensorSize expected) {
    const EventBytes bytes(content, name, expected);
    if (content.empty())
        fail(Fault::bad_input, "{}: is empty; a recording of an event camera was expected", name);
    if (bytes.starts_with(0, "#!AER-DAT")) return parse_aedat(bytes);
    if (bytes.starts_with(0, "Event Stream")) return parse_event_stream(bytes);
    const std::string ending = std::filesystem::path(name).extension().string();
    if (ending == ".raw") return parse_evt2(bytes);
    if (ending == ".dat") return parse_dat(bytes);
    if (ending == ".bin" || ending == ".bs2") return parse_nmnist(bytes);
    refuse(bytes);
}

EventRecording read_events(const std::filesystem::path& path, SensorSize expected) {
    return parse_events(read_file(path), path.string(), expected);
}

bool is_recording(const std::filesystem::path& path) {
    static constexpr std::array endings = {".aedat", ".aedat4", ".bin", ".bs2",
                                           ".dat",   ".raw",    ".es"};
    return std::find(endings.begin(), endings.end(), path.extension().string()) != endings.end();
}

std::string recording_text(const EventRecording& recording, const std::string& name) {
    const auto& events = recording.events;
    std::string text = fmt::format("{}: a recording of events, {}\n", name, recording.format);
    text += recording.width > 0
                ? fmt::format("sensor     {} x {} pixels\n", recording.width, recording.height)
                : std::string("sensor     the file does not say; use --sensor\n");
    const auto on =
        std::count_if(events.begin(), events.end(), [](const Event& event) { return event.on; });
    text += fmt::format("events     {}, of which {} on\n", events.size(), on);
    if (!events.empty()) {
        const std::uint64_t first = events.front().t_us;
        text += fmt::format("time       {:.6f} s, from {} us on\n",
                            static_cast<double>(events.back().t_us - first) * 1e-6, first);
    }
    if (recording.backwards > 0)
        text += fmt::format(
            "backwards  {} events lie before an earlier one and got its time; the first at byte "
            "{}\n",
            recording.backwards, recording.first_backwards);
    return text;
}

}  // namespace ranvier
