#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace ranvier {

/// How neurons vote for a class.
enum class Readout {
    /// The class whose neurons spike most on average; a neuron belongs to the class that it
    /// answered most on average (Diehl & Cook).
    mean_rate,
    /// Each neuron's spikes count for all classes, in proportion to how it answered each.
    proportion,
};

/// Answers of all neurons to labelled images, summed.
class ClassResponses {
public:
    ClassResponses() = default;
    ClassResponses(std::size_t n_neurons, std::size_t n_classes)
        : n_neurons_(n_neurons), sums_(n_neurons * n_classes), n_images_(n_classes) {}

    void add(std::size_t label, std::span<const std::uint32_t> spikes);
    void add(const ClassResponses& other);
    [[nodiscard]] std::size_t n_neurons() const { return n_neurons_; }
    [[nodiscard]] std::size_t n_classes() const { return n_images_.size(); }
    /// Mean spikes of a neuron per image of a class; 0 for a class without images.
    [[nodiscard]] double mean(std::size_t neuron, std::size_t label) const;

private:
    std::size_t n_neurons_ = 0;
    std::vector<std::uint64_t> sums_;      ///< [n_classes][n_neurons]
    std::vector<std::uint64_t> n_images_;  ///< [n_classes]
};

/// Turns the spikes of all neurons into a class.
class Voting {
public:
    Voting(const ClassResponses& responses, Readout readout);

    /// The lowest class wins a tie. @param spikes [n_neurons].
    [[nodiscard]] std::size_t decide(std::span<const std::uint32_t> spikes) const;
    /// [n_neurons] the class that a neuron answered most; -1: it never spiked.
    [[nodiscard]] const std::vector<int>& labels() const { return labels_; }

private:
    std::size_t n_classes_;
    std::vector<int> labels_;
    std::vector<double> worth_;  ///< [n_neurons][n_classes] of one spike
};

}  // namespace ranvier
