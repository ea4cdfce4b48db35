#include "ranvier/train/checkpoint.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/base/file.hpp"
#include "ranvier/net/safetensors.hpp"
#include "ranvier/net/strict_json.hpp"
#include "ranvier/train/hash.hpp"

#include <nlohmann/json.hpp>

namespace ranvier {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(EpochResult, epoch, loss, accuracy, learning_rate,
                                   images_per_second, synops)

namespace {

using Json = nlohmann::json;

constexpr const char* state_key = "ranvier_checkpoint";
constexpr const char* hash_key = "ranvier_checkpoint_hash";

std::string hash_of(const std::string& state, const std::map<std::string, Tensor>& tensors) {
    Hash hash;
    hash.add(state);
    for (const auto& [name, tensor] : tensors) {
        hash.add(name);
        hash.add_values(tensor.dims);
        hash.add_values(tensor.values);
    }
    return hash.text();
}

/// The text behind `key`, or "".
std::string text(const Safetensors& content, const char* key) {
    const auto found = content.metadata.find(key);
    return found == content.metadata.end() ? std::string() : found->second;
}

}  // namespace

void save_checkpoint(const Checkpoint& checkpoint, const std::filesystem::path& path) {
    const std::string state = Json{{"run", checkpoint.run}, {"epochs", checkpoint.epochs}}.dump();
    const std::string hash = hash_of(state, checkpoint.tensors);
    write_file(path,
               encode_safetensors({checkpoint.tensors, {{state_key, state}, {hash_key, hash}}}));
}

Checkpoint load_checkpoint(const std::filesystem::path& path) {
    const std::string file = path.string();
    Safetensors content = decode_safetensors(read_file(path), file);
    const std::string state = text(content, state_key);
    if (state.empty())
        fail(Fault::bad_input,
             "{}: is no checkpoint of a training; name another checkpoint file, or delete this one",
             file);
    if (hash_of(state, content.tensors) != text(content, hash_key))
        fail(Fault::bad_input,
             "{}: the checkpoint is damaged (its content does not agree with its hash); delete it "
             "to train from the beginning",
             file);
    Checkpoint checkpoint;
    try {
        const Json json = parse_strict_json(state, file);
        json.at("run").get_to(checkpoint.run);
        json.at("epochs").get_to(checkpoint.epochs);
    } catch (const Json::exception& error) {
        fail(Fault::bad_input, "{}: the checkpoint's state cannot be read: {}", file, error.what());
    }
    checkpoint.tensors = std::move(content.tensors);
    return checkpoint;
}

}  // namespace ranvier
