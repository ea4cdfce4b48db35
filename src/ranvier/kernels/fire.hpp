#pragma once

#include <cstddef>
#include <cstdint>

namespace ranvier {

/// What neurons do in a timestep (sim/neuron_step.hpp has the scalar rules and their sources).
enum class FireRule {
    subtract,         ///< N1, reset by subtraction
    zero,             ///< N1, reset to zero
    leaky_delayed,    ///< N2
    leaky_same_step,  ///< N3, reset by subtraction
    leaky_zero,       ///< N3, reset to zero
};

/// Neurons side by side through some timesteps.
struct FireBlock {
    FireRule rule = FireRule::subtract;
    float leak = 1;
    std::size_t width = 0;  ///< neurons: 16, 32 or 64
    std::size_t n_steps = 0;
    const float* threshold;  ///< [width]; infinity: never fires
    const float* currents;   ///< [n_steps][width], a step every `stride`
    std::size_t stride = 0;
    float* membrane;  ///< [width]
};

/// Runs the steps; bit c of bits[s * stride] says whether neuron c fires in step s. Same membranes
/// and spikes on every instruction set.
void fire(const FireBlock& block, std::uint64_t* bits, std::size_t stride);
void fire_reference(const FireBlock& block, std::uint64_t* bits, std::size_t stride);

/// One-spike neurons side by side through some steps: each adds its current, and from step
/// `n_silent` on, that is in phase 1, 2, ..., a neuron that has not fired yet fires where membrane
/// / threshold >= needed[phase - 1].
struct PhaseBlock {
    std::size_t width = 0;  ///< neurons: 16, 32 or 64
    std::size_t n_steps = 0, n_silent = 0;
    const float* threshold;  ///< [width]; infinity: never fires
    const float* needed;     ///< [n_steps - n_silent]
    const float* currents;   ///< [n_steps][width], a step every `stride`
    std::size_t stride = 0;
    float* membrane;  ///< [width]
};

/// Bit c of bits[p * bits_stride] says whether neuron c fires in phase p + 1.
void fire_phases(const PhaseBlock& block, std::uint64_t* bits, std::size_t bits_stride);
void fire_phases_reference(const PhaseBlock& block, std::uint64_t* bits, std::size_t bits_stride);

/// The neurons that spike at one place, step by step: word w of step s at bits[s * n_words + w].
struct BitsOfPlace {
    const std::uint64_t* bits;
    std::size_t n_words, n_steps;
    std::size_t words_per_segment;  ///< a new list begins every so many words
};

/// Lists the numbers of the bits that are set, ascending within a step. List (s, g) begins at
/// channels[offset[s * segments + g]] and ends where the next one begins.
/// @param at  where the first list begins. @param channels up to 64 entries behind the last are
///            overwritten too. @param offset [n_steps * segments]. @return the end.
std::size_t list_bits(const BitsOfPlace& place, std::size_t at, std::uint16_t* channels,
                      std::uint32_t* offset);
std::size_t list_bits_reference(const BitsOfPlace& place, std::size_t at, std::uint16_t* channels,
                                std::uint32_t* offset);

/// counts[i] += set bits of neuron i over n_steps steps; step s of word w at bits[s * stride + w].
/// @param counts  [64 * n_words].
void count_spikes(const std::uint64_t* bits, std::size_t n_words, std::size_t n_steps,
                  std::size_t stride, std::uint32_t* counts);
void count_spikes_reference(const std::uint64_t* bits, std::size_t n_words, std::size_t n_steps,
                            std::size_t stride, std::uint32_t* counts);

}  // namespace ranvier
