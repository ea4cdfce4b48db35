#include "ranvier/train/checkpoint.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/base/file.hpp"
#include "ranvier/net/safetensors.hpp"
#include "ranvier/net/strict_json.hpp"
#include "ranvier/train/hash.hpp"

#include <nlohmann/json.hpp>

namespace ranvier {

namespace {

using Json = nlohmann::json;

constexpr const char* state_key = "ranvier_checkpoint";
constexpr const char* hash_key = "ranvier_checkpoint_hash";

Json json_of(const EpochResult& e) {
    Json json = {{"epoch", e.epoch},
                 {"loss", e.loss},
                 {"accuracy", e.accuracy},
                 {"learning_rate", e.learning_rate},
                 {"images_per_second", e.images_per_second},
                 {"synops", e.synops},
                 {"unix_time", e.unix_time}};
    if (e.test_loss) json["test_loss"] = *e.test_loss;
    if (e.test_accuracy) json["test_accuracy"] = *e.test_accuracy;
    return json;
}

EpochResult epoch_from(const Json& json) {
    EpochResult e;
    json.at("epoch").get_to(e.epoch);
    json.at("loss").get_to(e.loss);
    json.at("accuracy").get_to(e.accuracy);
    json.at("learning_rate").get_to(e.learning_rate);
    json.at("images_per_second").get_to(e.images_per_second);
    json.at("synops").get_to(e.synops);
    json.at("unix_time").get_to(e.unix_time);
    if (json.contains("test_loss")) e.test_loss = json["test_loss"].get<double>();
    if (json.contains("test_accuracy")) e.test_accuracy = json["test_accuracy"].get<double>();
    return e;
}

Json json_of(const PartOfEpoch& part) {
    return {{"batches", part.batches},
            {"loss", part.loss},
            {"correct", part.correct},
            {"synops", part.synops},
            {"seconds", part.seconds}};
}

PartOfEpoch part_from(const Json& json) {
    return {json.at("batches").get<std::uint64_t>(), json.at("loss").get<double>(),
            json.at("correct").get<std::int64_t>(), json.at("synops").get<double>(),
            json.at("seconds").get<double>()};
}

std::string state_of(const Checkpoint& checkpoint) {
    Json json = {{"run", checkpoint.run},
                 {"epochs", Json::array()},
                 {"part", json_of(checkpoint.part)},
                 {"first_loss", checkpoint.first_loss}};
    for (const EpochResult& epoch : checkpoint.epochs) json["epochs"].push_back(json_of(epoch));
    return json.dump();
}

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
    const std::string state = state_of(checkpoint);
    const std::string hash = hash_of(state, checkpoint.tensors);
    write_file(path,
               encode_safetensors({checkpoint.tensors, {{state_key, state}, {hash_key, hash}}}));
}

Checkpoint decode_checkpoint(const std::string& bytes, const std::filesystem::path& path) {
    const std::string file = path.string();
    Safetensors content = decode_safetensors(bytes, file);
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
        for (const Json& epoch : json.at("epochs")) checkpoint.epochs.push_back(epoch_from(epoch));
        checkpoint.part = part_from(json.at("part"));
        checkpoint.first_loss = json.value("first_loss", -1.0);
    } catch (const Json::exception& error) {
        fail(Fault::bad_input, "{}: the checkpoint's state cannot be read: {}", file, error.what());
    }
    checkpoint.tensors = std::move(content.tensors);
    return checkpoint;
}

}  // namespace ranvier
