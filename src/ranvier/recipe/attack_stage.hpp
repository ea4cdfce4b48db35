#pragma once

#include "ranvier/recipe/key_use.hpp"
#include "ranvier/train/attack.hpp"

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace ranvier {

class TableReader;

/// Attacks of a network, at all combinations of the lists' entries.
struct AttackStage {
    std::vector<AttackMethod> methods = {AttackMethod::fgsm};
    std::vector<double> epsilons = {8.0 / 255};
    std::vector<int> steps{};     ///< rate-coded networks: timesteps; empty: the network's
    std::vector<double> leaks{};  ///< leaky neurons: of all layers; empty: the network's
    AttackOptions options{};      ///< method, epsilon, seed and threads are put in
    std::size_t limit = 0;        ///< attack the first so many samples; 0: all
    std::string crafted_on{};     ///< recipe: an earlier stage or a model file; empty: itself
    bool save_images = false;
    /// A key that was given, as written, and says how a spiking network's gradient is to be taken;
    /// empty: none. Whether it does anything is seen from the network that images are crafted on.
    std::string gradient_key{};
};

/// @throws Error(bad_input) for a value that is out of range.
[[nodiscard]] AttackStage read_attack_stage(TableReader& reader);

/// As unused_key of conversions: the first given key that the attack does not use.
[[nodiscard]] std::optional<UnusedKey> unused_attack_key(
    const AttackStage& stage, KeyStyle style, const std::function<bool(const char*)>& given);

/// Sets `gradient_key`. Who gave a surrogate and no gradient wants the one that it belongs to.
/// @param given  whether the user gave a key, by its name in recipes.
void remember_gradient(AttackStage& stage, KeyStyle style,
                       const std::function<bool(const char*)>& given);

/// A number, or a fraction: "0.03", "8/255".
/// @param where  what the word was given for; stands in the message.
/// @throws Error(bad_input) for anything else.
[[nodiscard]] double fraction_named(const std::string& word, const std::string& where);

/// "none" (untargeted), "random", or the number of a class.
/// @throws Error(bad_input) for anything else.
void set_target(AttackOptions& options, const std::string& word, const std::string& where);

/// As set_target reads it.
[[nodiscard]] std::string target_name(const AttackOptions& options);

}  // namespace ranvier
