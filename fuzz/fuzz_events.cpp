// Any bytes as a recording of events, of the format that the first byte chooses where the content
// does not: an Error(bad_input) or Error(unsupported), or a recording, nothing else.
#include "ranvier/base/error.hpp"
#include "ranvier/data/event_recording.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static constexpr const char* names[] = {"a.bin", "a.dat", "a.raw", "a.aedat"};
    if (size == 0) return 0;
    const std::string bytes(data + 1, data + size);
    try {
        (void)ranvier::parse_events(bytes, names[data[0] % 4]);
    } catch (const ranvier::Error& error) {
        if (error.fault() != ranvier::Fault::bad_input &&
            error.fault() != ranvier::Fault::unsupported)
            throw;
    }
    return 0;
}
