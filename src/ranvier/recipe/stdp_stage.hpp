#pragma once

#include "ranvier/stdp/train.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace ranvier {

class TableReader;

/// Trains a two-layer network with STDP, gives its neurons classes, and measures it.
struct StdpStage {
    StdpOptions options;
    StdpTrainOptions training;  ///< its checkpoint is the stage's
    Readout readout = Readout::proportion;
    std::size_t limit = 0;            ///< train on the first so many images; 0: all
    std::size_t label_images = 0;     ///< training images that give neurons their classes; 0: all
    std::size_t test_images = 0;      ///< 0: all
    std::vector<float> device_sigma;  ///< relative spread of weights to test with, each by itself
    std::string compare;              ///< an earlier stage of this kind, the unpruned network
    bool pictures = true;             ///< fields.png: what neurons have learned
};

/// @throws Error(bad_input) for a value that is out of range.
[[nodiscard]] StdpStage read_stdp_stage(TableReader& reader);

}  // namespace ranvier
