#pragma once

#include "ranvier/net/network.hpp"
#include "ranvier/net/safetensors.hpp"
#include "ranvier/stdp/model.hpp"
#include "ranvier/stdp/readout.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace ranvier {

/// All options as one line of JSON.
[[nodiscard]] std::string options_json(const StdpOptions& options);

/// A model as tensors: weights [n_inputs][n_neurons], -1 where there is no synapse; theta and
/// updates [n_neurons]; options, shape and seed as texts.
[[nodiscard]] Safetensors model_tensors(const StdpModel& model);

/// @param name  stands in messages.
/// @throws Error(bad_input) for a missing or damaged part, naming it.
[[nodiscard]] StdpModel model_from_tensors(const Safetensors& content, const std::string& name);

/// A safetensors file. @throws Error(io).
void save_stdp_model(const StdpModel& model, const std::filesystem::path& file);
/// @throws Error(io), Error(bad_input).
[[nodiscard]] StdpModel load_stdp_model(const std::filesystem::path& file);

/// The synapses as a float network, input -> linear -> output: what maps onto crossbars and what
/// other tools can open. Weights of synapses that do not exist are 0. It does not classify: the
/// neurons' dynamics and their classes are not part of it.
[[nodiscard]] Network synapses_as_network(const StdpModel& model);

}  // namespace ranvier
