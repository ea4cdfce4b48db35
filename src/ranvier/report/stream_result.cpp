#include "ranvier/report/stream_result.hpp"

#include "ranvier/report/table.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace ranvier {

namespace {

double per_step(double per_sample, const StreamResult& result) {
    return result.timesteps > 0 ? per_sample / result.timesteps : 0;
}

void add_line(std::string& text, const char* label, const std::string& value) {
    text += fmt::format("{:<22}{}\n", label, printable(value));
}

}  // namespace

nlohmann::ordered_json to_json(const StreamResult& result) {
    nlohmann::ordered_json json;
    if (result.labelled) {
        json["accuracy"] = result.accuracy;
        json["accuracy_standard_error"] = result.accuracy_error;
        json["correct"] = result.correct;
    }
    json["samples"] = result.samples;
    json["timesteps"] = result.timesteps;
    json["steps"] = result.steps;
    json["latency_us"] = {{"mean", result.latency_us.mean},
                          {"p50", result.latency_us.p50},
                          {"p95", result.latency_us.p95},
                          {"max", result.latency_us.max}};
    json["frames_per_second"] = result.frames_per_second;
    json["spikes_per_sample"] = result.spikes;
    json["spikes_per_step"] = per_step(result.spikes, result);
    json["synops_per_sample"] = result.synops;
    json["synops_per_step"] = per_step(result.synops, result);
    json["prediction"] = result.prediction;
    json["logits"] = result.logits;
    json["seconds"] = result.seconds;
    json["network_file"] = result.network_file;
    json["data"] = result.data;
    if (!result.data_set.empty()) {
        json["data_set"] = result.data_set;
        json["split"] = result.split;
        json["seed"] = result.seed;
    }
    json["threads"] = result.threads;
    json["engine"] = result.engine;
    json["command"] = result.command_line;
    json["versions"] = result.versions;
    return json;
}

std::string stream_text(const StreamResult& result) {
    std::string text;
    add_line(text, "network", result.network_file);
    add_line(text, "data", result.data);
    if (result.labelled)
        add_line(text, "accuracy",
                 fmt::format("{} +- {:.2f} ({} of {})", percent_text(result.accuracy),
                             100 * result.accuracy_error, result.correct, result.samples));
    add_line(text, "timesteps",
             fmt::format("{} ({:.6g} per sample)", result.steps, result.timesteps));
    const StepLatency& us = result.latency_us;
    add_line(text, "latency per timestep",
             fmt::format("mean {:.1f} us, median {:.1f}, 95th percentile {:.1f}, longest {:.1f}",
                         us.mean, us.p50, us.p95, us.max));
    add_line(text, "speed",
             fmt::format("{:.1f} frames/s ({} thread{}, engine: {})", result.frames_per_second,
                         result.threads, result.threads == 1 ? "" : "s", result.engine));
    add_line(text, "spikes per timestep", count_text(per_step(result.spikes, result)));
    add_line(text, "SynOps per timestep", count_text(per_step(result.synops, result)));
    return text;
}

}  // namespace ranvier
