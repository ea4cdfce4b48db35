#include "ranvier/stdp/checkpoint.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/base/file.hpp"
#include "ranvier/net/safetensors.hpp"
#include "ranvier/stdp/model_file.hpp"

#include <array>
#include <cstring>

namespace ranvier {

namespace {

constexpr const char* counts_key = "counts";
constexpr const char* identity_key = "training";

using CountWords = std::array<std::uint64_t, 6>;

std::vector<std::uint8_t> count_bytes(const StdpCounts& c) {
    const CountWords words = {
        c.images,           c.shows, c.input_spikes, c.synaptic_events, c.excitatory_spikes,
        c.inhibitory_spikes};
    std::vector<std::uint8_t> bytes(sizeof words);
    std::memcpy(bytes.data(), words.data(), bytes.size());
    return bytes;
}

StdpCounts counts_of(const Safetensors& content, const std::string& name) {
    CountWords words{};
    const auto found = content.bytes.find(counts_key);
    if (found == content.bytes.end() || found->second.size() != sizeof words)
        fail(Fault::bad_input, "{}: is no checkpoint: its tensor '{}' must hold {} bytes", name,
             counts_key, sizeof words);
    std::memcpy(words.data(), found->second.data(), sizeof words);
    return {words[0], words[1], words[2], words[3], words[4], words[5]};
}

}  // namespace

std::string training_identity(const StdpModel& model, const Samples& samples,
                              const StdpTrainOptions& options) {
    const PruneOptions& prune = options.prune;
    return fmt::format("{} | seed {} | {} | epochs {} | prune {} {} {} {} {} | settle {}",
                       options_json(model.options), model.seed, samples.describe(), options.epochs,
                       static_cast<int>(prune.kind), prune.threshold, prune.levels, prune.interval,
                       prune.mature_spikes, options.settle_images);
}

void save_checkpoint(const std::filesystem::path& file, const std::string& identity,
                     const StdpTraining& training) {
    Safetensors content = model_tensors(training.model);
    content.metadata[identity_key] = identity;
    content.bytes[counts_key] = count_bytes(training.counts);
    write_file(file, encode_safetensors(content));
}

void load_checkpoint(const std::filesystem::path& file, const std::string& identity,
                     StdpTraining& training) {
    if (!std::filesystem::exists(file)) return;
    const std::string name = file.string();
    const Safetensors content = decode_safetensors(read_file(file), name);
    const auto found = content.metadata.find(identity_key);
    if (found == content.metadata.end() || found->second != identity)
        fail(Fault::bad_input,
             "{}: is the checkpoint of another training; delete it to begin anew, or give the same "
             "options, data and seed",
             name);
    training.counts = counts_of(content, name);
    training.model = model_from_tensors(content, name);
}

}  // namespace ranvier
