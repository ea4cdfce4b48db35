#pragma once

#include "ranvier/net/network.hpp"
#include "ranvier/train/gradient_network.hpp"
#include "ranvier/train/layer_operations.hpp"
#include "ranvier/train/spike_training.hpp"
#include "ranvier/train/spiking_layer.hpp"

#include <vector>

// Includes LibTorch: only for source files of this part.
namespace ranvier {

/// A spiking network as tensors, and what can be said of it before an image is seen.
struct SpikingModel {
    /// @throws Error(bad_input) as infer_shapes and for options out of range; Error(unsupported)
    ///         naming the layer for what cannot be trained through time: other neurons than N2 and
    ///         N3, max pools, batch norms, dropout layers, graphs, delayed propagation, phase
    ///         codes.
    SpikingModel(const Network& network, const SpikeTraining& training, torch::Dtype dtype,
                 torch::Device device, Precision precision = Precision::float32);

    /// What a layer is trained with, as places in `parameters`; -1: nothing.
    struct Places {
        int weight = -1, bias = -1, threshold = -1, leak = -1;
    };

    Network network;
    SpikeTraining training;
    torch::TensorOptions options;
    Precision precision;  ///< of products
    std::vector<Shape> shapes;
    std::vector<std::size_t> n_readers, last_reader;  ///< [n_layers]
    std::vector<bool> constant;  ///< [n_layers] the same in every step: direct input before neurons
    std::vector<bool> trainable;              ///< [n_layers] depends on a parameter
    std::vector<bool> drops;                  ///< [n_layers] neurons that dropout acts on
    std::vector<torch::Tensor> weight, bias;  ///< [n_layers], undefined where there is none
    std::vector<SpikingNeurons> neurons;      ///< [n_layers] of activation layers
    torch::Tensor mean, scale;                ///< of the input, undefined: 0 and 1
    std::vector<NamedTensor> parameters;
    std::vector<Places> places;  ///< [n_layers]

private:
    void load(std::size_t l);
    int add_parameter(std::size_t l, const char* what, const torch::Tensor& tensor);
};

}  // namespace ranvier
