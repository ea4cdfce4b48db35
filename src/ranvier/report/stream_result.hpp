#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace ranvier {

/// Wall time of one timestep, from having the frame to having the output, microseconds.
struct StepLatency {
    double mean = 0;
    double p50 = 0;  ///< percentiles to within half a percent
    double p95 = 0;
    double max = 0;
};

/// What a network did on a stream of frames, and what is needed to do it again. Filled by
/// recipe/stream.hpp; this part only prints it.
struct StreamResult {
    std::size_t samples = 0;    ///< whole ones: images, or spans of frames between two resets
    bool labelled = false;      ///< correct and accuracy mean something
    std::size_t correct = 0;    ///< by the output after a sample's last step
    double accuracy = 0;        ///< fraction
    double accuracy_error = 0;  ///< standard error of `accuracy`
    double timesteps = 0;       ///< per sample, mean
    std::uint64_t steps = 0;    ///< all that were timed
    StepLatency latency_us;
    double frames_per_second = 0;  ///< of the network alone: 1 / mean latency
    double seconds = 0;            ///< wall time, reading and counting included
    double spikes = 0;             ///< per sample
    double synops = 0;             ///< per sample, border-exact
    std::size_t prediction = 0;    ///< at the end of the last sample
    std::vector<float> logits;     ///< likewise, [n_out]

    std::string network_file;
    std::string data;      ///< one line that says what the frames were
    std::string data_set;  ///< as given to --data; empty: frames of a file
    std::string split;
    std::uint64_t seed = 0;
    int threads = 0;
    std::string engine;
    std::string command_line;
    std::map<std::string, std::string> versions;
};

/// Keys in a fixed order, those of an evaluation where they mean the same.
[[nodiscard]] nlohmann::ordered_json to_json(const StreamResult& result);

/// For the terminal.
[[nodiscard]] std::string stream_text(const StreamResult& result);

}  // namespace ranvier
