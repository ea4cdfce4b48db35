#pragma once

#include "ranvier/base/process_group.hpp"
#include "ranvier/base/shape.hpp"
#include "ranvier/base/tensor.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace ranvier {

/// For graph networks: which places of one output, [n_classes][n_nodes], are to be classified.
struct NodeLabels {
    std::vector<std::int64_t> node;
    std::vector<int> label;  ///< [node.size()]
};

/// The class of each labelled node. @param outputs [n_classes][n_nodes]; the lowest index wins a
/// tie.
[[nodiscard]] std::vector<std::size_t> node_decisions(std::span<const float> outputs,
                                                      const NodeLabels& labels,
                                                      std::size_t n_nodes);

/// One sample as it happened: what arrived in which timestep.
struct TimedSample {
    struct Value {
        std::uint32_t step = 0;   ///< below `steps`
        std::uint32_t place = 0;  ///< index in [channels][height][width]
        float value = 0;          ///< one event's: 1 or -1
    };
    std::size_t steps = 0;      ///< at least 1
    std::vector<Value> values;  ///< in order of their steps; several may be of one step and place
};

/// Labelled images, read one at a time so that memory does not grow with their number.
/// All members may be called from several threads at once.
class Samples {
public:
    virtual ~Samples() = default;
    [[nodiscard]] virtual std::size_t size() const = 0;
    [[nodiscard]] virtual Shape shape() const = 0;
    [[nodiscard]] virtual int n_classes() const = 0;
    [[nodiscard]] virtual int label(std::size_t index) const = 0;
    /// Writes sample `index` as [channels][height][width]: of images values in [0, 1], of event
    /// recordings sums of events.
    virtual void read(std::size_t index, std::span<float> pixels) const = 0;
    /// Whether the samples are event recordings, which read_timed() gives event by event.
    [[nodiscard]] virtual bool timed() const { return false; }
    /// The same events that read() sums, over timesteps. @throws Error(internal) unless timed().
    [[nodiscard]] virtual TimedSample read_timed(std::size_t index) const;
    /// Null for images. For a graph the one sample holds all nodes, and these carry the labels;
    /// label() has no meaning.
    [[nodiscard]] virtual const NodeLabels* node_labels() const { return nullptr; }
    /// Makes what was noticed while reading (see describe) the same on all processes that read a
    /// part of the samples each. All must call it.
    virtual void share_findings(ProcessGroup& /*processes*/) const {}
    /// One line that says which data these are, for results: set, split, number.
    [[nodiscard]] virtual std::string describe() const = 0;
};

/// Images [begin, begin + count) as one tensor [count][channels][height][width].
[[nodiscard]] Tensor read_batch(const Samples& samples, std::size_t begin, std::size_t count);

}  // namespace ranvier
