#include "ranvier/kernels/isa.hpp"

#include "ranvier/base/error.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <fmt/ranges.h>
#include <hwy/targets.h>

namespace ranvier {

namespace {

struct Isa {
    const char* name;
    std::int64_t target;
};

/// Slowest first.
constexpr std::array isas = {
    Isa{"sse4", HWY_SSE4},   Isa{"avx2", HWY_AVX2},
    Isa{"avx512", HWY_AVX3}, Isa{"avx512_popcnt", HWY_AVX3_DL},
    Isa{"neon", HWY_NEON},
};

std::atomic<bool> scalar = false;

#ifdef HWY_COMPILE_ONLY_STATIC
// Without Highway's library the kernels exist once, for what the compiler was told to use.
std::int64_t targets_in_use() {
    return HWY_STATIC_TARGET;
}
std::int64_t supported() {
    return HWY_STATIC_TARGET;
}
void restrict_to(std::int64_t /*targets*/) {}
#else
std::int64_t targets_in_use() {
    return hwy::SupportedTargets();
}
/// What the machine has, whatever was chosen.
std::int64_t supported() {
    hwy::SetSupportedTargetsForTest(0);
    return hwy::SupportedTargets();
}
void restrict_to(std::int64_t targets) {
    hwy::SetSupportedTargetsForTest(targets);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}
#endif

}  // namespace

std::vector<std::string> available_isas() {
    static const std::vector<std::string> names = [] {
        std::vector<std::string> result = {"scalar"};
        const std::int64_t targets = targets_in_use();
        for (const Isa& isa : isas)
            if ((targets & isa.target) != 0) result.emplace_back(isa.name);
        return result;
    }();
    return names;
}

void use_isa(const std::string& name) {
    const std::vector<std::string> names = available_isas();
    if (name != "auto" && std::find(names.begin(), names.end(), name) == names.end())
        fail(Fault::usage, "instruction set '{}': this machine has {}; or use auto", name,
             fmt::join(names, ", "));
    scalar = name == "scalar";
    std::int64_t targets = supported();
    for (const Isa& isa : isas)
        if (name == isa.name) targets &= isa.target;
    restrict_to(targets);
}

void use_isa_from_environment() {
    const char* name = std::getenv("RANVIER_ISA");
    if (name != nullptr && *name != '\0') use_isa(name);
}

std::string isa_in_use() {
    if (scalar) return "scalar";
    const std::int64_t targets = targets_in_use();
    std::string best = "scalar";
    for (const Isa& isa : isas)
        if ((targets & isa.target) != 0) best = isa.name;
    return best;
}

bool scalar_isa() noexcept {
    return scalar;
}

}  // namespace ranvier
