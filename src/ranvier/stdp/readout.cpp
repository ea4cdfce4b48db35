#include "ranvier/stdp/readout.hpp"

#include <algorithm>
#include <numeric>

namespace ranvier {

void ClassResponses::add(std::size_t label, std::span<const std::uint32_t> spikes) {
    ++n_images_[label];
    for (std::size_t j = 0; j < n_neurons_; ++j) sums_[label * n_neurons_ + j] += spikes[j];
}

void ClassResponses::add(const ClassResponses& other) {
    for (std::size_t k = 0; k < sums_.size(); ++k) sums_[k] += other.sums_[k];
    for (std::size_t c = 0; c < n_images_.size(); ++c) n_images_[c] += other.n_images_[c];
}

double ClassResponses::mean(std::size_t neuron, std::size_t label) const {
    if (n_images_[label] == 0) return 0;
    return static_cast<double>(sums_[label * n_neurons_ + neuron]) /
           static_cast<double>(n_images_[label]);
}

Voting::Voting(const ClassResponses& responses, Readout readout)
    : n_classes_(responses.n_classes()),
      labels_(responses.n_neurons(), -1),
      worth_(responses.n_neurons() * n_classes_) {
    std::vector<double> members(n_classes_);
    for (std::size_t j = 0; j < labels_.size(); ++j) {
        double* worth = worth_.data() + j * n_classes_;
        for (std::size_t c = 0; c < n_classes_; ++c) worth[c] = responses.mean(j, c);
        const double sum = std::accumulate(worth, worth + n_classes_, 0.0);
        if (!(sum > 0)) continue;
        const auto best =
            static_cast<std::size_t>(std::max_element(worth, worth + n_classes_) - worth);
        labels_[j] = static_cast<int>(best);
        ++members[best];
        for (std::size_t c = 0; c < n_classes_; ++c)
            worth[c] = readout == Readout::proportion ? worth[c] / sum : c == best ? 1.0 : 0.0;
    }
    if (readout == Readout::proportion) return;
    for (std::size_t j = 0; j < labels_.size(); ++j)
        for (std::size_t c = 0; c < n_classes_; ++c)
            if (worth_[j * n_classes_ + c] > 0) worth_[j * n_classes_ + c] /= members[c];
}

std::size_t Voting::decide(std::span<const std::uint32_t> spikes) const {
    std::vector<double> votes(n_classes_);
    for (std::size_t j = 0; j < labels_.size(); ++j) {
        if (spikes[j] == 0) continue;
        for (std::size_t c = 0; c < n_classes_; ++c)
            votes[c] += spikes[j] * worth_[j * n_classes_ + c];
    }
    return static_cast<std::size_t>(std::max_element(votes.begin(), votes.end()) - votes.begin());
}

}  // namespace ranvier
