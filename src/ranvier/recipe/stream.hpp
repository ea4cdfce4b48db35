#pragma once

#include "ranvier/base/samples.hpp"
#include "ranvier/data/npy_frames.hpp"
#include "ranvier/net/network.hpp"
#include "ranvier/recipe/stages.hpp"
#include "ranvier/report/stream_result.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

namespace ranvier {

/// What can be read after one timestep.
struct StreamStep {
    std::size_t sample = 0;         ///< which one, from 0
    std::uint64_t step = 0;         ///< of the sample, from 1
    bool last = false;              ///< of the sample
    int label = -1;                 ///< -1: there is none
    std::size_t prediction = 0;     ///< index of the largest logit
    std::span<const float> logits;  ///< [n_out], valid during the call
    double latency_us = 0;          ///< of this step
};

/// Called after every timestep. @return whether to go on; no: the stream ends here.
using StreamObserver = std::function<bool(const StreamStep&)>;

/// Shows every image for some timesteps, one after the other; the network is reset between them.
/// The image is presented anew at each step, as a camera does, so that latencies are those of a
/// stream.
/// Event recordings are replayed instead, a timestep of their own after the other.
/// @param steps  per image; 0: the network's own, or the recording's.
/// @throws Error as Stream; Error(bad_input) if the samples do not fit or there are none.
[[nodiscard]] StreamResult stream_samples(const Network& network, const Samples& samples, int steps,
                                          const RunContext& context,
                                          const StreamObserver& observer);

struct FrameStreamRequest {
    std::uint64_t steps = 0;        ///< end after so many; 0: with the input
    std::uint64_t reset_every = 0;  ///< forget everything after so many steps; 0: never
    float divide_by = 1;            ///< every value; 255 for pixels of 8 bits
};

/// One frame per timestep until the input ends.
/// @throws Error as Stream and NpyFrames; Error(bad_input) if there are no frames.
[[nodiscard]] StreamResult stream_frames(const Network& network, NpyFrames& frames,
                                         const FrameStreamRequest& request,
                                         const RunContext& context, const StreamObserver& observer);

}  // namespace ranvier
