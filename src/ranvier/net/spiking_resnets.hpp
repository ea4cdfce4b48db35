#pragma once

#include "ranvier/net/architectures.hpp"

namespace ranvier {

/// The ResNets of Rathi et al. 2020 and the papers that followed (hybrid, DIET, IIR): three 3x3
/// convolutions of 64 channels and an average pool, then four stages of 64, 128, 256 and 512
/// channels whose blocks are conv - ReLU - dropout - conv, plus the block's input, - ReLU; no
/// biases and no batch norm. "resnet34_roy" has 3, 4, 6 and 3 blocks as their spiking network;
/// their float network of that name has 3, 4, 5 and 3, a mistake, so their weights do not fit it.
/// "resnet34_roy_imagenet", for 224x224, has an average pool of 3x3 for that of 2x2 and one of 7x7
/// before the classifier, which thus has 512 inputs.
[[nodiscard]] std::vector<std::string> spiking_resnet_names();

/// @throws as make_architecture.
[[nodiscard]] Network make_spiking_resnet(const std::string& name, const Input& input,
                                          int n_classes, std::uint64_t seed,
                                          const ArchitectureOptions& options);

}  // namespace ranvier
