// Any bytes as the JSON of an earlier run, for a report.
#include "ranvier/recipe/saved_run.hpp"

#include "target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const ranvier::fuzz::Folder folder;
    const auto file = folder.write("result.json", ranvier::fuzz::as_text(data, size));
    return ranvier::fuzz::expect_answer([&] { (void)ranvier::load_run(file); });
}
