#pragma once

#include <cstddef>
#include <cstdint>

namespace ranvier {

/// How synapses drive a population of leaky neurons.
enum class LeakyForm {
    conductance,  ///< they open conductances towards reversal potentials
    current,      ///< they push and pull the membrane directly
};

/// One timestep of leaky neurons with adaptive thresholds. With ge, gi the drive at this step,
/// times the factor that makes a decaying drive's mean over the step:
///
///     conductance:  v <- (v + share (rest + ge e_exc + gi e_inh)) / (1 + share (1 + ge + gi))
///     current:      v <- rest + (v - rest) keep + (ge - gi)
///
/// The first is the implicit Euler step of tau dv/dt = rest - v + ge (e_exc - v) + gi (e_inh - v),
/// stable for any drive. A neuron whose `wait` is above 0 stays at `reset` and waits one step less.
/// It fires where v > threshold + theta; then v = reset and wait = refractory. At the end the
/// drives decay.
struct LeakyRule {
    LeakyForm form = LeakyForm::conductance;
    float share = 0;                     ///< conductance: timestep / membrane time constant
    float keep = 0;                      ///< current: exp(-timestep / membrane time constant)
    float rest = 0, reset = 0;           ///< mV
    float threshold = 0;                 ///< mV
    float e_exc = 0, e_inh = 0;          ///< mV, reversal potentials
    float mean_exc = 1, mean_inh = 1;    ///< of a drive over a step, relative to its beginning
    float decay_exc = 0, decay_inh = 0;  ///< of the drives per step; 0: they last one step
    float refractory = 0;                ///< steps
};

/// Arrays of `n` neurons.
struct LeakyNeurons {
    std::size_t n = 0;   ///< a multiple of 64
    float* membrane;     ///< mV
    float* wait;         ///< steps left of the refractory time
    float* drive_exc;    ///< relative to the leak conductance, or mV per step
    float* drive_inh;    ///< likewise, >= 0
    const float* theta;  ///< mV; infinity: never fires
};

/// Bit i % 64 of bits[i / 64] says whether neuron i fires. Same result on every instruction set.
/// @return how many fire.
std::size_t leaky_step(const LeakyRule& rule, const LeakyNeurons& neurons, std::uint64_t* bits);
std::size_t leaky_step_reference(const LeakyRule& rule, const LeakyNeurons& neurons,
                                 std::uint64_t* bits);

}  // namespace ranvier
