// Any bytes as a recipe.
#include "ranvier/recipe/recipe.hpp"

#include "target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    return ranvier::fuzz::expect_answer([&] {
        (void)ranvier::parse_recipe(std::string(ranvier::fuzz::as_text(data, size)), "fuzz.toml");
    });
}
