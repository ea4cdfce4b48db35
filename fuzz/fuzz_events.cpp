// Any bytes as a recording of events, of the format that the first byte chooses where the content
// does not.
#include "ranvier/data/event_recording.hpp"

#include "target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static constexpr const char* names[] = {"a.bin", "a.dat", "a.raw", "a.aedat"};
    if (size == 0) return 0;
    const std::string bytes(ranvier::fuzz::as_text(data + 1, size - 1));
    return ranvier::fuzz::expect_answer(
        [&] { (void)ranvier::parse_events(bytes, names[data[0] % 4]); });
}
